/** @file
 *  On which days how many users had an item: what a two-stage model keeps for the features
 * `days.*`.
 *
 *      events of the own users -> (item, day), each user once -> owners of the items -> rows of
 * days
 */
#ifndef SOUK_TWOSTAGE_ITEMDAYS_H
#define SOUK_TWOSTAGE_ITEMDAYS_H

#include "shared/model/modelfile.h"
#include "train/comm/comm.h"
#include "train/comm/ratings.h"
#include "train/twostage/userevents.h"

/** Collective. Takes 16 bytes for each event of the own users, and of the own items, meanwhile.
 *  @param events [ratings->local_count]
 *  @param out    [local_count], empty with souk_item_days_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_item_days_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                               const struct souk_user_events *events, struct souk_day_rows *out,
                               struct souk_error *err) SOUK_MUST_CHECK;
void souk_item_days_fini(struct souk_day_rows *days);

#endif
