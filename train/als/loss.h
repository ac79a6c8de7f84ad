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

/** The observed pairs' part, of the own items of a batch: the users' rows that they need are still
 *  in the matrix.
 *  @param of_item [own items], out: those of the batch are set */
void souk_loss_of_pairs(const struct souk_objective *objective, const struct souk_side sides[2],
                        int batch, double *of_item);

/** Collective.
 *  @param grams [2] of [d x d], by souk_side_kind
 *  @param of_item [own items], from souk_loss_of_pairs() */
souk_status souk_loss_all(const struct souk_comm *comm, const struct souk_objective *objective,
                          int d, const struct souk_side sides[2], double *const grams[2],
                          const double *of_item, double *loss,
                          struct souk_error *err) SOUK_MUST_CHECK;

#endif
