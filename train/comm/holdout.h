/** @file
 *  The split of the `per-user` protocol: the last share of each user's events is left out of
 *  training and is what evaluation asks for.
 *
 *      events of a user by time    e0 e1 e2 e3 e4 | e5 e6        share .25 of 7 events
 *                                  training       | held out
 *
 *  Training and evaluation call the same two functions on the same window of a dataset, so that
 *  they cut every user at the same event. A model that was trained so says `"holdout": SHARE` at
 *  the top level of its parameters_json.
 */
#ifndef SOUK_COMM_HOLDOUT_H
#define SOUK_COMM_HOLDOUT_H

#include "shared/data/dataset.h"

#include <stdint.h>

/** Index of the first event of a user that is held out: the last floor(count * share) are, except
 *  that events of one moment (an order) stay together: the cut moves to before the first of them,
 *  or, where nothing would be left to train on, behind the last of them.
 *  @param time_ms [count], ascending; @param share in [0, 1)
 *  @return in [0, count]; count: none is held out; 0 only for count 0 */
int64_t souk_holdout_first(const int64_t *time_ms, int64_t count, double share);

/** Remove the held-out events of every user from a part that was just read. Users stay, some with
 *  fewer events. share 0 changes nothing. */
void souk_holdout_trim(struct souk_dataset_part *part, double share);

/** The share in a model's parameters: 0 without the key, or without parameters.
 *  @return SOUK_OK, SOUK_EFORMAT (not JSON, not a number in [0, 1)) */
souk_status souk_holdout_of_parameters(const char *parameters_json, double *share,
                                       struct souk_error *err) SOUK_MUST_CHECK;

#endif
