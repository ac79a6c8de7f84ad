/** @file
 *  Visitors who were erased, and until when: what they did up to that moment is not used, wherever
 *  it still stands.
 */
#ifndef SOUK_INGEST_ERASURES_H
#define SOUK_INGEST_ERASURES_H

#include "shared/events/eventstore.h"
#include "train/comm/comm.h"
#include "train/ingest/dictionary.h"
#include "train/ingest/eventlog.h"

struct souk_erasures {
    struct souk_dictionary users;
    int64_t *until_ms; /**< [users.count] */
    size_t room;
};

/** Collective. Rank 0 reads the marks, all ranks get them.
 *  @param store on rank 0, else NULL
 *  @param out owned by the caller, empty with souk_erasures_fini(), also on failure
 *  @return those of souk_event_store_erasures(), SOUK_ELIMIT, SOUK_ECOMM; the same on every rank */
souk_status souk_erasures_read_all(const struct souk_comm *comm, struct souk_event_store *store,
                                   struct souk_erasures *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Take out of this rank's log what the marks say, and count it. Not collective.
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_erasures_apply(const struct souk_erasures *e, struct souk_event_log *log,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** Safe on a zeroed struct. */
void souk_erasures_fini(struct souk_erasures *e);

#endif
