#include "shared/base/random.h"
#include "train/ranker/bins.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 20000 };
static float sample[SAMPLE], copy[SAMPLE];
static struct souk_bins bins;

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void find(int n, bool categorical, int max_bins, int64_t min_rows)
{
    struct souk_error err = {0};
    memcpy(copy, sample, sizeof copy);
    cr_assert_eq(souk_bins_find(&bins, copy, n, categorical, max_bins, min_rows, &err), SOUK_OK,
                 "%s", err.msg);
}

Test(bins, sorts_as_qsort_does)
{
    static float spare[SAMPLE];
    for (int i = 0; i < SAMPLE; i++)
        sample[i] = (float)souk_random_normal(1, 0, (uint64_t)i) * (i % 3 ? 1 : 1e-30f);
    memcpy(copy, sample, sizeof copy);
    souk_bins_sort(copy, spare, SAMPLE);
    qsort(sample, SAMPLE, sizeof *sample, by_value);
    for (int i = 0; i < SAMPLE; i++)
        cr_assert_eq(copy[i], sample[i]);
}

Test(bins, of_a_smooth_feature_are_its_quantiles)
{
    int64_t rows[SOUK_BINS_MAX + 1] = {0};
    for (int i = 0; i < SAMPLE; i++)
        sample[i] = (float)souk_random_normal(2, 0, (uint64_t)i);
    find(SAMPLE, false, 100, 3);
    cr_assert_eq(bins.count, 100);
    for (int i = 0; i < SAMPLE; i++)
        rows[souk_bins_of(&bins, sample[i])]++;
    for (int b = 0; b < bins.count; b++)
        cr_expect(llabs(rows[b] - SAMPLE / 100) <= 1, "bin %d has %ld rows", b, (long)rows[b]);
}

Test(bins, of_few_values_are_the_values)
{
    for (int i = 0; i < SAMPLE; i++)
        sample[i] = (float)(i % 20) * .5f - 3;
    find(SAMPLE, false, 255, 3);
    cr_assert_eq(bins.count, 20);
    for (int v = 0; v < 20; v++)
        cr_expect_eq(souk_bins_of(&bins, (float)v * .5f - 3), v);
    cr_expect_eq(bins.split_at[0], -2.75);
    cr_expect_eq(bins.low, -3);
    cr_expect_eq(bins.high, 6.5);
}

/* But for less than half a bin of values below it, which do not get a bin for themselves. */
Test(bins, give_a_frequent_value_one_of_its_own)
{
    const float often = .25f;
    int below = 0, above = 0;
    for (int i = 0; i < SAMPLE; i++)
        sample[i] = i % 2 ? often : (float)souk_random_normal(3, 0, (uint64_t)i);
    find(SAMPLE, false, 50, 3);
    const int own = souk_bins_of(&bins, often);
    cr_assert_leq(bins.count, 50);
    cr_assert_geq(bins.count, 45);
    for (int i = 0; i < SAMPLE; i++) {
        below += sample[i] < often && souk_bins_of(&bins, sample[i]) == own;
        above += sample[i] > often && souk_bins_of(&bins, sample[i]) == own;
    }
    cr_expect_eq(above, 0);
    cr_expect_leq(below, SAMPLE / 2 / 49 / 2 + 1);
}

/* However rare it is; the values on its two sides share what is left by their rows. */
Test(bins, give_zero_one_of_its_own)
{
    for (int i = 0; i < SAMPLE; i++)
        sample[i] = i == 7 ? 0 : (float)souk_random_normal(3, 1, (uint64_t)i) + (i % 4 ? 9 : -9);
    find(SAMPLE, false, 101, 3);
    const int zero = souk_bins_of(&bins, 0);
    cr_expect_eq(bins.count, 101);
    cr_expect_leq(abs(zero - 25), 1);
    cr_expect_eq(souk_bins_of(&bins, 1e-30f), zero + 1);
    cr_expect_eq(souk_bins_of(&bins, -1e-30f), zero - 1);
    for (int i = 0; i < SAMPLE; i++)
        cr_assert_eq(souk_bins_of(&bins, sample[i]) == zero, i == 7);
    find(SAMPLE, false, 2, 3);
    cr_expect_eq(bins.count, 2);
}

Test(bins, agree_with_their_thresholds)
{
    for (int i = 0; i < SAMPLE; i++)
        sample[i] = expf((float)souk_random_normal(4, 0, (uint64_t)i));
    find(SAMPLE, false, 255, 3);
    for (int i = 0; i < SAMPLE; i++) {
        const int b = souk_bins_of(&bins, sample[i]);
        cr_assert(b == 0 || (double)sample[i] > bins.split_at[b - 1]);
        cr_assert(b == bins.count - 1 || (double)sample[i] <= bins.split_at[b]);
    }
}

Test(bins, of_neighbouring_floats_stay_apart)
{
    sample[0] = 1;
    sample[1] = nextafterf(1, 2);
    sample[2] = nextafterf(sample[1], 2);
    find(3, false, 255, 1);
    cr_assert_eq(bins.count, 3);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(souk_bins_of(&bins, sample[i]), i);
}

Test(bins, are_filled_as_one_by_one)
{
    uint8_t bin[SAMPLE];
    for (int i = 0; i < SAMPLE; i++)
        sample[i] = i % 7 == 0 ? NAN : (float)souk_random_normal(5, 0, (uint64_t)i);
    int n = 0;
    float present[SAMPLE];
    for (int i = 0; i < SAMPLE; i++)
        if (!isnan(sample[i]))
            present[n++] = sample[i];
    struct souk_error err = {0};
    cr_assert_eq(souk_bins_find(&bins, present, n, false, 255, 3, &err), SOUK_OK);
    souk_bins_fill(&bins, sample, 3, SAMPLE / 3, bin);
    for (int i = 0; i < SAMPLE / 3; i++)
        cr_assert_eq(bin[i], souk_bins_of(&bins, sample[3 * i]));
    cr_expect_eq(bin[0], bins.count); /* missing */
}

Test(bins, of_categories_keep_the_most_frequent)
{
    for (int i = 0; i < SAMPLE; i++)
        sample[i] = i % 10 < 5 ? 7 : i % 10 < 8 ? 3 : i % 10 == 8 ? 1000 : -1;
    find(SAMPLE, true, 255, 3);
    cr_assert_eq(bins.count, 3);
    cr_expect_eq(souk_bins_of(&bins, 7), 0);
    cr_expect_eq(souk_bins_of(&bins, 3), 1);
    cr_expect_eq(souk_bins_of(&bins, 1000), 2);
    cr_expect_eq(souk_bins_of(&bins, -1), 3);
    cr_expect_eq(souk_bins_of(&bins, 12), 3);
    find(SAMPLE, true, 2, 3);
    cr_expect_eq(souk_bins_of(&bins, 1000), 2);
}

Test(bins, refuse_a_fraction_as_a_category)
{
    struct souk_error err = {0};
    sample[0] = 1.5f;
    cr_expect_eq(souk_bins_find(&bins, sample, 1, true, 255, 1, &err), SOUK_EFORMAT);
    sample[0] = 1e7f;
    cr_expect_eq(souk_bins_find(&bins, sample, 1, true, 255, 1, &err), SOUK_EFORMAT);
}

Test(bins, of_nothing_are_none)
{
    find(0, false, 255, 3);
    cr_expect_eq(bins.count, 0);
    cr_expect_eq(souk_bins_of(&bins, 1), 0);
}
