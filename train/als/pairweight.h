/** @file
 *  What an observed pair counts in ALS: its weight to a power, and the less the longer ago it was.
 *
 *      v = weight^power * 2^(-age / half-life) / mean        (shared/score/recency.h)
 *
 *  The age is that of the pair's latest event, and the mean is over all pairs: alpha0 and lambda,
 *  which are set against the pairs, mean the same with any half-life.
 */
#ifndef SOUK_ALS_PAIRWEIGHT_H
#define SOUK_ALS_PAIRWEIGHT_H

#include "shared/score/recency.h"
#include "train/comm/ratings.h"

struct souk_pairweight_rule {
    double power;         /**< >= 0 */
    int64_t half_life_ms; /**< <= 0: age does not count */
};

/** Ratings as training sees them. */
struct souk_pairweight_view {
    struct souk_ratings ratings; /**< all but `local` and its weights is borrowed */
    float *weight;               /**< [pairs of this rank] */
    struct souk_recency recency; /**< what the half-life came to */
};

/** Collective. The same bits on any number of ranks.
 *  @param ratings must outlive the view
 *  @param out     empty with souk_pairweight_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENUMERIC (a power that overflows single precision), SOUK_ENOMEM,
 *          SOUK_ECOMM; the same on every rank */
souk_status souk_pairweight_view_all(const struct souk_comm *comm,
                                     const struct souk_ratings *ratings,
                                     const struct souk_pairweight_rule *rule,
                                     struct souk_pairweight_view *out,
                                     struct souk_error *err) SOUK_MUST_CHECK;
void souk_pairweight_fini(struct souk_pairweight_view *view);

#endif
