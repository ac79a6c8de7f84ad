/** @file
 *  What a report draws of the lists of the headline's users: metrics at every length, the scores of
 *  hits and of others, and how popular what is recommended is.
 */
#ifndef SOUK_EVALUATE_CURVES_H
#define SOUK_EVALUATE_CURVES_H

#include "train/comm/comm.h"
#include "train/evaluate/measure.h"

#include <stdint.h>

enum { SOUK_SCORE_BINS = 40 };

struct souk_curves {
    int depth;                                    /**< longest list */
    double *recall, *precision, *ndcg, *hit_rate; /**< [depth], at k = 1 .. depth */
    double low, high;                             /**< scores of the bins' ends */
    int64_t hits[SOUK_SCORE_BINS];                /**< recommended and wanted, by score */
    int64_t others[SOUK_SCORE_BINS];              /**< recommended and not wanted */
    double recommended[SOUK_DECILES];             /**< share of the recommendations */
    double wanted[SOUK_DECILES];                  /**< share of the targets */
    double trained[SOUK_DECILES];                 /**< share of the training events */
};

/** Collective. The same on every rank, whatever their number.
 *  @param out free with souk_curves_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_curves_make_all(const struct souk_comm *comm, const struct souk_measure *measure,
                                 struct souk_curves *out, struct souk_error *err) SOUK_MUST_CHECK;
void souk_curves_fini(struct souk_curves *c);

#endif
