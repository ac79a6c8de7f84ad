/* The row solver against its reference in double, on odd sizes, empty rows, one pair, many pairs,
 * extreme values; and the same bits wherever the row stands. */
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/math/rowproduct.h"
#include "shared/math/rowsolve.h"
#include "shared/math/rowsolve_table.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 400, PAIRS_MAX = 300 };

struct problem {
    struct souk_rowproblem p;
    int d;
    struct souk_rowscratch scratch;
    float *factors, *diagonal, *x, *expected;
    uint16_t *halves;
    int32_t column[PAIRS_MAX];
    float a[PAIRS_MAX], b[PAIRS_MAX];
};

static void make(struct problem *q, int d, int64_t count, double scale)
{
    const int stride = (d + 15) / 16 * 16;
    const float unit = exp2f((float)ilogb(scale) - 9);
    *q = (struct problem){.d = d};
    q->factors = souk_alloc_aligned((size_t)(ROWS * stride), sizeof(float));
    q->halves = souk_alloc_aligned((size_t)(ROWS * stride), sizeof(uint16_t));
    q->diagonal = souk_alloc_aligned((size_t)stride, sizeof(float));
    q->x = souk_alloc_aligned((size_t)stride, sizeof(float));
    q->expected = souk_alloc_aligned((size_t)stride, sizeof(float));
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < d; c++)
            q->factors[r * stride + c] =
                (float)(scale * souk_random_normal(3, (uint64_t)r, (uint64_t)c));
    for (int i = 0; i < ROWS * stride; i += stride)
        souk_rowsolve_halve(q->factors + i, stride, 1 / unit, q->halves + i);
    for (int c = 0; c < stride; c++)
        q->diagonal[c] = c < d ? (float)(ROWS * scale * scale / (1 + c)) : 1;
    for (int64_t k = 0; k < count; k++) {
        q->column[k] = (int32_t)(k * 37 % ROWS);
        q->a[k] = (float)(1 + k % 7);
        q->b[k] = q->a[k] + 1;
    }
    q->p = (struct souk_rowproblem){.width = stride,
                                    .stride = stride,
                                    .diagonal = q->diagonal,
                                    .ridge = (float)(.05 * scale * scale),
                                    .factors = q->factors,
                                    .halves = q->halves,
                                    .unit = unit,
                                    .column = q->column,
                                    .a = q->a,
                                    .b = q->b,
                                    .count = count};
    cr_assert_eq(souk_rowscratch_init(&q->scratch, stride, stride, PAIRS_MAX), SOUK_OK);
    cr_assert_eq(souk_rowsolve_reference(&q->p, q->expected), SOUK_OK);
}

static void unmake(struct problem *q)
{
    souk_rowscratch_fini(&q->scratch);
    free(q->factors);
    free(q->halves);
    free(q->diagonal);
    free(q->x);
    free(q->expected);
}

static double distance(const struct problem *q)
{
    double difference = 0, largest = 1e-30;
    for (int i = 0; i < q->d; i++) {
        difference = fmax(difference, fabs((double)(q->x[i] - q->expected[i])));
        largest = fmax(largest, fabs((double)q->expected[i]));
    }
    for (int i = q->d; i < q->p.width; i++)
        cr_assert_eq(q->x[i], 0, "the padding is not zero");
    return difference / largest;
}

Test(rowsolve, cholesky_equals_the_reference_for_any_size)
{
    static const int sizes[] = {8, 9, 15, 16, 17, 31, 33, 48, 64, 65, 100, 128, 130};
    static const int64_t counts[] = {1, 2, 15, 47, 48, 49, 97, PAIRS_MAX};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            struct problem q;
            make(&q, sizes[s], counts[c], .1);
            cr_assert_eq(souk_rowsolve_cholesky(&q.p, &q.scratch, q.x), SOUK_OK);
            cr_assert_lt(distance(&q), 2e-5, "d = %d, %lld pairs: %g", sizes[s],
                         (long long)counts[c], distance(&q));
            unmake(&q);
        }
    }
}

/* The factors as conjugate gradients see them, for the reference. */
static void round_to_halves(struct problem *q)
{
    for (int i = 0; i < ROWS * q->p.stride; i++) {
        _Float16 half;
        memcpy(&half, &q->halves[i], sizeof half);
        q->factors[i] = (float)half * q->p.unit;
    }
    cr_assert_eq(souk_rowsolve_reference(&q->p, q->expected), SOUK_OK);
}

