/** @file
 *  Catalogue coverage: the share of the items that stand in somebody's list.
 */
#ifndef SOUK_EVALUATE_COVERAGE_H
#define SOUK_EVALUATE_COVERAGE_H

#include "train/comm/comm.h"
#include "train/evaluate/measure.h"

/** Collective. Distinct items within the first k of the lists of the set's users, divided by the
 *  items in training. @param coverage [cutoffs] of every k; NaN for a model without items
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_coverage_all(const struct souk_comm *comm, const struct souk_measure *measure,
                              const struct souk_set *set, double *coverage,
                              struct souk_error *err) SOUK_MUST_CHECK;

#endif
