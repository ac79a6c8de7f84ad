#include "shared/base/random.h"
#include "train/ranker/lambdakernel.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 700 };
static float label[LARGEST];
static double score[LARGEST], gradient[LARGEST], hessian[LARGEST], clear_g[LARGEST],
    clear_h[LARGEST];

/* @param grain scores are multiples of it: few ties, or many */
static void make_group(int n, uint64_t seed, double grain)
{
    for (int i = 0; i < n; i++) {
        label[i] = (float)(souk_random_bits(seed, 0, (uint64_t)i) % 5);
        score[i] = 3 * souk_random_normal(seed, 1, (uint64_t)i);
        if (grain > 0)
            score[i] = grain * floor(score[i] / grain);
    }
}

static struct souk_rankobjective objective_of(void)
{
    struct souk_error err;
    struct souk_rankobjective o;
    cr_assert_eq(souk_rankobjective_find("lambdarank", &o, &err), SOUK_OK);
    return o;
}

static void expect_clear(const struct souk_rankobjective *o, int n)
{
    struct souk_error err = {0};
    struct souk_rankscratch scratch;
    struct souk_lambdawork work;
    const struct souk_rankgroup group = {label, score, n, 0};
    cr_assert_eq(souk_rankscratch_init(&scratch, n, &err), SOUK_OK);
    cr_assert_eq(souk_lambdawork_init(&work, n, &err), SOUK_OK);
    cr_assert_eq(souk_rankobjective_gradients(o, &scratch, &group, 0, clear_g, clear_h, &err),
                 SOUK_OK);
    souk_lambdakernel_gradients(o, &work, &group, gradient, hessian);
    double largest = 1e-30;
    for (int i = 0; i < n; i++)
        largest = fmax(largest, fmax(fabs(clear_g[i]), clear_h[i]));
    for (int i = 0; i < n; i++) {
        cr_expect_float_eq(gradient[i], clear_g[i], 2e-5 * largest, "%d of %d: %g, not %g", i, n,
                           gradient[i], clear_g[i]);
        cr_expect_float_eq(hessian[i], clear_h[i], 2e-5 * largest, "%d of %d: %g, not %g", i, n,
                           hessian[i], clear_h[i]);
        cr_expect_geq(hessian[i], 0);
    }
    souk_rankscratch_fini(&scratch);
    souk_lambdawork_fini(&work);
}

Test(lambdakernel, equals_the_clear_version)
{
    const int sizes[] = {1, 2, 3, 15, 16, 17, 31, 50, 64, 100, 384, 385, LARGEST};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int grain = 0; grain < 3; grain++) {
            struct souk_rankobjective o = objective_of();
            make_group(sizes[s], s, grain);
            expect_clear(&o, sizes[s]);
            o.normalise = false;
            o.truncation = 5;
            o.sigmoid = 2;
            expect_clear(&o, sizes[s]);
        }
}

Test(lambdakernel, is_still_where_nothing_can_be_ordered)
{
    const struct souk_rankobjective o = objective_of();
    make_group(40, 1, 0);
    for (int i = 0; i < 40; i++)
        label[i] = 0;
    expect_clear(&o, 40);
    for (int i = 0; i < 40; i++)
        label[i] = 3;
    expect_clear(&o, 40);
    cr_expect_eq(gradient[7], 0);
    memset(score, 0, sizeof score);
    label[3] = 0;
    expect_clear(&o, 40);
    cr_expect_gt(gradient[3], 0);
}

Test(lambdakernel, bears_scores_far_apart)
{
    const struct souk_rankobjective o = objective_of();
    make_group(50, 2, 0);
    for (int i = 0; i < 50; i++)
        score[i] = 1e6 + 100 * (double)(i % 7);
    expect_clear(&o, 50);
}

Test(lambdakernel, has_the_same_bits_on_every_instruction_set)
{
    static const char *const names[] = {"avx2", "avx512"};
    static double plain_g[LARGEST], plain_h[LARGEST];
    const struct souk_rankobjective o = objective_of();
    struct souk_error err = {0};
    struct souk_lambdawork work;
    const struct souk_rankgroup group = {label, score, 333, 0};
    make_group(333, 3, .5);
    cr_assert_eq(souk_lambdawork_init(&work, 333, &err), SOUK_OK);
    cr_assert(souk_lambdakernel_select("plain"));
    souk_lambdakernel_gradients(&o, &work, &group, plain_g, plain_h);
    for (int i = 0; i < 2; i++) {
        if (!souk_lambdakernel_select(names[i]))
            continue;
        souk_lambdakernel_gradients(&o, &work, &group, gradient, hessian);
        cr_expect_eq(memcmp(gradient, plain_g, 333 * sizeof *gradient), 0, "%s", names[i]);
        cr_expect_eq(memcmp(hessian, plain_h, 333 * sizeof *hessian), 0, "%s", names[i]);
    }
    cr_expect_not(souk_lambdakernel_select("abacus"));
    souk_lambdawork_fini(&work);
}
