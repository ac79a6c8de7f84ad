/** @file
 *  The events of a rank's share of the input, with local indexes for users and items.
 */
#ifndef SOUK_INGEST_EVENTLOG_H
#define SOUK_INGEST_EVENTLOG_H

#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "train/comm/comm.h"
#include "train/ingest/dictionary.h"
#include "train/ingest/format.h"
#include "train/ingest/rejects.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** No order: RetailRocket's views, or a log without orders. */
#define SOUK_ORDER_NONE INT64_C(-1)

struct souk_event {
    int64_t time_ms;
    int64_t order; /**< souk_order_number() */
    souk_lidx user, item;
    float value;
    uint8_t type;
};

struct souk_event_log {
    struct souk_event *events;
    size_t count, cap;
    bool keeps_ids, file_has_ids; /**< ids are asked for; a file has some, too */
    struct souk_hash_wide *ids;   /**< [count], where they are kept; zero: the event has none */
    size_t id_cap;
    size_t from_store;     /**< so many, the first ones, are the store's */
    bool store_has_values; /**< an event of the store has one; the same on all ranks */
    struct souk_dictionary users, items; /**< what the local indexes mean */
    struct souk_rejects rejects;         /**< rows that are no events */
    const char **sources; /**< [files, and the store behind them], where rejected rows stand */
};

/** What to read, the same on all ranks. */
struct souk_event_input {
    const struct souk_format *format;
    const struct souk_event_types *types;
    enum souk_time_unit time_unit;
    const char *const *files; /**< [file_count] */
    int file_count;
    char separator;
    bool has_header;
    const char *store_url; /**< of a store that is read beside the files; NULL: none */
};

/** The number of an order: the integer that its text is (invoice 536365), else a negative number
 *  made of its XXH3-64: two orders share one only where 63 bits of hash collide. SOUK_ORDER_NONE
 * for an empty text.
 *  @return false when the text is no identifier */
bool souk_order_number(const char *text, size_t len, int64_t *number);

/** Collective. Read this rank's share of the store and of every file, without events of erased
 *  visitors and without those of the same id (eventids.h). log->rejects is summed over the ranks.
 *  @param log owned by the caller, empty with souk_event_log_fini(), also on failure
 *  @return SOUK_OK; SOUK_ENOTFOUND, SOUK_EIO, SOUK_EFORMAT (souk_source_open_all, a missing
 *          column), those of souk_event_store_open(), SOUK_ENOMEM, SOUK_ECOMM; the same on every
 *          rank */
souk_status souk_event_log_read_all(const struct souk_comm *comm,
                                    const struct souk_event_input *input,
                                    struct souk_event_log *log,
                                    struct souk_error *err) SOUK_MUST_CHECK;
/** Take events out, and the ids of users and items that have none left.
 *  @param drop [log->count] @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_event_log_drop(struct souk_event_log *log, const bool *drop,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** Free the events alone. */
void souk_event_log_free_events(struct souk_event_log *log);
void souk_event_log_fini(struct souk_event_log *log);

#endif
