/** @file
 *  Rows times a square matrix, included once per instruction set by rowsolve_kernels.h, after
 *  PRODUCT_ROWS (rows of a tile; with PRODUCT_VECTORS of columns they fill the registers).
 *
 *      panels   [ columns 0..31: width x 32 | columns 32..63: width x 32 | ... ]     one after the
 *               other, so that a tile reads them in a stream
 *
 *  An element is one sum over k in order, whatever the tile: a row's product does not depend on the
 *  rows around it.
 */
#ifndef SOUK_MATH_ROWPRODUCT_KERNELS_H
#define SOUK_MATH_ROWPRODUCT_KERNELS_H

#include "shared/math/rowproduct.h"
#include "shared/math/rowsolve_vec.h"

#include <assert.h>
#include <string.h>

enum { PRODUCT_VECTORS = 2 };
static_assert(PRODUCT_ROWS <= SOUK_ROWPRODUCT_ROWS, "a tile does not fit the scratch");

/* @return columns of the panel that begins at column c */
ALWAYS_INLINE int panel_columns(int width, int c)
{
    return width - c < PRODUCT_VECTORS * LANES ? width - c : PRODUCT_VECTORS * LANES;
}

static void pack_panels(const float *matrix, int d, int width, float *panels)
{
    for (int c = 0; c < width; c += PRODUCT_VECTORS * LANES) {
        const int columns = panel_columns(width, c);
        for (int k = 0; k < width; k++)
            for (int i = 0; i < columns; i++)
                *panels++ =
                    c + i < d && k < d ? matrix[(size_t)(c + i) * (size_t)d + (size_t)k] : 0;
    }
}

/* @param panel [width x vectors]; rows [count x stride]; out [count x width], of the whole product
 */
ALWAYS_INLINE void product_tile(const float *panel, int width, int vectors, const float *rows,
                                int stride, int count, float *out)
{
    vec sum[PRODUCT_ROWS][PRODUCT_VECTORS] = {{{0}}};
    for (int k = 0; k < width; k++)
        for (int r = 0; r < count; r++)
            for (int v = 0; v < vectors; v++)
                sum[r][v] += rows[(size_t)r * (size_t)stride + (size_t)k] *
                             load(panel + (size_t)(k * vectors + v) * LANES);
    for (int r = 0; r < count; r++)
        for (int v = 0; v < vectors; v++)
            store(out + (size_t)r * (size_t)width + v * LANES, sum[r][v]);
}

/* Rows of one tile, in place. */
ALWAYS_INLINE void multiply_few(const float *panels, int width, float *rows, int stride, int count,
                                float *scratch)
{
    for (int c = 0; c < width; c += PRODUCT_VECTORS * LANES) {
        const float *panel = panels + (size_t)c * (size_t)width;
        if (panel_columns(width, c) == PRODUCT_VECTORS * LANES)
            product_tile(panel, width, PRODUCT_VECTORS, rows, stride, count, scratch + c);
        else
            product_tile(panel, width, 1, rows, stride, count, scratch + c);
    }
    for (int r = 0; r < count; r++)
        memcpy(rows + (size_t)r * (size_t)stride, scratch + (size_t)r * (size_t)width,
               (size_t)width * sizeof *rows);
}

static void multiply_rows(const float *panels, int width, float *rows, int stride, int64_t count,
                          float *scratch)
{
    int64_t r = 0;
    for (; r + PRODUCT_ROWS <= count; r += PRODUCT_ROWS)
        multiply_few(panels, width, rows + r * stride, stride, PRODUCT_ROWS, scratch);
    for (; r < count; r++)
        multiply_few(panels, width, rows + r * stride, stride, 1, scratch);
}

#endif
