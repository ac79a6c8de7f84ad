/** @file
 *  Derivatives of the loss by row, and their rounding to the integers that histograms add up.
 *
 *      whole gradient = nearest integer to gradient / unit      unit = 2^-k
 *
 *  with the smallest unit that keeps sums over all rows of all ranks up to 2^51, Hessians likewise:
 *  of 2^20 rows the integers have 31 bits, of 2^12 rows 39. A row's numbers and a leaf's value
 *  depend on nothing else: no seed, no rank.
 */
#ifndef SOUK_RANKER_GRADIENTS_H
#define SOUK_RANKER_GRADIENTS_H

#include "train/ranker/histogram.h"

struct souk_derivatives {
    int64_t rows, total_rows;
    bool exact;                 /**< whole numbers; false: as they are */
    double *gradient, *hessian; /**< [rows] */
    struct souk_gradients form; /**< what histograms read */
};

/** @param d free with souk_derivatives_fini(), also after a failure; @return SOUK_OK, SOUK_ENOMEM
 */
souk_status souk_derivatives_init(struct souk_derivatives *d, int64_t rows, int64_t total_rows,
                                  bool exact, struct souk_error *err) SOUK_MUST_CHECK;
void souk_derivatives_fini(struct souk_derivatives *d);

/** Collective. Agree on the units, and fill `form` from gradient and hessian.
 *  @return SOUK_OK, SOUK_ENUMERIC (a derivative is not finite), SOUK_ECOMM */
souk_status souk_derivatives_round_all(const struct souk_comm *comm, struct souk_derivatives *d,
                                       struct souk_error *err) SOUK_MUST_CHECK;

#endif
