/** @file
 *  Events of the same id are one event: it is kept once, wherever it was read.
 *
 *      each rank: (hash of the id, order) of its events --> the rank that owns the hash: which of
 *      the same hash comes first? --> back: the others are dropped
 *
 *  First is what the store says, then what has the smaller hash of its content: the choice depends
 *  on the events and not on ranks. Ids are told apart by 128 bits of XXH3.
 */
#ifndef SOUK_INGEST_EVENTIDS_H
#define SOUK_INGEST_EVENTIDS_H

#include "train/comm/comm.h"
#include "train/ingest/eventlog.h"

/** Collective. Take out of the log what has the id of another event, and count it. Frees the ids.
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_event_ids_unite_all(const struct souk_comm *comm, struct souk_event_log *log,
                                     struct souk_error *err) SOUK_MUST_CHECK;

#endif
