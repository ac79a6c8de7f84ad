#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { DRAWS = 200000 };

/* Initial factors and bootstrap weights hang on these bits: a change changes every model. The
 * values were computed from the definition in random.h by a few lines of Python. */
Test(random, is_a_fixed_function)
{
    cr_assert_eq(souk_random_bits(0, 0, 0), UINT64_C(0x1cd364143cce4aae));
    cr_assert_eq(souk_random_bits(1, 2, 3), UINT64_C(0xfd832bc5946a59ad));
    cr_assert_eq(souk_random_bits(UINT64_MAX, UINT64_MAX, UINT64_MAX),
                 UINT64_C(0x5601b840d45706d7));
}

static int compare_bits(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Neighbouring words in every position: a weak mix would meet itself among them. */
Test(random, does_not_repeat_itself_over_a_grid)
{
    enum { SIDE = 64, CELLS = SIDE * SIDE * SIDE };
    uint64_t *bits = malloc(CELLS * sizeof *bits);
    size_t n = 0;
    for (uint64_t seed = 0; seed < SIDE; seed++)
        for (uint64_t row = 0; row < SIDE; row++)
            for (uint64_t column = 0; column < SIDE; column++)
                bits[n++] = souk_random_bits(seed, row, column);
    qsort(bits, n, sizeof *bits, compare_bits);
    for (size_t i = 1; i < n; i++)
        cr_assert_neq(bits[i], bits[i - 1]);
    free(bits);
}

Test(random, flips_half_the_bits_when_one_bit_of_a_word_flips)
{
    int64_t flipped = 0, pairs = 0;
    for (uint64_t row = 0; row < 200; row++)
        for (int bit = 0; bit < 64; bit++, pairs += 3) {
            const uint64_t one = UINT64_C(1) << bit, bits = souk_random_bits(7, row, 5);
            flipped += __builtin_popcountll(bits ^ souk_random_bits(7 ^ one, row, 5));
            flipped += __builtin_popcountll(bits ^ souk_random_bits(7, row ^ one, 5));
            flipped += __builtin_popcountll(bits ^ souk_random_bits(7, row, 5 ^ one));
        }
    cr_assert_float_eq((double)flipped / (double)pairs, 32.0, 0.1);
}

Test(random, is_uniform)
{
    int counts[20] = {0};
    double chi = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        const double u = souk_random_uniform(3, i / 100, i % 100);
        cr_assert(u >= 0 && u < 1);
        counts[(int)(u * 20)]++;
    }
    for (int i = 0; i < 20; i++)
        chi += pow(counts[i] - DRAWS / 20.0, 2) / (DRAWS / 20.0);
    cr_assert_lt(chi, 43.8); /* 19 degrees of freedom, p = .001 */
}

Test(random, is_normal)
{
    double sum = 0, squares = 0, fourth = 0;
    int beyond_two = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        const double x = souk_random_normal(3, i, 0);
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
        beyond_two += fabs(x) > 2;
    }
    cr_assert_float_eq(sum / DRAWS, 0, 4 / sqrt(DRAWS));
    cr_assert_float_eq(squares / DRAWS, 1, 4 * sqrt(2.0 / DRAWS));
    cr_assert_float_eq(fourth / DRAWS, 3, 4 * sqrt(96.0 / DRAWS));
    cr_assert_float_eq((double)beyond_two / DRAWS, 0.0455, 0.002);
}

Test(random, draws_poisson_weights_of_mean_one)
{
    static const double expected[] = {0.367879, 0.367879, 0.183940, 0.061313, 0.015328};
    int counts[30] = {0};
    for (uint64_t i = 0; i < DRAWS; i++)
        counts[souk_random_poisson1(9, i, 1)]++;
    for (int k = 0; k < 5; k++)
        cr_assert_float_eq((double)counts[k] / DRAWS, expected[k], 4 * sqrt(expected[k] / DRAWS));
}
