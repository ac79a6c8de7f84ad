/** @file
 *  A symmetric positive definite matrix, factorized and solved in place: the dense part of the row
 *  solver, included once per instruction set by rowsolve_kernels.h, after TILE_ROWS and
 * TILE_VECTORS (how many accumulators fit the registers) are defined.
 *
 *      A = U' P^-1 U      U upper triangle, P its diagonal (the pivots): no square root on the way
 *
 *      for blocks of 16 rows:  eliminate in the 16 x 16 block on the diagonal, in registers
 *                              the same steps on the blocks to its right
 *                              A[below] -= (rows / pivots)' rows, tile by tile
 *
 *  The matrix is row-major, `n` x `n` with n a multiple of 16; only its upper triangle is read.
 *  Afterwards the blocks on the diagonal hold U strictly above the diagonal and zeros elsewhere,
 * and `inverse` holds 1 / pivot.
 */
#ifndef SOUK_MATH_ROWSOLVE_FACTOR_H
#define SOUK_MATH_ROWSOLVE_FACTOR_H

#include "shared/math/rowsolve_vec.h"

#include <math.h>
#include <stdbool.h>

enum { BLOCK = LANES };

/* A[rows i.., columns c..] += sum_k left[k][i..] x right[k][c..], one tile in registers.
 * @param left, right [count x stride] */
ALWAYS_INLINE void update_tile(float *matrix, int stride, const float *left, const float *right,
                               int count, int i, int c, int vectors)
{
    vec acc[TILE_ROWS][TILE_VECTORS];
    for (int r = 0; r < TILE_ROWS; r++)
        for (int v = 0; v < vectors; v++)
            acc[r][v] = load(matrix + (size_t)(i + r) * (size_t)stride + c + v * LANES);
    for (int k = 0; k < count; k++) {
        const float *l = left + (size_t)k * (size_t)stride + i;
        const float *y = right + (size_t)k * (size_t)stride + c;
        for (int r = 0; r < TILE_ROWS; r++)
            for (int v = 0; v < vectors; v++)
                acc[r][v] += l[r] * load(y + v * LANES);
    }
    for (int r = 0; r < TILE_ROWS; r++)
        for (int v = 0; v < vectors; v++)
            store(matrix + (size_t)(i + r) * (size_t)stride + c + v * LANES, acc[r][v]);
}

/* All tiles on or above the diagonal from row `from` on. */
static void update_upper(float *matrix, int stride, const float *left, const float *right,
                         int count, int from)
{
    for (int i = from; i < stride; i += TILE_ROWS) {
        int c = i / LANES * LANES;
        for (; c + TILE_VECTORS * LANES <= stride; c += TILE_VECTORS * LANES)
            update_tile(matrix, stride, left, right, count, i, c, TILE_VECTORS);
        for (; c < stride; c += LANES)
            update_tile(matrix, stride, left, right, count, i, c, 1);
    }
}

/* Lanes behind k: what row k keeps of its block. */
ALWAYS_INLINE vec keep_behind(vec v, int k)
{
    const lanemask lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return (vec)((lanemask)v & (lane > k));
}

/* Eliminate in one block on the diagonal.
 * @param multiplier [16 x 16], out: row k holds -U[k] / pivot k
 * @return false at a pivot that is not positive */
static bool eliminate_diagonal(float *block, int n, float *multiplier, float *inverse)
{
    vec row[BLOCK];
    for (int k = 0; k < BLOCK; k++)
        row[k] = load(block + (size_t)k * (size_t)n);
#pragma GCC unroll 16
    for (int k = 0; k < BLOCK; k++) {
        const float pivot = row[k][k];
        if (!(pivot > 0) || !isfinite(pivot))
            return false;
        inverse[k] = 1 / pivot;
        float *m = multiplier + k * BLOCK;
        store(m, -inverse[k] * row[k]);
#pragma GCC unroll 16
        for (int i = k + 1; i < BLOCK; i++)
            row[i] += m[i] * row[k];
    }
#pragma GCC unroll 16
    for (int k = 0; k < BLOCK; k++)
        store(block + (size_t)k * (size_t)n, keep_behind(row[k], k));
    return true;
}

