/* Explanations against the definition: Shapley values by enumeration of all sets of features. */
#include "shared/score/treeshap.h"
#include "shared/base/memory.h"
#include "tests/support/random_forest.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { FEATURES_MAX = 8 };

static struct souk_error err;

static double rows_below(const struct souk_tree *t, int32_t at)
{
    if (at < 0)
        return (double)t->leaf_count[~at];
    return rows_below(t, t->left_child[at]) + rows_below(t, t->right_child[at]);
}

/* Algorithm 1 of the paper: the expected value with the features of `known` known. */
static double expected(const struct souk_tree *t, int32_t at, const double *row, unsigned known)
{
    if (at < 0)
        return t->leaf_value[~at];
    const int32_t left = t->left_child[at], right = t->right_child[at];
    const int feature = t->split_feature[at];
    if (known >> feature & 1)
        return expected(t, souk_tree_goes_left(t, at, row[feature]) ? left : right, row, known);
    const double below = rows_below(t, at);
    const double share = below > 0 ? rows_below(t, left) / below : .5;
    return share * expected(t, left, row, known) + (1 - share) * expected(t, right, row, known);
}

static double worth(const struct souk_forest *f, const double *row, unsigned known)
{
    double sum = 0;
    for (int i = 0; i < f->trees; i++)
        sum += expected(&f->tree[i], f->tree[i].leaves > 1 ? 0 : ~0, row, known);
    return sum;
}

/* phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (worth(S and i) - worth(S)) */
static double shapley(const double *worth_of, int features, int feature)
{
    double sum = 0;
    for (unsigned set = 0; set < 1u << features; set++) {
        if (set >> feature & 1)
            continue;
        const int size = __builtin_popcount(set);
        const double weight =
            exp(lgamma(size + 1) + lgamma(features - size) - lgamma(features + 1));
        sum += weight * (worth_of[set | 1u << feature] - worth_of[set]);
    }
    return sum;
}

static void expect_brute_force(const struct souk_forest *f, const struct souk_random_forest *r,
                               int rows)
{
    struct souk_treeshap s;
    double row[FEATURES_MAX], phi[FEATURES_MAX + 1], worth_of[1 << FEATURES_MAX];
    cr_assert_eq(souk_treeshap_init(&s, f, &err), SOUK_OK, "%s", err.msg);
    struct souk_shap_step *scratch = souk_alloc_array(s.scratch_steps, sizeof *scratch);
    cr_assert_not_null(scratch);
    for (int n = 0; n < rows; n++) {
        souk_random_forest_row(r, (uint64_t)n, row);
        souk_treeshap_explain(&s, row, scratch, phi);
        for (unsigned set = 0; set < 1u << f->features; set++)
            worth_of[set] = worth(f, row, set);
        double sum = phi[f->features];
        cr_assert_float_eq(sum, worth_of[0], 1e-11);
        for (int i = 0; i < f->features; i++) {
            const double exact = shapley(worth_of, f->features, i);
            cr_assert_float_eq(phi[i], exact, 1e-10, "row %d, feature %d: %.17g, not %.17g", n, i,
                               phi[i], exact);
            sum += phi[i];
        }
        cr_assert_float_eq(sum, souk_forest_predict(f, row), 1e-10);
    }
    free(scratch);
    souk_treeshap_fini(&s);
}

Test(treeshap, equals_brute_force)
{
    /* Few features and many leaves: the same feature splits again and again on a path. */
    static const struct souk_random_forest forests[] = {
        {.seed = 1, .features = 8, .trees = 4, .leaves = 31, .thresholds = 9, .missing = .2},
        {.seed = 2,
         .features = 8,
         .trees = 4,
         .leaves = 20,
         .thresholds = 5,
         .categorical = .5,
         .missing = .3},
        {.seed = 3,
         .features = 2,
         .trees = 5,
         .leaves = 40,
         .thresholds = 12,
         .categorical = .5,
         .missing = .1},
        {.seed = 4, .features = 1, .trees = 2, .leaves = 12, .thresholds = 9},
        {.seed = 5, .features = 5, .trees = 3, .leaves = 2, .thresholds = 9, .missing = .5},
        {.seed = 6, .features = 3, .trees = 2, .leaves = 1, .thresholds = 1},
        {.seed = 7, .features = 6, .trees = 0, .leaves = 1, .thresholds = 1},
    };
    for (size_t i = 0; i < sizeof forests / sizeof forests[0]; i++) {
        struct souk_forest f;
        cr_assert_eq(souk_random_forest_make(&forests[i], &f, &err), SOUK_OK, "%s", err.msg);
        expect_brute_force(&f, &forests[i], 12);
        souk_forest_fini(&f);
    }
}

Test(treeshap, leaves_without_rows_are_no_trouble)
{
    const struct souk_random_forest r = {
        .seed = 9, .features = 5, .trees = 6, .leaves = 24, .thresholds = 7, .missing = .2};
    struct souk_forest f;
    cr_assert_eq(souk_random_forest_make(&r, &f, &err), SOUK_OK, "%s", err.msg);
    for (int t = 0; t < f.trees; t++)
        for (int l = 0; l < f.tree[t].leaves; l++)
            if ((l + t) % 3 != 0)
                f.tree[t].leaf_count[l] = 0;
    expect_brute_force(&f, &r, 20);
    souk_forest_fini(&f);
}

Test(treeshap, sums_to_the_score_in_a_large_forest)
{
    const struct souk_random_forest r = {.seed = 10,
                                         .features = 60,
                                         .trees = 50,
                                         .leaves = 127,
                                         .thresholds = 50,
                                         .categorical = .1,
                                         .missing = .1};
    struct souk_forest f;
    struct souk_treeshap s;
    double row[60], phi[61];
    cr_assert_eq(souk_random_forest_make(&r, &f, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_treeshap_init(&s, &f, &err), SOUK_OK, "%s", err.msg);
    struct souk_shap_step *scratch = souk_alloc_array(s.scratch_steps, sizeof *scratch);
    cr_assert_not_null(scratch);
    for (uint64_t n = 0; n < 20; n++) {
        double sum = 0;
        souk_random_forest_row(&r, n, row);
        souk_treeshap_explain(&s, row, scratch, phi);
        for (int i = 0; i <= 60; i++)
            sum += phi[i];
        cr_assert_float_eq(sum, souk_forest_predict(&f, row), 1e-9);
    }
    free(scratch);
    souk_treeshap_fini(&s);
    souk_forest_fini(&f);
}

Test(treeshap, a_forest_without_counts_is_refused)
{
    const struct souk_random_forest r = {
        .seed = 11, .features = 2, .trees = 2, .leaves = 4, .thresholds = 3};
    struct souk_forest f;
    struct souk_treeshap s;
    cr_assert_eq(souk_random_forest_make(&r, &f, &err), SOUK_OK, "%s", err.msg);
    for (int l = 0; l < 4; l++)
        f.tree[1].leaf_count[l] = 0;
    cr_assert_eq(souk_treeshap_init(&s, &f, &err), SOUK_EINVAL);
    cr_assert(strstr(err.msg, "tree 1 has no rows"), "%s", err.msg);
    souk_treeshap_fini(&s);
    souk_forest_fini(&f);
}
