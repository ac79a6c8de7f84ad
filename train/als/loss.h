/** @file
 *  The loss over all cells, in double:
 *
 *      gram_weight * <X'X, Y'Y>  +  sum over observed pairs  +  sum over rows of ridge * |row|^2
 *
 *  (the trace form of the sum over all cells). Each row's share is summed in the order of its
 * pairs, rows are summed exactly: the same bits on any number of ranks.
 */
#ifndef SOUK_ALS_LOSS_H
#define SOUK_ALS_LOSS_H

#include "train/als/objective.h"
#include "train/als/side.h"

/** Collective. The ghosts of the users' matrix are up to date: items were just solved.
 *  @param grams [2] of [d x d], by souk_side_kind */
souk_status souk_loss_all(const struct souk_comm *comm, const struct souk_objective *objective,
                          int d, const struct souk_side sides[2], double *const grams[2],
                          double *loss, struct souk_error *err) SOUK_MUST_CHECK;

#endif
