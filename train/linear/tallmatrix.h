/** @file
 *  Tall, narrow matrices whose rows lie over a grid of ranks x 1, one range of rows a rank.
 *
 *      rank 0    rows 0 .. per_rank - 1        column-major, [columns x leading]
 *      rank 1    rows per_rank ..
 *      ...       the last ranks may have fewer, or none
 *
 *  One struct souk_tall describes the layout; matrices of it are plain arrays.
 */
#ifndef SOUK_LINEAR_TALLMATRIX_H
#define SOUK_LINEAR_TALLMATRIX_H

#include "train/linear/blacs.h"

#include <stdint.h>

struct souk_tall {
    const struct souk_grid *grid; /**< ranks x 1 */
    int64_t rows, per_rank;
    int64_t first, local; /**< rows of this rank */
    int64_t leading;      /**< max(1, local) */
};

/** Not collective, but all ranks must pass the same. @param rows below 2^31
 *  @return SOUK_OK, SOUK_ELIMIT */
souk_status souk_tall_init(struct souk_tall *out, const struct souk_grid *grid, int64_t rows,
                           struct souk_error *err) SOUK_MUST_CHECK;

/** The rank that holds a row. */
static inline int souk_tall_owner(const struct souk_tall *t, int64_t row)
{
    return (int)(row / t->per_rank);
}

/** Not collective. Whether ScaLAPACK can index `columns` of it, else how many ranks would do. */
souk_status souk_tall_check(int64_t rows, int64_t columns, int ranks,
                            struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. QR by pdgeqrf and pdorgqr: z becomes Q, orthonormal also where z lacks rank.
 *  @param z [columns x leading]; columns <= rows
 *  @param r [columns x columns], column-major, the upper triangle R on every rank; NULL: not wanted
 *  @param want_q false: z is left as it comes
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ENUMERIC, SOUK_ECOMM; the same on every rank */
souk_status souk_tall_qr_all(const struct souk_tall *t, double *z, int64_t columns, double *r,
                             bool want_q, struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. product = basis' z on every rank.
 *  @param basis [basis_columns x leading]; @param product [columns x basis_columns] */
souk_status souk_tall_inner_all(const struct souk_tall *t, const double *basis,
                                int64_t basis_columns, const double *z, int64_t columns,
                                double *product, struct souk_error *err) SOUK_MUST_CHECK;

/** z -= basis * product. Not collective. */
void souk_tall_subtract(const struct souk_tall *t, const double *basis, int64_t basis_columns,
                        const double *product, double *z, int64_t columns);

/** out = basis * coefficients, `columns` of them [columns x leading_coefficients]. Not collective.
 */
void souk_tall_combine(const struct souk_tall *t, const double *basis, int64_t basis_columns,
                       const double *coefficients, int64_t leading_coefficients, double *out,
                       int64_t columns);

#endif
