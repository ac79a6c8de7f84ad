/** @file
 *  Derivatives of the loss by row, and their rounding to the integers that histograms add up.
 *
 *      packed gradient = floor(gradient / unit + u)       unit = largest |gradient| / 4095
 *
 *  with u in [0, 1) from a hash of (seed, tree, the row's group and place): the mean of the
 *  rounding is exact, however small the gradient is beside the largest (as in Shi et al. 2022,
 *  "Quantized Training of Gradient Boosting Decision Trees"). Values of leaves do not come from
 *  rounded gradients, but from sums in 64-bit fixed point (shared/math/fixed.h).
 *
 *  Of few rows the integers may be larger, and are then the nearest ones: no u, the same whatever
 * the seed (SOUK_HISTOGRAM_WIDE).
 */
#ifndef SOUK_RANKER_GRADIENTS_H
#define SOUK_RANKER_GRADIENTS_H

#include "train/ranker/histogram.h"

struct souk_derivatives {
    int64_t rows, total_rows;
    enum souk_histogram_kind kind;     /**< as chosen: never AUTO */
    double *gradient, *hessian;        /**< [rows] */
    uint64_t *key;                     /**< [rows], random bits of each row (rankdata.h) */
    struct souk_gradients form;        /**< what histograms read */
    int gradient_shift, hessian_shift; /**< of sums in fixed point */
};

/** @param d free with souk_derivatives_fini(), also after a failure; @return SOUK_OK, SOUK_ENOMEM
 */
souk_status souk_derivatives_init(struct souk_derivatives *d, int64_t rows, int64_t total_rows,
                                  enum souk_histogram_kind kind,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_derivatives_fini(struct souk_derivatives *d);

/** Collective. Agree on the scales, and fill `form` from gradient and hessian.
 *  @return SOUK_OK, SOUK_ENUMERIC (a derivative is not finite), SOUK_ECOMM */
souk_status souk_derivatives_round_all(const struct souk_comm *comm, struct souk_derivatives *d,
                                       uint64_t tree, struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Exact sums over lists of rows, of all ranks together.
 *  @param row   [starts[lists - 1] + counts[lists - 1]]
 *  @param sum   [lists][2]: gradient, Hessian */
souk_status souk_derivatives_sum_all(const struct souk_comm *comm, const struct souk_derivatives *d,
                                     const int32_t *row, const int64_t *start, const int64_t *count,
                                     int lists, double (*sum)[2],
                                     struct souk_error *err) SOUK_MUST_CHECK;

#endif
