#include "shared/base/random.h"
#include "shared/math/dot.h"
#include "shared/score/screen.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { ROWS = 1003, STRIDE_MAX = 256, VECTORS = 40, BLOCKS = (ROWS + 15) / 16 };

static const char *const kernels[] = {"plain", "avx512vnni"};
static float rows[ROWS * STRIDE_MAX], vector[STRIDE_MAX], norm[BLOCKS * SOUK_SCREEN_ROWS];

/* Of magnitudes that differ by 10^12, some zero, some with one large value among small ones. */
static float value_of(uint64_t i, uint64_t k)
{
    const double magnitude = pow(10, (double)(souk_random_bits(1, i, 0) % 13) - 6);
    const double value = souk_random_uniform(2, i, k) - .5;
    if (i % 17 == 0)
        return 0;
    return (float)(magnitude * (i % 5 == 0 && k == 3 ? 100 : value));
}

static void make_rows(int stride)
{
    for (uint64_t i = 0; i < ROWS; i++)
        for (int k = 0; k < stride; k++)
            rows[i * (uint64_t)stride + (uint64_t)k] = value_of(i, (uint64_t)k);
    for (int i = 0; i < BLOCKS * SOUK_SCREEN_ROWS; i++) {
        norm[i] = i < ROWS ? souk_norm(rows + (size_t)i * (size_t)stride, stride) : 1;
        norm[i] = norm[i] > 0 ? norm[i] : 1;
    }
}

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* No row that reaches the threshold is left out, at the score of every rank as the threshold.
 * @return rows let through that do not reach it, per vector, with the 10th score as threshold */
static int64_t check(const struct souk_screen *s, int stride, bool cosine)
{
    float score[ROWS], sorted[ROWS];
    uint16_t mask[BLOCKS];
    struct souk_screen_vector v;
    int64_t through = 0;
    for (int i = 0; i < ROWS; i++) {
        score[i] = souk_dot(rows + (size_t)i * (size_t)stride, vector, stride);
        score[i] /= cosine ? norm[i] : 1;
        sorted[i] = score[i];
    }
    qsort(sorted, ROWS, sizeof *sorted, compare);
    cr_assert(souk_screen_vector_init(&v, vector, stride));
    for (int rank = 0; rank < ROWS; rank += rank < 20 ? 1 : 97) {
        souk_screen_find(s, &v, 0, ROWS, cosine ? norm : NULL, sorted[rank], mask);
        for (int i = 0; i < ROWS; i++) {
            const bool found = mask[i / 16] >> i % 16 & 1;
            cr_assert(found || score[i] < sorted[rank], "row %d of %d is lost", i, stride);
            through += rank == 9 && found && score[i] < sorted[rank];
        }
    }
    cr_assert_eq(mask[BLOCKS - 1] >> ROWS % 16, 0, "rows behind the last");
    return through;
}

Test(screen, loses_no_row_and_lets_few_others_through)
{
    for (size_t kernel = 0; kernel < sizeof kernels / sizeof *kernels; kernel++) {
        if (!souk_screen_select(kernels[kernel]))
            continue;
        for (int stride = 16; stride <= STRIDE_MAX; stride *= 2) {
            struct souk_screen s;
            int64_t through = 0;
            make_rows(stride);
            cr_assert_eq(souk_screen_init(&s, rows, ROWS, stride), SOUK_OK);
            for (uint64_t n = 0; n < VECTORS; n++) {
                for (int k = 0; k < stride; k++)
                    vector[k] = n == 0 ? 0 : value_of(n + 100, (uint64_t)k);
                through += check(&s, stride, false);
                check(&s, stride, true);
            }
            cr_assert_leq(through, VECTORS * ROWS / 10, "%lld at %d", (long long)through, stride);
            souk_screen_fini(&s);
        }
    }
    souk_screen_select(NULL);
}

/* Both builds find the same rows, but for roundings: with whole numbers there are none. */
Test(screen, kernels_agree)
{
    struct souk_screen s;
    struct souk_screen_vector v;
    uint16_t plain[BLOCKS], fast[BLOCKS];
    for (int i = 0; i < ROWS * 64; i++)
        rows[i] = (float)(souk_random_bits(3, (uint64_t)i, 0) % 255) - 127;
    for (int k = 0; k < 64; k++)
        vector[k] = (float)(souk_random_bits(4, (uint64_t)k, 0) % 255) - 127;
    cr_assert(souk_screen_select("plain"));
    cr_assert_eq(souk_screen_init(&s, rows, ROWS, 64), SOUK_OK);
    cr_assert(souk_screen_vector_init(&v, vector, 64));
    souk_screen_find(&s, &v, 0, ROWS, NULL, 12345.5F, plain);
    if (souk_screen_select("avx512vnni")) {
        souk_screen_find(&s, &v, 0, ROWS, NULL, 12345.5F, fast);
        cr_assert_arr_eq(plain, fast, sizeof plain);
        souk_screen_find(&s, &v, 512, 100, NULL, 12345.5F, fast);
        cr_assert_arr_eq(plain + 32, fast, 6 * sizeof *fast);
    }
    souk_screen_fini(&s);
    souk_screen_select(NULL);
}

Test(screen, what_is_too_large_is_scored_in_full)
{
    struct souk_screen s;
    struct souk_screen_vector v;
    souk_screen_select("plain");
    make_rows(16);
    rows[16 * 500 + 7] = 1e16F;
    cr_assert_eq(souk_screen_init(&s, rows, ROWS, 16), SOUK_OK);
    cr_assert_null(s.blocks);
    rows[16 * 500 + 7] = NAN;
    cr_assert_eq(souk_screen_init(&s, rows, ROWS, 16), SOUK_OK);
    cr_assert_null(s.blocks);
    cr_assert_not(souk_screen_vector_init(&v, rows + 16 * 500, 16));
    souk_screen_select(NULL);
}
