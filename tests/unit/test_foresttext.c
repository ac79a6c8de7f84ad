/* LightGBM's text format: what is written is read, the second writing has the bytes of the first,
 * and text that is wrong is refused with its line. */
#include "shared/base/memory.h"
#include "shared/score/foresttext.h"
#include "tests/support/random_forest.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct souk_error err;

static const char SMALL[] = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\n"
                            "label_index=0\nmax_feature_idx=1\nobjective=lambdarank\n"
                            "feature_names=price category\nmonotone_constraints=1 0\n"
                            "feature_infos=[0:9.5] -1:3:37\ntree_sizes=363 227\n\n"
                            "Tree=0\nnum_leaves=3\nnum_cat=1\nsplit_feature=0 1\n"
                            "split_gain=2.5 1\nthreshold=0.10000000000000001 0\n"
                            "decision_type=10 9\nleft_child=1 -1\nright_child=-3 -2\n"
                            "leaf_value=0.5 -0.25 0.75\nleaf_weight=1 2 3.5\nleaf_count=4 5 6\n"
                            "internal_value=0 0.1\ninternal_weight=6.5 3\ninternal_count=15 9\n"
                            "cat_boundaries=0 2\ncat_threshold=8 32\nis_linear=0\nshrinkage=0.1\n"
                            "a_line_of_tomorrow=7\n\n\n"
                            "Tree=1\nnum_leaves=1\nnum_cat=0\nsplit_feature=\nsplit_gain=\n"
                            "threshold=\ndecision_type=\nleft_child=\nright_child=\n"
                            "leaf_value=0.125\nleaf_weight=0\nleaf_count=0\ninternal_value=\n"
                            "internal_weight=\ninternal_count=\nis_linear=0\nshrinkage=1\n\n\n"
                            "end of trees\n\nfeature_importances:\nprice=1\ncategory=1\n\n"
                            "parameters:\n[boosting: gbdt]\n\nend of parameters\n\n"
                            "pandas_categorical:[[\"a\", \"b\"]]\n";

static char *format(const struct souk_forest *f, size_t *len)
{
    char *text = NULL;
    cr_assert_eq(souk_forest_format(f, &text, len, &err), SOUK_OK, "%s", err.msg);
    return text;
}

static void parse(struct souk_forest *f, const char *text, size_t len)
{
    cr_assert_eq(souk_forest_parse(f, text, len, "m.txt", &err), SOUK_OK, "%s", err.msg);
}

Test(foresttext, every_line_is_read_and_kept)
{
    struct souk_forest f;
    const double cheap_37[] = {.1, 37}, cheap_4[] = {NAN, 4}, dear[] = {.11, 37};
    size_t len;
    parse(&f, SMALL, strlen(SMALL));
    cr_assert_eq(f.features, 2);
    cr_assert_str_eq(f.feature_name[1], "category");
    cr_assert_str_eq(f.feature_info[1], "-1:3:37");
    cr_assert_str_eq(f.objective, "lambdarank");
    cr_assert_str_eq(f.header_extra, "monotone_constraints=1 0\n");
    cr_assert_str_eq(f.tree[0].extra, "a_line_of_tomorrow=7\n");
    cr_assert_str_eq(f.importances, "price=1\ncategory=1\n");
    cr_assert_str_eq(f.parameters, "[boosting: gbdt]\n\n");
    cr_assert_str_eq(f.trailer, "\npandas_categorical:[[\"a\", \"b\"]]\n");
    cr_assert_eq(f.tree[0].shrinkage, .1);
    cr_assert_eq(f.tree[0].leaf_count[2], 6);
    cr_assert_eq(souk_forest_predict(&f, cheap_37), .5 + .125);
    cr_assert_eq(souk_forest_predict(&f, cheap_4), -.25 + .125);
    cr_assert_eq(souk_forest_predict(&f, dear), .75 + .125);
    char *text = format(&f, &len);
    cr_assert_str_eq(text, SMALL);
    free(text);
    souk_forest_fini(&f);
}

