/* Conformal confidence: the count that defines it, and the coverage that it promises. */
#include "shared/score/conformal.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { SPLITS = 200, TESTS = 1000, CALIBRATION_MAX = 600 };

static struct souk_error err;

static struct souk_conformal conformal(const double *score, int64_t count)
{
    struct souk_conformal c;
    cr_assert_eq(souk_conformal_init(&c, score, count, &err), SOUK_OK, "%s", err.msg);
    return c;
}

Test(conformal, confidence_is_the_count_of_its_definition)
{
    double score[50];
    for (int n = 0; n <= 50; n++) {
        for (int i = 0; i < n; i++) /* many ties */
            score[i] = (double)(souk_random_bits(1, (uint64_t)n, (uint64_t)i) % 12);
        struct souk_conformal c = conformal(score, n);
        for (double s = -1; s <= 13; s += .5) {
            int not_higher = 0;
            for (int i = 0; i < n; i++)
                not_higher += score[i] <= s;
            cr_assert_eq(souk_conformal_confidence(&c, s), (1. + not_higher) / (n + 1.));
        }
        souk_conformal_fini(&c);
    }
}

Test(conformal, the_threshold_keeps_what_is_above_min_confidence)
{
    static const double alphas[] = {-1, 0, .01, .05, .07, .1, .2, .35, .5, .99, 1, 2};
    double score[100];
    for (int n = 0; n <= 100; n++) {
        for (int i = 0; i < n; i++)
            score[i] = (double)(souk_random_bits(2, (uint64_t)n, (uint64_t)i) % 40);
        struct souk_conformal c = conformal(score, n);
        for (size_t a = 0; a < sizeof alphas / sizeof alphas[0]; a++) {
            const double threshold = souk_conformal_threshold(&c, alphas[a]);
            for (double s = -1; s <= 41; s += .5)
                cr_assert_eq(s >= threshold, souk_conformal_confidence(&c, s) > alphas[a]);
        }
        souk_conformal_fini(&c);
    }
}

Test(conformal, too_few_points_guarantee_nothing)
{
    double score[100] = {0};
    for (int n = 0; n <= 100; n++) {
        struct souk_conformal c = conformal(score, n);
        cr_assert_eq(souk_conformal_is_guaranteed(&c, .05), n >= 19);
        cr_assert_eq(souk_conformal_is_guaranteed(&c, .1), n >= 9);
        cr_assert_not(souk_conformal_is_guaranteed(&c, 0));
        /* What is not guaranteed drops nothing. */
        if (n < 19)
            cr_assert_eq(souk_conformal_threshold(&c, .05), -INFINITY);
        souk_conformal_fini(&c);
    }
}

Test(conformal, refuses_scores_that_are_not_finite)
{
    const double score[] = {1, NAN}, infinite[] = {INFINITY};
    struct souk_conformal c;
    cr_assert_eq(souk_conformal_init(&c, score, 2, &err), SOUK_EINVAL);
    cr_assert_eq(souk_conformal_init(&c, infinite, 1, &err), SOUK_EINVAL);
    cr_assert_eq(souk_conformal_init(&c, NULL, -1, &err), SOUK_EINVAL);
    souk_conformal_fini(&c);
}

static double log_beta(double a, double b)
{
    return lgamma(a) + lgamma(b) - lgamma(a + b);
}

/* P(covered = m of TESTS) when coverage is Beta(a, b). */
static double beta_binomial(int m, double a, double b)
{
    return exp(lgamma(TESTS + 1) - lgamma(m + 1) - lgamma(TESTS - m + 1) +
               log_beta(m + a, TESTS - m + b) - log_beta(a, b));
}

/* P(Beta(a, b) <= x) for integers a, b: P(Binomial(a + b - 1, x) >= a). */
static double beta_below(double x, int a, int b)
{
    const int n = a + b - 1;
    double sum = 0;
    for (int m = a; m <= n; m++)
        sum += exp(lgamma(n + 1) - lgamma(m + 1) - lgamma(n - m + 1) + m * log(x) +
                   (n - m) * log1p(-x));
    return sum;
}

/* Where the counts of covered tests lie with probability 99 %. */
static void band_of(int a, int b, int *low, int *high)
{
    double below = 0;
    *low = *high = -1;
    for (int m = 0; m <= TESTS; m++) {
        const double p = beta_binomial(m, a, b);
        if (*low < 0 && below + p > .005)
            *low = m;
        below += p;
        if (*high < 0 && below >= .995)
            *high = m;
    }
}

static int compare_reals(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One split: users drawn at random into calibration and test, their true items' scores continuous.
 * @return covered tests; *exact gets the coverage of the threshold under the scores' own law */
static int covered_tests(uint64_t split, int n, double alpha, double *exact)
{
    double score[CALIBRATION_MAX];
    int covered = 0;
    for (int i = 0; i < n; i++)
        score[i] = souk_random_normal(3, split, (uint64_t)i);
    struct souk_conformal c = conformal(score, n);
    for (int i = 0; i < TESTS; i++)
        covered += souk_conformal_confidence(
                       &c, souk_random_normal(3, split, (uint64_t)(CALIBRATION_MAX + i))) > alpha;
    *exact = .5 * erfc(souk_conformal_threshold(&c, alpha) / sqrt(2));
    souk_conformal_fini(&c);
    return covered;
}

static void expect_beta_law(int n, double alpha, double *promised)
{
    const int k = (int)floor(alpha * (n + 1) + 1e-9), a = n + 1 - k, b = k;
    double exact[SPLITS], mean = 0, distance = 0;
    int low, high, outside = 0;
    band_of(a, b, &low, &high);
    for (int s = 0; s < SPLITS; s++) {
        const int covered = covered_tests((uint64_t)(1000 * n + s), n, alpha, &exact[s]);
        outside += covered < low || covered > high;
        mean += covered / (double)(TESTS * SPLITS);
    }
    /* 1 % of 200 fall outside by law; 7 and more do once in 200 repetitions. */
    cr_assert_leq(outside, 6, "n %d, alpha %g: %d splits outside the band", n, alpha, outside);
    const double expected = a / (double)(a + b);
    const double variance = expected * (1 - expected) / (a + b + 1);
    const double spread = sqrt((variance + expected * (1 - expected) / TESTS) / SPLITS);
    cr_assert_float_eq(mean, expected, 2.576 * spread, "n %d, alpha %g: coverage %g, not %g", n,
                       alpha, mean, expected);
    *promised = expected;
    /* Kolmogorov and Smirnov: the whole law, at 1 %. */
    qsort(exact, SPLITS, sizeof *exact, compare_reals);
    for (int s = 0; s < SPLITS; s++) {
        const double below = beta_below(exact[s], a, b);
        distance =
            fmax(distance, fmax(below - s / (double)SPLITS, (s + 1) / (double)SPLITS - below));
    }
    cr_assert_lt(distance, 1.628 / sqrt(SPLITS), "n %d, alpha %g: distance %g", n, alpha, distance);
}

Test(conformal, coverage_follows_its_beta_law)
{
    static const double alphas[] = {.05, .1, .2};
    static const int sizes[] = {19, 100, 257, 600};
    for (size_t a = 0; a < sizeof alphas / sizeof alphas[0]; a++)
        for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
            double promised;
            expect_beta_law(sizes[n], alphas[a], &promised);
            cr_assert_geq(promised, 1 - alphas[a] - 1e-12);
        }
}
