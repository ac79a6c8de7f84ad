/* Trees and forests: the rule of every kind of split, what is refused, LightGBM's own answers. */
#include "shared/base/memory.h"
#include "shared/score/foresttext.h"
#include "tests/support/random_forest.h"
#include "tests/support/reference_file.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct souk_error err;

/* x[0] <= threshold ? 1 : x[1] <= 0 ? 2 : 3 */
static struct souk_tree small_tree(double threshold, uint8_t decision_type)
{
    struct souk_tree t;
    cr_assert_eq(souk_tree_init(&t, 3, 0, 0, &err), SOUK_OK);
    t.threshold[0] = threshold;
    t.decision_type[0] = t.decision_type[1] = decision_type;
    t.split_feature[1] = 1;
    t.left_child[0] = ~0;
    t.right_child[0] = 1;
    t.left_child[1] = ~1;
    t.right_child[1] = ~2;
    for (int l = 0; l < 3; l++)
        t.leaf_value[l] = l + 1;
    return t;
}

Test(forest, missing_values_go_where_their_kind_says)
{
    static const struct {
        uint8_t type;
        double threshold, x;
        bool left;
    } cases[] = {
        {SOUK_SPLIT_MISSING_NONE, 0, 0, true},
        {SOUK_SPLIT_MISSING_NONE, -1, NAN, false}, /* NaN reads as 0 */
        {SOUK_SPLIT_MISSING_NONE, 0, NAN, true},
        {SOUK_SPLIT_MISSING_NONE | SOUK_SPLIT_DEFAULT_LEFT, -1, NAN, false},
        {SOUK_SPLIT_MISSING_ZERO, 5, 0, false},
        {SOUK_SPLIT_MISSING_ZERO, 5, -0., false},
        {SOUK_SPLIT_MISSING_ZERO, 5, 1e-36, false},
        {SOUK_SPLIT_MISSING_ZERO, 5, 1e-34, true},
        {SOUK_SPLIT_MISSING_ZERO, 5, NAN, false},
        {SOUK_SPLIT_MISSING_ZERO | SOUK_SPLIT_DEFAULT_LEFT, -5, NAN, true},
        {SOUK_SPLIT_MISSING_NAN, 5, NAN, false},
        {SOUK_SPLIT_MISSING_NAN | SOUK_SPLIT_DEFAULT_LEFT, -5, NAN, true},
        {SOUK_SPLIT_MISSING_NAN | SOUK_SPLIT_DEFAULT_LEFT, -5, 0, false},
        {SOUK_SPLIT_MISSING_NAN, 5, INFINITY, false},
        {SOUK_SPLIT_MISSING_NAN, 5, -INFINITY, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct souk_tree t = small_tree(cases[i].threshold, cases[i].type);
        cr_assert_eq(souk_tree_goes_left(&t, 0, cases[i].x), cases[i].left, "case %zu", i);
        souk_tree_fini(&t);
    }
}

Test(forest, categories_outside_the_bitset_go_right)
{
    static const double right[] = {1, 4, 63, 64, 1e9, 1e300, -1, -5, NAN, INFINITY, -INFINITY};
    static const double left[] = {3, 3.9, 37, 0, -.5};
    struct souk_tree t;
    cr_assert_eq(souk_tree_init(&t, 2, 1, 2, &err), SOUK_OK);
    t.decision_type[0] = SOUK_SPLIT_CATEGORICAL;
    t.cat_threshold[0] = 1u << 3 | 1u;
    t.cat_threshold[1] = 1u << 5;
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        cr_assert(souk_tree_goes_left(&t, 0, left[i]), "%g", left[i]);
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        cr_assert_not(souk_tree_goes_left(&t, 0, right[i]), "%g", right[i]);
    souk_tree_fini(&t);
}

Test(forest, scores_add_up_tree_by_tree)
{
    struct souk_forest f;
    struct souk_tree first = small_tree(0, 0), second = small_tree(2, 0), constant;
    const double row[] = {1, 1};
    cr_assert_eq(souk_forest_init(&f, 2, &err), SOUK_OK);
    cr_assert_eq(souk_tree_init(&constant, 1, 0, 0, &err), SOUK_OK);
    constant.leaf_value[0] = .25;
    cr_assert_eq(souk_forest_predict(&f, row), 0);
    cr_assert_eq(souk_forest_append(&f, &first, &err), SOUK_OK);
    cr_assert_eq(souk_forest_append(&f, &second, &err), SOUK_OK);
    cr_assert_eq(souk_forest_append(&f, &constant, &err), SOUK_OK);
    cr_assert_eq(souk_forest_predict(&f, row), 3 + 1 + .25);
    cr_assert_eq(souk_tree_depth(&f.tree[0]), 2);
    cr_assert_eq(souk_tree_depth(&f.tree[2]), 0);
    souk_forest_truncate(&f, 1);
    cr_assert_eq(souk_forest_predict(&f, row), 3);
    souk_forest_fini(&f);
}

Test(forest, forests_join_into_their_sum)
{
    const struct souk_random_forest shape = {
        .seed = 5, .features = 6, .trees = 7, .leaves = 9, .thresholds = 20, .missing = .2};
    struct souk_random_forest other_shape = shape;
    struct souk_forest one, other, sum = {0}, narrow;
    double row[6], first[50], second[50];
    other_shape.seed = 6;
    cr_assert_eq(souk_random_forest_make(&shape, &one, &err), SOUK_OK);
    cr_assert_eq(souk_random_forest_make(&other_shape, &other, &err), SOUK_OK);
    for (uint64_t n = 0; n < 50; n++) {
        souk_random_forest_row(&shape, n, row);
        first[n] = souk_forest_predict(&one, row);
        second[n] = souk_forest_predict(&other, row);
    }
    souk_forest_scale(&other, .5);
    cr_assert_eq(souk_forest_join(&sum, &one, &err), SOUK_OK);
    cr_assert_eq(souk_forest_join(&sum, &other, &err), SOUK_OK);
    cr_expect_eq(sum.trees, 14);
    cr_expect_null(other.tree);
    for (uint64_t n = 0; n < 50; n++) {
        souk_random_forest_row(&shape, n, row);
        cr_expect_float_eq(souk_forest_predict(&sum, row), first[n] + .5 * second[n], 1e-12);
    }
    other_shape.features = 5;
    cr_assert_eq(souk_random_forest_make(&other_shape, &narrow, &err), SOUK_OK);
    cr_expect_eq(souk_forest_join(&sum, &narrow, &err), SOUK_EINVAL);
    cr_expect_eq(sum.trees, 14);
    souk_forest_fini(&sum);
}

Test(forest, importance_counts_splits_and_gains)
{
    struct souk_forest f;
    struct souk_tree t = small_tree(0, 0);
    double out[3];
    t.split_gain[0] = 2.5;
    t.split_gain[1] = 0; /* gained nothing: not counted */
    cr_assert_eq(souk_forest_init(&f, 3, &err), SOUK_OK);
    cr_assert_eq(souk_forest_append(&f, &t, &err), SOUK_OK);
    souk_forest_importance(&f, SOUK_IMPORTANCE_SPLITS, out);
    cr_assert(out[0] == 1 && out[1] == 0 && out[2] == 0);
    souk_forest_importance(&f, SOUK_IMPORTANCE_GAIN, out);
    cr_assert(out[0] == 2.5 && out[1] == 0 && out[2] == 0);
    souk_forest_fini(&f);
}

static void expect_refused(struct souk_tree *t, const char *reason)
{
    struct souk_forest f;
    cr_assert_eq(souk_forest_init(&f, 2, &err), SOUK_OK);
    cr_assert_eq(souk_forest_append(&f, t, &err), SOUK_EFORMAT, "%s", reason);
    cr_assert(strstr(err.msg, reason), "'%s' does not say '%s'", err.msg, reason);
    cr_assert_eq(f.trees, 0);
    souk_tree_fini(t);
    souk_forest_fini(&f);
}

Test(forest, trees_that_cannot_be_walked_are_refused)
{
    static const int32_t wrong[] = {0, 1, -3, -4, 2, 77, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct souk_tree t = small_tree(0, 0);
        t.left_child[1] = wrong[i];
        expect_refused(&t, "do not make one tree");
    }
}

Test(forest, wrong_numbers_are_refused)
{
    struct souk_tree t = small_tree(NAN, 0);
    expect_refused(&t, "not finite");
    t = small_tree(0, 12);
    expect_refused(&t, "decision_type 12");
    t = small_tree(0, SOUK_SPLIT_CATEGORICAL);
    expect_refused(&t, "bitset 0 of 0");
    t = small_tree(0, 0);
    t.split_feature[1] = 2;
    expect_refused(&t, "feature 2 of 2");
    t = small_tree(0, 0);
    t.leaf_value[2] = INFINITY;
    expect_refused(&t, "leaf 2");
    t = small_tree(0, 0);
    t.leaf_count[0] = -1;
    expect_refused(&t, "negative count");
}

Test(forest, a_chain_that_is_too_deep_is_refused)
{
    for (int over = 0; over < 2; over++) {
        const int leaves = SOUK_TREE_DEPTH_MAX + 1 + over;
        struct souk_tree t;
        cr_assert_eq(souk_tree_init(&t, leaves, 0, 0, &err), SOUK_OK);
        for (int n = 0; n < leaves - 1; n++) {
            t.left_child[n] = ~n;
            t.right_child[n] = n + 1 < leaves - 1 ? n + 1 : ~(leaves - 1);
        }
        cr_assert_eq(souk_tree_check(&t, 1, &err), over ? SOUK_EFORMAT : SOUK_OK);
        if (!over)
            cr_assert_eq(souk_tree_depth(&t), SOUK_TREE_DEPTH_MAX);
        souk_tree_fini(&t);
    }
}

/* One line of a reference file into a row. */
static char *csv_row(char *at, double *row, int features)
{
    strtod(at, &at); /* the label */
    for (int i = 0; i < features; i++) {
        at++;
        row[i] = *at == ',' || *at == '\n' ? NAN : strtod(at, &at);
    }
    return strchr(at, '\n') + 1;
}

static char *libsvm_row(char *at, double *row, int features)
{
    memset(row, 0, (size_t)features * sizeof *row);
    strtod(at, &at);
    while (*at == ' ') {
        const long column = strtol(at, &at, 10);
        cr_assert(*at == ':' && column < features);
        row[column] = strtod(at + 1, &at);
    }
    return strchr(at, '\n') + 1;
}

static void expect_golden(const char *model, const char *raw, const char *rows, int header_lines,
                          char *(*next_row)(char *, double *, int))
{
    size_t model_len, raw_len, rows_len;
    char *model_text = souk_reference_text(model, &model_len);
    char *raw_text = souk_reference_text(raw, &raw_len);
    char *rows_text = souk_reference_text(rows, &rows_len);
    struct souk_forest f;
    if (!model_text || !raw_text || !rows_text)
        cr_skip_test("skipped: SOUK_REFERENCE_DATA has no %s", model);
    cr_assert_eq(souk_forest_parse(&f, model_text, model_len, model, &err), SOUK_OK, "%s", err.msg);
    double *row = souk_alloc_array((size_t)f.features, sizeof *row), worst = 0;
    cr_assert_not_null(row);
    char *at = rows_text, *expected = raw_text, *text = NULL;
    int count = 0;
    while (header_lines-- > 0)
        at = strchr(at, '\n') + 1;
    for (; at < rows_text + rows_len; count++) {
        at = next_row(at, row, f.features);
        worst = fmax(worst, fabs(souk_forest_predict(&f, row) - strtod(expected, &expected)));
    }
    cr_assert(count > 100 && worst <= 1e-12, "%d rows, off by %g", count, worst);
    size_t len;
    cr_assert_eq(souk_forest_format(&f, &text, &len, &err), SOUK_OK);
    cr_assert(len == model_len && memcmp(text, model_text, len) == 0, "other bytes are written");
    souk_forest_fini(&f);
    free(text);
    free(row);
    free(model_text);
    free(raw_text);
    free(rows_text);
}

Test(forest, lightgbm_models_are_reproduced_numeric)
{
    expect_golden("lightgbm_golden/rank.model.txt.zst", "lightgbm_golden/rank.raw.txt.zst",
                  "lightgbm_lambdarank/rank.test.zst", 0, libsvm_row);
}

Test(forest, lightgbm_models_are_reproduced_categorical_and_missing)
{
    expect_golden("lightgbm_golden/mixed.model.txt.zst", "lightgbm_golden/mixed.raw.txt.zst",
                  "lightgbm_golden/mixed.test.csv.zst", 1, csv_row);
}
