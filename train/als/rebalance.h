/** @file
 *  Spread rows anew by what they were measured to cost.
 *
 *  The factors move to their new owners as they are: the model's bits do not change.
 */
#ifndef SOUK_ALS_REBALANCE_H
#define SOUK_ALS_REBALANCE_H

#include "train/als/als.h"

/** The load of the busiest rank over the mean, before and after, in measured time. */
struct souk_rebalance_report {
    double before[2], after[2]; /**< by souk_side_kind */
};

/** Collective. Uses the times of the last epoch that ran with als->block_us. Takes a copy of the
 * own rows, and for a while what building the sides takes.
 *  @return SOUK_OK, or what souk_sides_init_all() returns: `als` is then good for souk_als_fini()
 * only
 */
souk_status souk_als_rebalance_all(struct souk_als *als, const struct souk_ratings *ratings,
                                   struct souk_rebalance_report *report,
                                   struct souk_error *err) SOUK_MUST_CHECK;

#endif
