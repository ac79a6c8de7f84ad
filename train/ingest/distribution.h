/** @file
 *  How a count is spread: events per user, events per item.
 */
#ifndef SOUK_INGEST_DISTRIBUTION_H
#define SOUK_INGEST_DISTRIBUTION_H

#include "train/comm/comm.h"

#include <stdint.h>

/** Over the things that have at least one. Quantiles interpolate between the two nearest values
 *  (type 7 of Hyndman and Fan 1996). All 0 when there is nothing. */
struct souk_distribution {
    int64_t min, max;
    double mean, median, p90, p99;
};

/** Collective. Over the values of all ranks; those that are 0 are left out.
 *  @param values [count] of this rank, not negative; takes 8 bytes times the largest of all
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_distribution_make_all(const struct souk_comm *comm, const int64_t *values,
                                       int64_t count, struct souk_distribution *out,
                                       struct souk_error *err) SOUK_MUST_CHECK;

#endif