Test(rowsolve, cg_converges_to_the_reference)
{
    static const int sizes[] = {8, 17, 64, 100};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct problem q;
        make(&q, sizes[s], 60, .1);
        cr_assert_eq(souk_rowsolve_cg(&q.p, 3 * sizes[s], &q.scratch, q.x), SOUK_OK);
        cr_assert_lt(distance(&q), 2e-3, "d = %d: %g before rounding", sizes[s], distance(&q));
        round_to_halves(&q);
        memset(q.x, 0, (size_t)q.p.width * sizeof *q.x);
        cr_assert_eq(souk_rowsolve_cg(&q.p, 3 * sizes[s], &q.scratch, q.x), SOUK_OK);
        cr_assert_lt(distance(&q), 1e-4, "d = %d: %g", sizes[s], distance(&q));
        unmake(&q);
    }
}

/* n steps are exact, whatever x holds. */
Test(rowsolve, cg_solves_rows_of_few_pairs_without_a_start)
{
    for (int64_t count = 1; count <= SOUK_ROWSOLVE_COLD; count++) {
        struct problem q;
        make(&q, 100, count, .1);
        round_to_halves(&q);
        for (int c = 0; c < 100; c++)
            q.x[c] = 7;
        cr_assert_eq(souk_rowsolve_cg(&q.p, 1, &q.scratch, q.x), SOUK_OK);
        cr_assert_lt(distance(&q), count <= SOUK_ROWSOLVE_COLD_STEPS ? 1e-5 : .2, "%lld pairs: %g",
                     (long long)count, distance(&q));
        unmake(&q);
    }
}

Test(rowsolve, more_steps_of_cg_are_never_worse)
{
    struct problem q;
    double last = INFINITY;
    make(&q, 64, 40, .1);
    round_to_halves(&q);
    for (int steps = 1; steps <= 16; steps *= 2) {
        memset(q.x, 0, 64 * sizeof *q.x);
        cr_assert_eq(souk_rowsolve_cg(&q.p, steps, &q.scratch, q.x), SOUK_OK);
        cr_assert_leq(distance(&q), last * 1.05);
        last = distance(&q);
    }
    unmake(&q);
}

/* With the other blocks at their solution, a block's exact solution is the whole one's. */
Test(rowsolve, ialspp_stays_at_the_solution_and_comes_closer_from_elsewhere)
{
    static const int sizes[] = {17, 64, 100, 130};
    static const int64_t counts[] = {1, 16, 17, 49, 97, PAIRS_MAX};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            struct problem q;
            double first;
            make(&q, sizes[s], counts[c], .1);
            for (int i = 0; i < q.d; i++)
                q.x[i] = q.expected[i];
            cr_assert_eq(souk_rowsolve_ialspp(&q.p, 16, &q.scratch, q.x), SOUK_OK);
            cr_assert_lt(distance(&q), 5e-5, "d = %d, %lld pairs: %g", q.d, (long long)counts[c],
                         distance(&q));
            memset(q.x, 0, (size_t)q.p.width * sizeof *q.x);
            cr_assert_eq(souk_rowsolve_ialspp(&q.p, 16, &q.scratch, q.x), SOUK_OK);
            first = distance(&q);
            for (int round = 0; round < 200; round++)
                cr_assert_eq(souk_rowsolve_ialspp(&q.p, 16, &q.scratch, q.x), SOUK_OK);
            cr_assert(distance(&q) < .1 * first || distance(&q) < 5e-5, "d = %d, %lld: %g from %g",
                      q.d, (long long)counts[c], distance(&q), first);
            unmake(&q);
        }
    }
}

/* Woodbury's form needs a > 0; the other has to step in. */
Test(rowsolve, pairs_without_weight_and_with_a_negative_one_are_solved)
{
    struct problem q;
    make(&q, 64, 20, .1);
    q.a[3] = 0;
    q.a[7] = -.01f;
    cr_assert_eq(souk_rowsolve_reference(&q.p, q.expected), SOUK_OK);
    cr_assert_eq(souk_rowsolve_cholesky(&q.p, &q.scratch, q.x), SOUK_OK);
    cr_assert_lt(distance(&q), 2e-5);
    unmake(&q);
}

/* Every instruction set that runs here, not only the one that is chosen. */
static size_t kernels_here(const struct souk_rowsolve_kernels *kernels[3])
{
    size_t count = 0;
    kernels[count++] = &souk_rowsolve_plain;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("f16c"))
        kernels[count++] = &souk_rowsolve_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
        kernels[count++] = &souk_rowsolve_avx512;
#endif
    return count;
}

