/** @file
 *  The events of a store (shared/events), dealt to the ranks.
 *
 *      rank 0: scan -> blocks of records -> rank 0, 1, .., 0, 1, ..     in the order of the store
 *
 *  One rank reads: all see one and the same state of a store that others write meanwhile, and a
 *  SQLite file need be on that rank's host only. One block on each rank is all that it takes.
 */
#ifndef SOUK_INGEST_STORESOURCE_H
#define SOUK_INGEST_STORESOURCE_H

#include "shared/events/eventstore.h"
#include "train/comm/comm.h"

/** An event that was dealt to this rank: user, item, type, event_id, ms, value and seq are filled
 *  in, and valid until it returns. @return SOUK_OK; anything else ends the reading, on all ranks */
typedef souk_status (*souk_store_take)(void *context, const struct souk_event_record *event,
                                       struct souk_error *err);

/** Collective. Read all events of the store; what is stored meanwhile may or may not be among them.
 *  @param store on rank 0, else NULL
 *  @return those of souk_event_store_scan() and of `take`, SOUK_ECOMM; the same on every rank */
souk_status souk_store_deal_all(const struct souk_comm *comm, struct souk_event_store *store,
                                souk_store_take take, void *context,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