/* The same steps on a block to the right of it; and its rows / -pivots. */
static void eliminate_right(float *block, int n, const float *multiplier, const float *inverse,
                            float *scaled)
{
    vec row[BLOCK];
    for (int k = 0; k < BLOCK; k++)
        row[k] = load(block + (size_t)k * (size_t)n);
#pragma GCC unroll 16
    for (int k = 0; k < BLOCK; k++)
#pragma GCC unroll 16
        for (int i = k + 1; i < BLOCK; i++)
            row[i] += multiplier[k * BLOCK + i] * row[k];
    for (int k = 0; k < BLOCK; k++) {
        store(block + (size_t)k * (size_t)n, row[k]);
        store(scaled + (size_t)k * (size_t)n, -inverse[k] * row[k]);
    }
}

/* @param panel [16 x n] scratch; inverse [n], out */
static bool factorize(float *matrix, int n, float *panel, float *inverse)
{
    float multiplier[BLOCK * BLOCK] __attribute__((aligned(64)));
    for (int k = 0; k < n; k += BLOCK) {
        float *rows = matrix + (size_t)k * (size_t)n;
        if (!eliminate_diagonal(rows + k, n, multiplier, inverse + k))
            return false;
        for (int c = k + BLOCK; c < n; c += BLOCK)
            eliminate_right(rows + c, n, multiplier, inverse + k, panel + c);
        update_upper(matrix, n, panel, rows, BLOCK, k + BLOCK);
    }
    return true;
}

/* z with U' P^-1 z = b, in place. */
static void substitute_forward(const float *matrix, int n, const float *inverse, float *x)
{
    for (int k0 = 0; k0 < n; k0 += BLOCK) {
        const float *rows = matrix + (size_t)k0 * (size_t)n;
        float scale[BLOCK];
        vec b = load(x + k0);
#pragma GCC unroll 16
        for (int k = 0; k < BLOCK; k++) {
            scale[k] = -b[k] * inverse[k0 + k];
            b += scale[k] * load(rows + (size_t)k * (size_t)n + k0);
        }
        store(x + k0, b);
        for (int c = k0 + BLOCK; c < n; c += LANES) {
            vec sum = load(x + c);
            for (int k = 0; k < BLOCK; k++)
                sum += scale[k] * load(rows + (size_t)k * (size_t)n + c);
            store(x + c, sum);
        }
    }
}

/* The products of four rows with x from column `from` on. */
ALWAYS_INLINE vec4 four_dots(const float *row, int n, const float *x, int from)
{
    vec sum[4] = {{0}};
    for (int c = from; c < n; c += LANES)
        for (int r = 0; r < 4; r++)
            sum[r] += load(row + (size_t)r * (size_t)n + c) * load(x + c);
    return add_lanes_of_four(sum[0], sum[1], sum[2], sum[3]);
}

/* x with U x = z, in place: in a block column by column, so that only one product is waited for. */
static void substitute_backward(const float *matrix, int n, const float *inverse, float *x)
{
    for (int k0 = n - BLOCK; k0 >= 0; k0 -= BLOCK) {
        const float *rows = matrix + (size_t)k0 * (size_t)n;
        for (int k = 0; k < BLOCK && k0 + BLOCK < n; k += 4)
            *(vec4 *)(x + k0 + k) -= four_dots(rows + (size_t)k * (size_t)n, n, x, k0 + BLOCK);
        for (int c = BLOCK - 1; c >= 0; c--) {
            const float value = x[k0 + c] * inverse[k0 + c];
            x[k0 + c] = value;
            for (int k = 0; k < c; k++)
                x[k0 + k] -= rows[(size_t)k * (size_t)n + (size_t)(k0 + c)] * value;
        }
    }
}

#endif
