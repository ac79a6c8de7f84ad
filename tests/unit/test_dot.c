#include "shared/base/random.h"
#include "shared/math/dot.h"
#include "shared/math/dot_kernels.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const all_kernels[] = {"avx512", "avx2", "plain"};
enum { KERNELS = sizeof all_kernels / sizeof all_kernels[0], MAX_N = 272, MAX_ROWS = 37 };

/* Values of very different size, so that every change of the order of the sums shows. */
static void fill(float *x, int64_t count, uint64_t seed)
{
    for (int64_t i = 0; i < count; i++) {
        const int exponent = (int)(souk_random_bits(seed, 1, (uint64_t)i) % 40) - 20;
        x[i] = ldexpf((float)souk_random_normal(seed, 0, (uint64_t)i), exponent);
    }
}

static int same_bits(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

Test(dot, every_kernel_has_the_bits_of_the_reference)
{
    static float a[MAX_N + 1], b[MAX_N + 1];
    for (int k = 0; k < KERNELS; k++) {
        if (!souk_dot_select(all_kernels[k]))
            continue;
        cr_assert_str_eq(souk_dot_kernel(), all_kernels[k]);
        for (int n = 0; n <= MAX_N; n += 16) {
            fill(a, MAX_N + 1, (uint64_t)n);
            fill(b, MAX_N + 1, (uint64_t)n + 1000);
            for (int shift = 0; shift < 2; shift++) /* any alignment */
                cr_expect(same_bits(souk_dot(a + shift, b + shift, n),
                                    souk_dot_reference(a + shift, b + shift, n)),
                          "%s, n = %d", all_kernels[k], n);
        }
    }
}

Test(dot, rows_have_the_bits_of_the_reference)
{
    static float rows[MAX_ROWS * MAX_N], b[MAX_N], out[MAX_ROWS + 1];
    fill(rows, MAX_ROWS * MAX_N, 7);
    fill(b, MAX_N, 8);
    for (int k = 0; k < KERNELS; k++) {
        if (!souk_dot_select(all_kernels[k]))
            continue;
        for (int n = 16; n <= MAX_N; n += 64) {
            for (int64_t count = 0; count <= MAX_ROWS; count++) {
                out[count] = 42;
                souk_dot_rows(rows, count, MAX_N, b, n, out);
                cr_expect_eq(out[count], 42, "wrote behind %lld rows", (long long)count);
                for (int64_t r = 0; r < count; r++)
                    cr_expect(same_bits(out[r], souk_dot_reference(rows + r * MAX_N, b, n)),
                              "%s, n = %d, row %lld of %lld", all_kernels[k], n, (long long)r,
                              (long long)count);
            }
        }
    }
}

Test(dot, zero_padding_changes_no_bit)
{
    float a[64] = {0}, b[64] = {0};
    fill(a, 40, 1);
    fill(b, 40, 2);
    cr_assert(same_bits(souk_dot(a, b, 48), souk_dot(a, b, 64)));
}

Test(dot, is_near_the_sum_in_double)
{
    float a[MAX_N], b[MAX_N];
    double sum = 0, size = 0;
    for (int i = 0; i < MAX_N; i++) {
        a[i] = (float)souk_random_normal(3, 0, (uint64_t)i);
        b[i] = (float)souk_random_normal(4, 0, (uint64_t)i);
        sum += (double)a[i] * b[i];
        size += fabs((double)a[i] * b[i]);
    }
    cr_assert_float_eq(souk_dot(a, b, MAX_N), sum, 1e-6 * size);
}

Test(dot, norm_of_three_and_four_is_five)
{
    const float a[16] = {3, [9] = 4};
    cr_assert_eq(souk_norm(a, 16), 5.0f);
}

Test(dot, refuses_unknown_kernels)
{
    const char *before = souk_dot_kernel();
    cr_assert_not(souk_dot_select("sse9"));
    cr_assert_str_eq(souk_dot_kernel(), before);
}
