/* Scores by blocks are the bits of the plain walk, with every kernel. */
#include "shared/base/memory.h"
#include "shared/score/forestscorer.h"
#include "tests/support/random_forest.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 200 };

static struct souk_error err;

static void expect_walk(const struct souk_forest *f, const double *rows, int64_t stride)
{
    static const int64_t counts[] = {0, 1, 7, 8, 63, 64, 65, 130, ROWS};
    struct souk_forestscorer *s;
    double out[ROWS];
    cr_assert_eq(souk_forestscorer_new(f, &s, &err), SOUK_OK, "%s", err.msg);
    void *scratch = souk_alloc_aligned(souk_forestscorer_scratch_bytes(s), 1);
    cr_assert_not_null(scratch);
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        memset(out, 255, sizeof out);
        souk_forestscorer_score(s, rows, counts[c], stride, scratch, out);
        for (int64_t n = 0; n < counts[c]; n++) {
            const double walked = souk_forest_predict(f, rows + n * stride);
            cr_assert_eq(memcmp(&out[n], &walked, sizeof walked), 0,
                         "%s, %lld rows, row %lld: %.17g, not %.17g", souk_forestscorer_kernel(),
                         (long long)counts[c], (long long)n, out[n], walked);
        }
    }
    free(scratch);
    souk_forestscorer_free(s);
}

/* Floats as they are, of rows that lie apart. */
static void expect_floats(const struct souk_forest *f, const double *rows, int64_t stride)
{
    struct souk_forestscorer *s;
    double of_floats[ROWS], of_doubles[ROWS];
    float *narrow = souk_alloc_array((size_t)(ROWS * stride), sizeof *narrow);
    double *wide = souk_alloc_array((size_t)(ROWS * stride), sizeof *wide);
    cr_assert_eq(souk_forestscorer_new(f, &s, &err), SOUK_OK, "%s", err.msg);
    void *scratch = souk_alloc_aligned(souk_forestscorer_scratch_bytes(s), 1);
    cr_assert(narrow && wide && scratch);
    for (int64_t i = 0; i < ROWS * stride; i++)
        wide[i] = (double)(narrow[i] = (float)rows[i]);
    souk_forestscorer_score(s, wide, ROWS, stride, scratch, of_doubles);
    souk_forestscorer_score_floats(s, narrow, ROWS, stride, scratch, of_floats);
    cr_assert_eq(memcmp(of_floats, of_doubles, sizeof of_floats), 0);
    free(scratch);
    free(narrow);
    free(wide);
    souk_forestscorer_free(s);
}

static void with_every_kernel(const struct souk_forest *f, const double *rows, int64_t stride)
{
    static const char *const kernels[] = {"avx512", "avx2", "plain"};
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++)
        if (souk_forestscorer_select(kernels[k]))
            expect_walk(f, rows, stride);
    expect_floats(f, rows, stride);
}

static void expect_random(const struct souk_random_forest *r)
{
    struct souk_forest f;
    const int64_t stride = r->features + 3;
    double *rows = souk_zalloc_array((size_t)(ROWS * stride), sizeof *rows);
    cr_assert_not_null(rows);
    cr_assert_eq(souk_random_forest_make(r, &f, &err), SOUK_OK, "%s", err.msg);
    for (int64_t n = 0; n < ROWS; n++)
        souk_random_forest_row(r, (uint64_t)n, rows + n * stride);
    static const double odd[] = {INFINITY, -INFINITY, 1e300, -1e300, 1e-36, -0., 5e-324};
    for (int i = 0; i < r->features; i++)
        for (int n = 0; n < 7; n++)
            rows[(3 * n + i % 3) * stride + i] = odd[n];
    with_every_kernel(&f, rows, stride);
    free(rows);
    souk_forest_fini(&f);
}

Test(forestscorer, scores_are_those_of_the_walk)
{
    static const int leaves[] = {1, 2, 15, 16, 17, 31, 32, 33, 48, 49, 64, 65, 255, 1000};
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++)
        for (uint64_t seed = 0; seed < 3; seed++) {
            const struct souk_random_forest r = {.seed = 10 * i + seed,
                                                 .features = 1 + (int)(7 * seed),
                                                 .trees = 12,
                                                 .leaves = leaves[i],
                                                 .thresholds = 1 + (int)(9 * seed * seed),
                                                 .categorical = seed == 1 ? .5 : .1,
                                                 .missing = .2};
            expect_random(&r);
        }
}

Test(forestscorer, a_forest_without_trees_scores_zero)
{
    const struct souk_random_forest r = {.features = 2, .thresholds = 1};
    expect_random(&r);
}

Test(forestscorer, more_thresholds_than_16_bits_can_count_are_walked)
{
    enum { LEAVES = 40000 };
    struct souk_forest f;
    double rows[ROWS];
    cr_assert_eq(souk_forest_init(&f, 1, &err), SOUK_OK);
    struct souk_tree t;
    cr_assert_eq(souk_tree_init(&t, LEAVES, 0, 0, &err), SOUK_OK);
    /* A balanced tree: node n splits the middle of its range, children in the order of a heap. */
    int32_t low[LEAVES] = {0}, high[LEAVES] = {LEAVES}, nodes = 1;
    for (int32_t n = 0; n < nodes; n++) {
        const int32_t middle = low[n] + (high[n] - low[n]) / 2;
        int32_t *child[2] = {&t.left_child[n], &t.right_child[n]};
        const int32_t end[3] = {low[n], middle, high[n]};
        t.threshold[n] = middle;
        for (int side = 0; side < 2; side++) {
            if (end[side + 1] - end[side] == 1) {
                *child[side] = ~end[side];
                continue;
            }
            *child[side] = nodes;
            low[nodes] = end[side];
            high[nodes++] = end[side + 1];
        }
    }
    for (int l = 0; l < LEAVES; l++)
        t.leaf_value[l] = l;
    cr_assert_eq(souk_forest_append(&f, &t, &err), SOUK_OK, "%s", err.msg);
    for (int n = 0; n < ROWS; n++)
        rows[n] = 199.5 * n;
    with_every_kernel(&f, rows, 1);
    souk_forest_fini(&f);
}
