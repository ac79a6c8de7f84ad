/** @file
 *  Rows times a square matrix of their own width, in place: what turns factors into another basis.
 *
 *      x = x M'      M [d x d], a row per column of the product      2 d^2 operations a row
 *
 *  A row's product depends on that row alone, not on those around it (of a BLAS that is not
 *  promised). Kernels as in rowsolve.h.
 */
#ifndef SOUK_MATH_ROWPRODUCT_H
#define SOUK_MATH_ROWPRODUCT_H

#include <stdint.h>

enum { SOUK_ROWPRODUCT_ROWS = 12 }; /**< that are multiplied at a time, at most */

/** Lay a matrix out for souk_rowproduct().
 *  @param matrix [d x d]; panels [width x width], aligned, out; width is d rounded up to 16 */
void souk_rowproduct_pack(const float *matrix, int d, int width, float *panels);

/** @param rows [count x stride], zero behind d, and so they stay
 *  @param scratch [SOUK_ROWPRODUCT_ROWS x width], aligned */
void souk_rowproduct(const float *panels, int width, float *rows, int stride, int64_t count,
                     float *scratch);

#endif
