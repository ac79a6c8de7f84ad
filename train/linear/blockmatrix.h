/** @file
 *  A dense matrix of doubles over a grid of processes, two-dimensional block-cyclic as ScaLAPACK
 *  has it.
 *
 *      block (i, j) of `block` x `block` elements lives on process (i mod rows, j mod columns);
 *      a process keeps its blocks as one column-major array
 *
 *      grid 2 x 2      00 01 00 01        process 00 holds blocks (0,0) (0,2) (2,0) (2,2)
 *                      10 11 10 11
 *                      00 01 00 01
 *
 *  ScaLAPACK counts with 32 bits: a matrix has at most 2^31 - 1 rows and columns, and a local array
 *  that many elements. Local indices here are 64-bit; global ones start at 0.
 */
#ifndef SOUK_LINEAR_BLOCKMATRIX_H
#define SOUK_LINEAR_BLOCKMATRIX_H

#include "train/linear/blacs.h"
#include "train/linear/scalapack.h"

#include <stdint.h>

struct souk_blockmatrix {
    const struct souk_grid *grid;
    int64_t rows, columns, block;
    int64_t local_rows, local_columns;
    int64_t leading; /**< distance between local columns, at least 1 */
    double *local;   /**< [local_columns x leading] */
    int descriptor[SOUK_DESCRIPTOR_SIZE];
};

/** Rows (or columns) of n that process `at` of `processes` holds. */
int64_t souk_block_count(int64_t n, int64_t block, int at, int processes);

/** Which process holds a global row (or column), where it stands there, and back. */
static inline int souk_block_owner(int64_t global, int64_t block, int processes)
{
    return (int)(global / block % processes);
}
static inline int64_t souk_block_local(int64_t global, int64_t block, int processes)
{
    return global / block / processes * block + global % block;
}
static inline int64_t souk_block_global(int64_t local, int64_t block, int at, int processes)
{
    return (local / block * processes + at) * block + local % block;
}

/** Bytes of the largest local array of a matrix on the most square grid of `ranks`. */
int64_t souk_blockmatrix_bytes(int64_t rows, int64_t columns, int64_t block, int ranks);

/** The fewest ranks on whose grid every local array fits ScaLAPACK's 32 bits; 0: no number of
 *  ranks below 2^20 does, or the matrix itself has too many rows or columns. */
int souk_blockmatrix_ranks(int64_t rows, int64_t columns, int64_t block);

/** Not collective. Refuse what ScaLAPACK cannot hold on `ranks`, naming how many could.
 *  @return SOUK_OK, SOUK_ELIMIT */
souk_status souk_blockmatrix_check(int64_t rows, int64_t columns, int64_t block, int ranks,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. A zeroed matrix. @param block > 0
 *  @param out empty with souk_blockmatrix_fini(); zeroed on failure; the grid must outlive it
 *  @return SOUK_OK, SOUK_ELIMIT, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_blockmatrix_init_all(struct souk_blockmatrix *out, const struct souk_grid *grid,
                                      int64_t rows, int64_t columns, int64_t block,
                                      struct souk_error *err) SOUK_MUST_CHECK;
void souk_blockmatrix_fini(struct souk_blockmatrix *m);

#endif
