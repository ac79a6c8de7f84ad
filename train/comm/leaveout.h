/** @file
 *  Leave-one-out: of each user one wanted item is kept out of training, with everything that the
 *  user did to it, and is what is asked for.
 *
 *      events by time    a view, b view, a buy, c view, b view, b buy, d view
 *      1st from the end  b: all three events of b are left out       2nd: a, with both of its
 *
 *  Items are ordered by their last event of a wanted type. A user who would have nothing left keeps
 *  everything and is not asked.
 */
#ifndef SOUK_COMM_LEAVEOUT_H
#define SOUK_COMM_LEAVEOUT_H

#include "shared/base/status.h"
#include "shared/data/dataset.h"

#include <stdint.h>

/** The event that stands for the pair: the last of a wanted type with its item.
 *  @param item, type [count], by time; @param place 1: the latest item, 2: the one before it, ...
 *  @return its index, -1: nothing is left out */
int64_t souk_leaveout_event(const struct souk_event_type *types, const int64_t *item,
                            const uint8_t *type, int64_t count, int place);

/** Remove the pairs of all users from a part that was just read. place 0 changes nothing. */
void souk_leaveout_trim(const struct souk_event_type *types, int place,
                        struct souk_dataset_part *part);

/** The place in a model's parameters, its key "leave-out": 0 without the key, or parameters.
 *  @return SOUK_OK, SOUK_EFORMAT (not JSON, not a number in range) */
souk_status souk_leaveout_of_parameters(const char *parameters_json, int *place,
                                        struct souk_error *err) SOUK_MUST_CHECK;

#endif
