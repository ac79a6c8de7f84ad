/** @file
 *  What is known of the items at a model's cut: the columns of a two-stage model, and with them the
 *  features `item.*`. A table in itemfacts.c names each, and says how it is computed.
 *
 *      pairs and events of all ranks -> exact sums over the items -> columns of the own parts
 */
#ifndef SOUK_TWOSTAGE_ITEMFACTS_H
#define SOUK_TWOSTAGE_ITEMFACTS_H

#include "train/comm/comm.h"
#include "train/comm/ratings.h"
#include "train/twostage/userevents.h"

/** Number of columns, and their names. */
int souk_item_facts_count(void);
const char *souk_item_facts_name(int column);

/** Collective. Takes 8 bytes for each item on every rank meanwhile.
 *  @param events [ratings->local_count]; @param types of the dataset
 *  @param cut_ms moment that ages are counted to
 *  @param columns [local_count] of [souk_item_facts_count() x items of the part], owned by the
 *         caller, free(); NULL on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_item_facts_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                const struct souk_user_events *events,
                                const struct souk_event_type *types, int64_t cut_ms,
                                float **columns, struct souk_error *err) SOUK_MUST_CHECK;

#endif
