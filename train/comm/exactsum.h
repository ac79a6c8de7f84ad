/** @file
 *  The sum of doubles over all ranks, as one of fixed-point integers (shared/math/fixed.h): the
 * same bits on any number of ranks.
 */
#ifndef SOUK_COMM_EXACTSUM_H
#define SOUK_COMM_EXACTSUM_H

#include "train/comm/comm.h"

/** Collective.
 *  @param values [count], of this rank
 *  @param total  values of all ranks together, the same on each
 *  @return SOUK_OK, SOUK_ENUMERIC (a value is not finite), SOUK_ECOMM; the same on every rank */
souk_status souk_exact_sum_all(const struct souk_comm *comm, const double *values, int64_t count,
                               int64_t total, double *sum, struct souk_error *err) SOUK_MUST_CHECK;

#endif
