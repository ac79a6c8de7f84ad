/** @file
 *  Events on the rank that owns their user, in the order of the dataset.
 *
 *      offsets   0      3    4          (by the rank's own count of users, numbering.h)
 *      events    a1 a2 a3 | b1 | ...    within a user by time, item, type, order, value
 *
 *  Exact duplicates (the same user, time, item, type, order and value) are dropped unless asked
 * for. The order is total, so that it does not depend on ranks.
 */
#ifndef SOUK_INGEST_PLACEMENT_H
#define SOUK_INGEST_PLACEMENT_H

#include "train/comm/comm.h"
#include "train/ingest/eventlog.h"
#include "train/ingest/numbering.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_PLACED_TYPE_BITS = 8 };

struct souk_placed_event {
    int64_t time_ms;
    int64_t order;
    uint64_t item_type; /**< global item row << SOUK_PLACED_TYPE_BITS | type */
    souk_lidx user;     /**< as its owner counts it */
    float value;
};

static inline souk_gidx souk_placed_item(const struct souk_placed_event *e)
{
    return (souk_gidx)(e->item_type >> SOUK_PLACED_TYPE_BITS);
}
static inline int souk_placed_type(const struct souk_placed_event *e)
{
    return (int)(e->item_type & ((1U << SOUK_PLACED_TYPE_BITS) - 1));
}

struct souk_placement {
    struct souk_placed_event *events;
    int64_t *offsets;   /**< [users + 1] */
    int64_t users;      /**< that this rank owns, with events or without */
    int64_t duplicates; /**< dropped, on this rank */
};

/** Collective. Send every event of the log to the owner of its user, and sort.
 *  @param log its events are freed on the way
 *  @param out owned by the caller, empty with souk_placement_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_placement_make_all(const struct souk_comm *comm, struct souk_event_log *log,
                                    const struct souk_numbering *users,
                                    const struct souk_numbering *items, bool keep_duplicates,
                                    struct souk_placement *out,
                                    struct souk_error *err) SOUK_MUST_CHECK;
void souk_placement_fini(struct souk_placement *p);

#endif
