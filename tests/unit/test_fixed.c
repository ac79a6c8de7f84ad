#include "shared/base/random.h"
#include "shared/math/fixed.h"

#include <criterion/criterion.h>
#include <math.h>

enum { ROWS = 10000 };

static double value_of(int row)
{
    return 5 * souk_random_normal(1, (uint64_t)row, 0);
}

static double bound_of_rows(void)
{
    double bound = 0;
    for (int i = 0; i < ROWS; i++)
        bound = fmax(bound, fabs(value_of(i)));
    return bound;
}

Test(fixed, sums_to_the_same_bits_in_any_order)
{
    const int shift = souk_fixed_shift(bound_of_rows(), ROWS);
    int64_t forward = 0, backward = 0, strided = 0;
    for (int i = 0; i < ROWS; i++) {
        forward += souk_fixed_from(value_of(i), shift);
        backward += souk_fixed_from(value_of(ROWS - 1 - i), shift);
        strided += souk_fixed_from(value_of((int)(i * INT64_C(7919) % ROWS)), shift);
    }
    cr_assert_eq(forward, backward);
    cr_assert_eq(forward, strided);
}

Test(fixed, is_the_sum_in_long_double)
{
    const int shift = souk_fixed_shift(bound_of_rows(), ROWS);
    int64_t sum = 0;
    long double exact = 0;
    for (int i = 0; i < ROWS; i++) {
        sum += souk_fixed_from(value_of(i), shift);
        exact += (long double)value_of(i);
    }
    cr_assert_float_eq(souk_fixed_to(sum, shift), (double)exact, ROWS * ldexp(1, -shift));
    cr_assert_gt(shift,
                 40); /* 13 bits of rows and 5 of magnitude leave that much behind the point */
}

/* The worst case: as many values of the bound's size as were announced, all of one sign. */
Test(fixed, does_not_overflow_at_its_bound)
{
    static const double bounds[] = {0, 1e-300, 5e-324, 0.999, 1, 1.0000001, 12345.678, 1e300};
    static const int64_t counts[] = {1, 2, 3, 1000, INT64_C(1) << 40, (INT64_C(1) << 40) + 1};
    for (int b = 0; b < 8; b++)
        for (int c = 0; c < 6; c++) {
            const int shift = souk_fixed_shift(bounds[b], counts[c]);
            const int64_t one = souk_fixed_from(bounds[b], shift);
            int64_t sum;
            cr_assert_not(__builtin_mul_overflow(one, counts[c], &sum));
            cr_assert_eq(souk_fixed_from(-bounds[b], shift), -one);
            cr_assert_float_eq(souk_fixed_to(one, shift), bounds[b], ldexp(1, -shift));
        }
}

Test(fixed, rounds_to_the_nearest)
{
    cr_assert_eq(souk_fixed_from(0.49, 0), 0);
    cr_assert_eq(souk_fixed_from(0.51, 0), 1);
    cr_assert_eq(souk_fixed_from(-0.51, 0), -1);
    cr_assert_eq(souk_fixed_from(1.25, 2), 5);
    cr_assert_eq(souk_fixed_to(5, 2), 1.25);
    cr_assert_eq(souk_fixed_to(-5, 2), -1.25);
}
