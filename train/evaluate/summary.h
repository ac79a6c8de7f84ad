/** @file
 *  From cases to figures: exact sums over all users of all ranks, means, bootstrap intervals.
 *
 *  Sums are integers (shared/math/fixed.h), so that no figure depends on ranks or threads. A user's
 *  weight in a bootstrap replicate is Poisson(1) of (seed, hash of the id, replicate).
 */
#ifndef SOUK_EVALUATE_SUMMARY_H
#define SOUK_EVALUATE_SUMMARY_H

#include "train/comm/comm.h"
#include "train/evaluate/measure.h"
#include "train/evaluate/sets.h"

#include <stdint.h>

struct souk_figure {
    double mean;      /**< NaN where there is nothing to average */
    double low, high; /**< bounds of the 95 % interval; NaN without replicates */
};

struct souk_set_summary {
    int64_t users, targets;
    struct souk_figure *figures; /**< [cutoffs][SOUK_METRICS] */
    double *coverage;            /**< [cutoffs] of the main sets; NULL for slices */
    double *replicates; /**< [replicates][cutoffs][SOUK_METRICS] of the main sets, NaN where
                             nobody counts; NULL for slices */
};

struct souk_summary {
    struct souk_set_summary sets[SOUK_SETS];
};

struct souk_bootstrap {
    int replicates; /**< 0: no intervals */
    uint64_t seed;
};

/** Collective. The same on every rank.
 *  @param out free with souk_summary_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_summary_make_all(const struct souk_comm *comm, const struct souk_measure *measure,
                                  const struct souk_bootstrap *bootstrap, struct souk_summary *out,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** The 95 % percentile interval of some replicates: those that are NaN are left out.
 *  @param values [count], sorted in place; @param figure low and high are set, NaN for none */
void souk_interval_of(double *values, int count, struct souk_figure *figure);
void souk_summary_fini(struct souk_summary *s);

#endif
