/** @file
 *  Histories as item-to-item models hold them.
 *
 *      weight of a pair  ->  weight^power x 2^-(age / half-life)
 *
 *  The age is the time from the last event of the pair to the last one of its user: what somebody
 *  is answered does not fade while he is away.
 */
#ifndef SOUK_COMM_HISTORYWEIGHT_H
#define SOUK_COMM_HISTORYWEIGHT_H

#include "train/comm/ratings.h"

/** Replace the weights of this rank's pairs. A weight that is not 0 stays above 0.
 *  @param power >= 0; @param half_life_ms > 0, or -1: no decay
 *  @return SOUK_OK, SOUK_ENUMERIC (a power that overflows single precision) */
souk_status souk_history_weigh(struct souk_ratings *ratings, double power, int64_t half_life_ms,
                               struct souk_error *err) SOUK_MUST_CHECK;

#endif
