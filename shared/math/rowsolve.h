/** @file
 *  One row of alternating least squares: its normal equations, and their solution.
 *
 *      A = diag(diagonal) + ridge * I + sum_j a_j y_j y_j'           [d x d]
 *      b = sum_j b_j y_j                                             [d]
 *      x = A^-1 b
 *
 *  (Hu, Koren, Volinsky 2008, eq. 4, and Rendle et al. 2021 have this form, with the weighted Gram
 *  matrix of all y in the place of the diagonal: the caller turns the factors into its eigenbasis,
 *  where it is one. A row of n pairs then costs n, not d, in what all rows share.)
 *
 *  Factors are zero behind d. A row's arithmetic
 * depends on that row alone and runs in the order of its pairs: the same bits whoever computes it.
 *
 *  Exact solutions of rows with n < 3/4 d pairs are found in the space of the pairs (Woodbury):
 *
 *      D = diag(diagonal) + ridge * I,  Z = a^1/2 Y D^-1/2   [n x d]
 *      x = D^-1/2 Z' (I + Z Z')^-1 a^-1/2 b                  n^2 d + n^3 / 3 operations
 *
 *  Kernels for AVX-512, AVX2 and plain C come from one body (rowsolve_kernels.h); which one runs is
 *  decided once, by what the processor has. souk_rowsolve_reference() is the oracle, in double.
 */
#ifndef SOUK_MATH_ROWSOLVE_H
#define SOUK_MATH_ROWSOLVE_H

#include "shared/base/status.h"

#include <stdint.h>

/** The least squares problem of one row. All borrowed. */
struct souk_rowproblem {
    int width;             /**< d, rounded up to a multiple of 16 */
    int stride;            /**< floats from one row of factors to the next, >= width */
    const float *diagonal; /**< [width], >= 0; 1 behind d */
    float ridge;
    const float *factors;   /**< rows y of the other side */
    const uint16_t *halves; /**< as factors, y / unit in half precision: for souk_rowsolve_cg() */
    float unit;             /**< power of two */
    const int32_t *column;  /**< [count], row of `factors` of each pair */
    const float *a, *b;     /**< [count]; with a_j >= 0 the
                                 matrix is positive definite */
    int64_t count;
    int64_t upcoming; /**< entries of `column` behind `count` that the next rows will read, >= 0 */
};

/** Scratch of one thread. */
struct souk_rowscratch {
    float *matrix;   /**< [block x block] */
    float *pairs;    /**< [block x width], scaled factors of few pairs */
    float *panel;    /**< two panels of rows */
    float *vectors;  /**< four vectors */
    float *of_pairs; /**< [2 x (longest + 3)] */
};

/** @param width of the problems; block of souk_rowsolve_ialspp(), for the exact solver the width
 *  @param longest pairs of a row */
souk_status souk_rowscratch_init(struct souk_rowscratch *s, int width, int block,
                                 int64_t longest) SOUK_MUST_CHECK;
void souk_rowscratch_fini(struct souk_rowscratch *s);

/** Solve exactly by Cholesky's factorization.
 *  @param x [width], out; zero where the row has no pair
 *  @return SOUK_OK, SOUK_ENUMERIC when a pivot is not positive */
souk_status souk_rowsolve_cholesky(const struct souk_rowproblem *p, struct souk_rowscratch *s,
                                   float *x) SOUK_MUST_CHECK;

enum {
    SOUK_ROWSOLVE_COLD = 16,      /**< pairs of a row that souk_rowsolve_cg() starts from zero */
    SOUK_ROWSOLVE_COLD_STEPS = 4, /**< that it takes then, at least */
};

/** `steps` of conjugate gradients from the x that is there (Takacs et al. 2011), preconditioned by
 *  diagonal + ridge. A row of at most SOUK_ROWSOLVE_COLD pairs starts from zero, so that its x need
 *  not be in the right basis, with SOUK_ROWSOLVE_COLD_STEPS at least (n steps are exact). Reads
 *  p->halves in place of p->factors: half the bytes. Always SOUK_OK. */
souk_status souk_rowsolve_cg(const struct souk_rowproblem *p, int steps, struct souk_rowscratch *s,
                             float *x) SOUK_MUST_CHECK;

/** A row of factors in half precision. @param scale 1 / unit: |scale * row| < 65504 */
void souk_rowsolve_halve(const float *row, int width, float scale, uint16_t *halves);

/** One round of block coordinate descent from the x that is there (iALS++: Rendle et al. 2021,
 *  arXiv 2110.14044): each block of factors is solved exactly while the others stand, which costs
 *  block / d of the exact solution. A row with no more pairs than `block` is solved exactly at
 * once.
 *  @param block multiple of 16
 *  @return as souk_rowsolve_cholesky() */
souk_status souk_rowsolve_ialspp(const struct souk_rowproblem *p, int block,
                                 struct souk_rowscratch *s, float *x) SOUK_MUST_CHECK;

/** The exact solution in double, plainly. @return as souk_rowsolve_cholesky(), or SOUK_ENOMEM */
souk_status souk_rowsolve_reference(const struct souk_rowproblem *p, float *x) SOUK_MUST_CHECK;

/** "avx512", "avx2" or "plain": what runs here. */
const char *souk_rowsolve_kernel_name(void);

#endif
