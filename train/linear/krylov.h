/** @file
 *  Leading eigenvectors of X'X by randomized block Krylov iteration with restarts (Halko,
 *  Martinsson, Tropp 2011; Musco and Musco 2015).
 *
 *      basis Q   [ Q0 | Q1 | Q2 | ... ]     Q0 random, Q(j+1) = what X'X Qj adds to Q0 .. Qj
 *      T = Q' X'X Q                         its eigenvalues theta and eigenvectors S are the Ritz
 *                                           values and, as Q S, vectors
 *
 *  A pair's residual || X'X v - theta v || is || R S_last ||, with R of the QR of the next block:
 *  there is an eigenvalue within it of theta, and so a singular value within residual / (2 theta)
 * of sqrt(theta), relatively. The iteration ends when that is below the tolerance for all wanted
 *  pairs, or the basis spans everything.
 */
#ifndef SOUK_LINEAR_KRYLOV_H
#define SOUK_LINEAR_KRYLOV_H

#include "train/linear/itemoperator.h"

#include <stdint.h>

struct souk_krylov_parameters {
    int64_t wanted;       /**< pairs, at least 1 and at most the number of items */
    int64_t oversample;   /**< columns of a block beyond that */
    int64_t depth;        /**< blocks of the basis before it is restarted, at least 2 */
    int64_t products_max; /**< products with X'X before it gives up */
    double tolerance;     /**< relative, of the singular values */
    uint64_t seed;
};

struct souk_krylov {
    const struct souk_itemoperator *a;
    struct souk_krylov_parameters parameters;
    int64_t width;         /**< of a block */
    int64_t columns_max;   /**< of the basis */
    int64_t columns, last; /**< of the basis now, and of its last block */
    double *basis;         /**< [columns_max x leading] */
    double *z;             /**< [width x leading] */
    double *y;             /**< [users x width] */
    double *projected;     /**< T [columns_max x columns_max] */
    double *theta;         /**< [columns], descending */
    double *vectors;       /**< S [columns x columns], column-major */
    double *product;       /**< [width x columns_max] */
    double *r;             /**< [width x width] */
    int64_t products, restarts;
    double error; /**< largest relative bound of the wanted singular values */
};

/** Bytes of a krylov iteration on this rank, its operator's buffers included; INT64_MAX where they
 *  overflow. Not collective. */
int64_t souk_krylov_memory(const struct souk_itemoperator *a,
                           const struct souk_krylov_parameters *parameters);

/** Collective. @param a must outlive it
 *  @param out empty with souk_krylov_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ELIMIT, SOUK_ENUMERIC (not converged), SOUK_ENOMEM, SOUK_ECOMM; the same
 * on every rank */
souk_status souk_krylov_run_all(struct souk_krylov *out, const struct souk_itemoperator *a,
                                const struct souk_krylov_parameters *parameters,
                                struct souk_error *err) SOUK_MUST_CHECK;
void souk_krylov_fini(struct souk_krylov *k);

/** The first `wanted` Ritz vectors. Not collective. @param out [wanted x leading] */
void souk_krylov_vectors(const struct souk_krylov *k, double *out);

#endif