static void expect_same_after_reading(const struct souk_random_forest *r)
{
    struct souk_forest f, read;
    size_t first_len, second_len;
    cr_assert_eq(souk_random_forest_make(r, &f, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_forest_set_objective(&f, "binary sigmoid:1", &err), SOUK_OK);
    cr_assert_eq(souk_forest_set_name(&f, 0,
                                      "gr\xc3\xb6\xc3\x9f"
                                      "e=1",
                                      &err),
                 SOUK_OK);
    char *first = format(&f, &first_len);
    parse(&read, first, first_len);
    char *second = format(&read, &second_len);
    cr_assert(first_len == second_len && memcmp(first, second, first_len) == 0);
    double *row = souk_alloc_array((size_t)r->features, sizeof *row);
    cr_assert_not_null(row);
    for (uint64_t n = 0; n < 200; n++) {
        souk_random_forest_row(r, n, row);
        cr_assert_eq(souk_forest_predict(&f, row), souk_forest_predict(&read, row));
    }
    free(row);
    free(first);
    free(second);
    souk_forest_fini(&f);
    souk_forest_fini(&read);
}

Test(foresttext, what_is_written_is_read)
{
    const struct souk_random_forest forests[] = {
        {.seed = 1,
         .features = 7,
         .trees = 20,
         .leaves = 31,
         .thresholds = 9,
         .categorical = .4,
         .missing = .2},
        {.seed = 2, .features = 1, .trees = 3, .leaves = 1, .thresholds = 1},
        {.seed = 3, .features = 3, .trees = 0, .leaves = 1, .thresholds = 1},
        {.seed = 4, .features = 300, .trees = 2, .leaves = 1000, .thresholds = 500, .missing = .5},
    };
    for (size_t i = 0; i < sizeof forests / sizeof forests[0]; i++)
        expect_same_after_reading(&forests[i]);
}

Test(foresttext, windows_lines_and_version_3_are_read)
{
    struct souk_forest f;
    char *text = NULL;
    size_t len, written;
    FILE *to = open_memstream(&text, &len);
    for (const char *at = SMALL; *at; at++)
        fprintf(to, *at == '\n' ? "\r\n" : "%c", *at);
    fclose(to);
    *strstr(text, "v4") = 'v';
    strstr(text, "v4")[1] = '3';
    parse(&f, text, len);
    char *unix_text = format(&f, &written);
    cr_assert_str_eq(unix_text, SMALL);
    free(text);
    free(unix_text);
    souk_forest_fini(&f);
}

Test(foresttext, a_file_is_written_and_read)
{
    char path[] = "/tmp/souk_test_foresttext.XXXXXX";
    struct souk_forest f;
    size_t len;
    const int fd = mkstemp(path);
    cr_assert(fd >= 0 && close(fd) == 0);
    parse(&f, SMALL, strlen(SMALL));
    cr_assert_eq(souk_forest_write(&f, path, &err), SOUK_OK, "%s", err.msg);
    souk_forest_fini(&f);
    cr_assert_eq(souk_forest_read(&f, path, &err), SOUK_OK, "%s", err.msg);
    char *text = format(&f, &len);
    cr_assert_str_eq(text, SMALL);
    free(text);
    souk_forest_fini(&f);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(souk_forest_read(&f, path, &err), SOUK_ENOTFOUND);
}

/* SMALL with its first `from` replaced by `to`. */
static char *changed(const char *from, const char *to)
{
    const char *at = strstr(SMALL, from);
    char *text = NULL;
    cr_assert_not_null(at, "%s", from);
    cr_assert(asprintf(&text, "%.*s%s%s", (int)(at - SMALL), SMALL, to, at + strlen(from)) > 0);
    return text;
}

Test(foresttext, wrong_text_is_refused_with_its_line)
{
    static const struct {
        const char *from, *to;
        souk_status status;
        const char *says;
    } cases[] = {
        {"tree\n", "forest\n", SOUK_EFORMAT, "m.txt:1: this is not a LightGBM model"},
        {"v4", "v9", SOUK_EVERSION, "m.txt:2: only versions v3 and v4"},
        {"num_class=1", "num_class=3", SOUK_EVERSION, "m.txt:3: models of several classes"},
        {"num_class=1", "num_class=x", SOUK_EFORMAT, "m.txt:3: num_class 'x' is not an integer"},
        {"num_class=1\n", "", SOUK_EFORMAT, "without num_class"},
        {"label_index", "version=v4\nlabel_index", SOUK_EFORMAT,
         "m.txt:5: version was given in line 2"},
        {"idx=1", "idx=2", SOUK_EFORMAT, "m.txt:8: feature_names has 2 words for 3 features"},
        {"idx=1", "idx=0", SOUK_EFORMAT, "2 words for 1 features"},
        {"idx=1", "idx=99999", SOUK_EFORMAT, "m.txt:6: max_feature_idx is beyond"},
        {"label_index=0", "average_output", SOUK_EVERSION, "m.txt:5: averaged"},
        {"Tree=0", "Tree=1", SOUK_EFORMAT, "m.txt:13: Tree=0 should stand here"},
        {"363 227", "363", SOUK_EFORMAT, "tree_sizes names 1 trees, but 2"},
        {"num_leaves=3", "num_leaves=4", SOUK_EFORMAT, "m.txt:16: split_feature has 2 numbers, 3"},
        {"num_leaves=3", "num_leaves=0", SOUK_EFORMAT, "m.txt:14: num_leaves '0'"},
        {"num_leaves=3", "num_leaves=2000000000", SOUK_EFORMAT, "m.txt:14: num_leaves"},
        {"num_cat=1", "num_cat=-1", SOUK_EFORMAT, "m.txt:15: num_cat '-1'"},
        {"num_cat=1", "num_cat=3", SOUK_EFORMAT, "m.txt:15: num_cat '3'"},
        {"=0 1\n", "=0 2\n", SOUK_EFORMAT, "m.txt:13: tree 0: node 1 splits feature 2 of 2"},
        {"=0 1\n", "=0 1 1\n", SOUK_EFORMAT, "m.txt:16: split_feature has 3 numbers, 2"},
        {"threshold=0.10000000000000001", "threshold=nan", SOUK_EFORMAT,
         "m.txt:18: threshold: 'nan'"},
        {"threshold=0.10000000000000001", "threshold=1e999", SOUK_EFORMAT,
         "'1e999' is not a number"},
        {"threshold=0.10000000000000001", "threshold=0x1p3", SOUK_EFORMAT,
         "'0x1p3' is not a number"},
        {"0.10000000000000001 0", "0.1 1", SOUK_EFORMAT, "node 1 names bitset 1 of 1"},
        {"decision_type=10", "decision_type=300", SOUK_EFORMAT, "m.txt:19: decision_type: '300'"},
        {"decision_type=10", "decision_type=14", SOUK_EFORMAT, "decision_type 14"},
        {"left_child=1", "left_child=0", SOUK_EFORMAT, "do not make one tree"},
        {"right_child=-3", "right_child=-9", SOUK_EFORMAT, "do not make one tree"},
        {"leaf_count=4", "leaf_count=-4", SOUK_EFORMAT, "leaf 0 has a negative count"},
        {"leaf_count=4", "leaf_count=99999999999999999999", SOUK_EFORMAT, "leaf_count: '99"},
        {"cat_boundaries=0 2", "cat_boundaries=0 3", SOUK_EFORMAT,
         "end at 3, but cat_threshold has 2"},
        {"cat_boundaries=0 2", "cat_boundaries=1 2", SOUK_EFORMAT, "starts at 1"},
        {"cat_threshold=8 32\n", "", SOUK_EFORMAT, "cat_boundaries end at 2"},
        {"is_linear=0", "is_linear=1", SOUK_EVERSION, "linear trees"},
        {"shrinkage=0.1", "shrinkage=", SOUK_EFORMAT, "shrinkage is not a number"},
        {"leaf_value=0.5 -0.25 0.75\n", "", SOUK_EFORMAT, "the tree ends without leaf_value"},
        {"end of trees", "end of tree", SOUK_EFORMAT, "without 'end of trees'"},
        {"end of parameters", "", SOUK_EFORMAT, "without 'end of parameters'"},
        {"price category", "price a\tb", SOUK_EINVAL, "m.txt:8: a feature's name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct souk_forest f;
        char *text = changed(cases[i].from, cases[i].to);
        const souk_status status = souk_forest_parse(&f, text, strlen(text), "m.txt", &err);
        cr_assert_eq(status, cases[i].status, "case %zu ('%s'): %s", i, cases[i].to,
                     souk_status_text(status));
        cr_assert(strstr(err.msg, cases[i].says), "'%s' does not say '%s'", err.msg, cases[i].says);
        cr_assert_eq(f.trees, 0);
        free(text);
    }
}

Test(foresttext, text_that_is_cut_never_reads_past_its_end)
{
    for (size_t len = 0; len < strlen(SMALL); len++) {
        struct souk_forest f;
        char *exact = malloc(len ? len : 1);
        cr_assert_not_null(exact);
        memcpy(exact, SMALL, len);
        if (souk_forest_parse(&f, exact, len, "m.txt", &err) == SOUK_OK)
            cr_assert_eq(f.trees, 2, "cut at %zu", len);
        souk_forest_fini(&f);
        free(exact);
    }
}

Test(foresttext, optional_lines_may_be_missing)
{
    static const char *const lines[] = {"split_gain=2.5 1\n",     "leaf_weight=1 2 3.5\n",
                                        "leaf_count=4 5 6\n",     "internal_value=0 0.1\n",
                                        "is_linear=0\n",          "shrinkage=0.1\n",
                                        "objective=lambdarank\n", "tree_sizes=363 227\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct souk_forest f;
        char *text = changed(lines[i], "");
        parse(&f, text, strlen(text));
        souk_forest_fini(&f);
        free(text);
    }
}