Test(rowsolve, the_kernels_of_all_instruction_sets_agree)
{
    static const int sizes[] = {8, 17, 48, 64, 100};
    static const int64_t counts[] = {0, 1, 3, 4, 5, 31, 48, 49, PAIRS_MAX};
    const struct souk_rowsolve_kernels *kernels[3];
    const size_t sets = kernels_here(kernels);
    for (size_t at = 0; at < sizeof sizes / sizeof sizes[0] * sizeof counts / sizeof counts[0];
         at++) {
        struct problem q;
        make(&q, sizes[at % 5], counts[at / 5], .1);
        round_to_halves(&q);
        for (size_t k = 0; k < sets; k++) {
            cr_assert_eq(kernels[k]->cholesky(&q.p, &q.scratch, q.x), SOUK_OK);
            cr_assert_lt(distance(&q), 2e-5, "%s, d = %d, %lld pairs: %g", kernels[k]->name, q.d,
                         (long long)q.p.count, distance(&q));
            memset(q.x, 0, (size_t)q.p.width * sizeof *q.x);
            kernels[k]->cg(&q.p, 4 * q.d, &q.scratch, q.x);
            cr_assert_lt(distance(&q), 1e-4, "%s, d = %d, %lld pairs: %g", kernels[k]->name, q.d,
                         (long long)q.p.count, distance(&q));
            for (int round = 0; round < 300; round++)
                cr_assert_eq(kernels[k]->ialspp(&q.p, 16, &q.scratch, q.x), SOUK_OK);
            cr_assert_lt(distance(&q), 1e-4, "%s, d = %d, %lld pairs: %g", kernels[k]->name, q.d,
                         (long long)q.p.count, distance(&q));
        }
        unmake(&q);
    }
}

/* Every size a half can have, subnormals and ties, against the compiler's conversion. */
Test(rowsolve, halves_are_rounded_to_the_nearest_on_all_instruction_sets)
{
    const struct souk_rowsolve_kernels *kernels[3];
    const size_t sets = kernels_here(kernels);
    float row[16];
    uint16_t out[16];
    for (int step = 0; step < 20500; step++) {
        for (int c = 0; c < 16; c++)
            row[c] = (float)((c % 2 ? -1 : 1) * ldexp(1 + step % 4099 / 4096., step % 41 - 26));
        for (size_t k = 0; k < sets; k++) {
            kernels[k]->halve(row, 16, .5f, out);
            for (int c = 0; c < 16; c++) {
                const _Float16 expected = (_Float16)(.5f * row[c]);
                cr_assert_arr_eq(&out[c], &expected, 2, "%s: %a", kernels[k]->name, row[c]);
            }
        }
    }
}

Test(rowsolve, rows_are_multiplied_by_a_matrix_of_any_size)
{
    static const int sizes[] = {1, 8, 16, 17, 33, 48, 100, 130};
    const struct souk_rowsolve_kernels *kernels[3];
    const size_t sets = kernels_here(kernels);
    for (size_t at = 0; at < sizeof sizes / sizeof sizes[0] * sets; at++) {
        const struct souk_rowsolve_kernels *k = kernels[at % sets];
        const int d = sizes[at / sets], width = (d + 15) / 16 * 16;
        const size_t rows = 29, w = (size_t)width;
        float *matrix = souk_alloc_aligned(w * w, sizeof(float));
        float *panels = souk_alloc_aligned(w * w, sizeof(float));
        float *x = souk_alloc_aligned(rows * w, sizeof(float));
        float *before = souk_alloc_aligned(rows * w, sizeof(float));
        float *scratch = souk_alloc_aligned(SOUK_ROWPRODUCT_ROWS * w, sizeof(float));
        for (int i = 0; i < d * d; i++)
            matrix[i] = (float)souk_random_normal(1, 1, (uint64_t)i);
        for (size_t i = 0; i < rows * w; i++)
            before[i] = x[i] = i % w < (size_t)d ? (float)souk_random_normal(1, 2, i) : 0;
        k->pack_panels(matrix, d, width, panels);
        k->multiply_rows(panels, width, x, width, (int64_t)rows, scratch);
        for (size_t i = 0; i < rows * w; i++) {
            double sum = 0;
            for (int c = 0; c < d && i % w < (size_t)d; c++)
                sum += (double)matrix[i % w * (size_t)d + (size_t)c] *
                       (double)before[i / w * w + (size_t)c];
            cr_assert_float_eq((double)x[i], sum, 2e-4, "%s, d = %d", k->name, d);
        }
        k->multiply_rows(panels, width, before + 5 * w, width, 1, scratch);
        cr_assert_arr_eq(before + 5 * w, x + 5 * w, w * sizeof *x, "%s: alone a row has other bits",
                         k->name);
        free(matrix);
        free(panels);
        free(x);
        free(before);
        free(scratch);
    }
}

