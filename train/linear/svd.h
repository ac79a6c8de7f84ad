/** @file
 *  PureSVD: the truncated singular value decomposition of the ratings (Cremonesi, Koren, Turrin
 *  2010), X ~ U S V'. Users get the factors U S, items V, and a score is their dot product.
 *
 *      krylov.h             leading directions of the items' space
 *      Y = X Q, QR, SVD     singular values of R, to full relative precision
 *
 *  Signs are fixed: the entry of a column of V that is largest by magnitude is positive.
 */
#ifndef SOUK_LINEAR_SVD_H
#define SOUK_LINEAR_SVD_H

#include "train/linear/krylov.h"

#include <stdint.h>

struct souk_svd {
    int parts;
    int64_t count;        /**< singular triplets: as many as wanted, or users, or items */
    double *values;       /**< [count], descending; on every rank */
    int stride;           /**< of factors; zero behind `count` */
    float **user_factors; /**< [parts][users x stride]; NULL for parts of other ranks */
    float **item_factors; /**< [parts][items x stride] */
};

/** Bytes of the whole decomposition on this rank, krylov's included; INT64_MAX where they overflow.
 *  The ratings come on top. Not collective. @param factors as for souk_svd_all() */
int64_t souk_svd_memory(const struct souk_itemoperator *a,
                        const struct souk_krylov_parameters *parameters, int factors);

/** Collective. @param krylov that has run, over an operator on these ratings
 *  @param factors at least krylov's wanted; further columns are 0
 *  @param out     free with souk_svd_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ELIMIT, SOUK_ENUMERIC, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_svd_all(const struct souk_krylov *krylov, int factors, struct souk_svd *out,
                         struct souk_error *err) SOUK_MUST_CHECK;
void souk_svd_fini(struct souk_svd *s);

#endif