Test(rowsolve, a_pair_that_comes_many_times_counts_as_often)
{
    struct problem q;
    make(&q, 33, 20, .1);
    for (int64_t k = 0; k < 20; k++)
        q.column[k] = 7;
    cr_assert_eq(souk_rowsolve_reference(&q.p, q.expected), SOUK_OK);
    cr_assert_eq(souk_rowsolve_cholesky(&q.p, &q.scratch, q.x), SOUK_OK);
    cr_assert_lt(distance(&q), 2e-5);
    unmake(&q);
}

/* Few pairs: to the last digits whatever the weights. Many: as good as single precision is. */
Test(rowsolve, weights_of_very_different_size_are_solved)
{
    struct problem q;
    for (int64_t count = 20; count <= 90; count += 70) {
        make(&q, 64, count, .1);
        for (int64_t k = 0; k < count; k++) {
            q.a[k] = count > 48 ? (k % 3 == 0 ? 1e2f : 1e-2f) : (k % 3 == 0 ? 1e6f : 1e-6f);
            q.b[k] = q.a[k] + 1;
        }
        cr_assert_eq(souk_rowsolve_reference(&q.p, q.expected), SOUK_OK);
        cr_assert_eq(souk_rowsolve_cholesky(&q.p, &q.scratch, q.x), SOUK_OK);
        cr_assert_lt(distance(&q), count > 48 ? 2e-4 : 2e-6, "%g", distance(&q));
        unmake(&q);
    }
}

Test(rowsolve, factors_that_start_at_odd_addresses_are_read)
{
    struct problem q;
    float shifted[ROWS * 64 + 1];
    make(&q, 64, 90, .1);
    for (int64_t count = 10; count <= 90; count += 80) {
        q.p.count = count;
        cr_assert_eq(souk_rowsolve_reference(&q.p, q.expected), SOUK_OK);
        memcpy(shifted + 1, q.factors, ROWS * 64 * sizeof *shifted);
        q.p.factors = shifted + 1;
        cr_assert_eq(souk_rowsolve_cholesky(&q.p, &q.scratch, q.x), SOUK_OK);
        cr_assert_lt(distance(&q), 2e-5);
    }
    unmake(&q);
}

Test(rowsolve, a_row_without_pairs_is_zero)
{
    struct problem q;
    make(&q, 20, 0, .1);
    q.x[3] = 5;
    cr_assert_eq(souk_rowsolve_cholesky(&q.p, &q.scratch, q.x), SOUK_OK);
    cr_assert_eq(distance(&q), 0);
    q.x[3] = 5;
    cr_assert_eq(souk_rowsolve_cg(&q.p, 3, &q.scratch, q.x), SOUK_OK);
    cr_assert_eq(distance(&q), 0);
    unmake(&q);
}

Test(rowsolve, large_and_small_values_are_solved)
{
    static const double scales[] = {1e-6, 1e-3, 1e3, 1e6};
    for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++) {
        struct problem q;
        make(&q, 33, 50, scales[s]);
        cr_assert_eq(souk_rowsolve_cholesky(&q.p, &q.scratch, q.x), SOUK_OK);
        cr_assert_lt(distance(&q), 2e-5, "scale %g: %g", scales[s], distance(&q));
        unmake(&q);
    }
}

Test(rowsolve, a_matrix_that_is_not_positive_definite_is_refused)
{
    struct problem q;
    make(&q, 16, 5, .1);
    q.p.ridge = -100;
    cr_assert_eq(souk_rowsolve_cholesky(&q.p, &q.scratch, q.x), SOUK_ENUMERIC);
    q.p.ridge = NAN;
    cr_assert_eq(souk_rowsolve_cholesky(&q.p, &q.scratch, q.x), SOUK_ENUMERIC);
    unmake(&q);
}

Test(rowsolve, bits_do_not_depend_on_what_was_solved_before)
{
    struct problem q, other;
    float again[64];
    make(&q, 50, 33, .1);
    make(&other, 50, 200, 3);
    cr_assert_eq(souk_rowsolve_cholesky(&q.p, &q.scratch, q.x), SOUK_OK);
    cr_assert_eq(souk_rowsolve_cholesky(&other.p, &q.scratch, other.x), SOUK_OK);
    cr_assert_eq(souk_rowsolve_cholesky(&q.p, &q.scratch, again), SOUK_OK);
    cr_assert_arr_eq(q.x, again, 50 * sizeof(float));
    unmake(&q);
    unmake(&other);
}
