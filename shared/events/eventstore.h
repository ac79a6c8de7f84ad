/** @file
 *  The store of events: what visitors did, kept durably from the moment it is acknowledged.
 *
 *      souk_event_store_open("sqlite:/var/lib/souk/events.db" | "postgresql://...")
 *          |  one connection, for one thread at a time; open as many as there are threads
 *          +-- append   a group in one transaction: durable when it returns
 *          +-- read     the events of one visitor, of all since a place, counts
 *          +-- change   prune, erase
 *          +-- watch    whose events another process has changed
 *
 *  `event_id` makes an event unique: what comes again is a duplicate, and the first one stays.
 * Events have a place (`seq`, ascending as they are stored) beside their time: readers go on from a
 * place. Erasing a visitor deletes the events and leaves a mark with the time of erasure, which
 * ingest and the fleet obey: what a model or a file still has of the visitor from before the mark
 * is not used.
 */
#ifndef SOUK_EVENTS_EVENTSTORE_H
#define SOUK_EVENTS_EVENTSTORE_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SOUK_EVENT_ID_MAX = 64,      /**< bytes of an event_id, and of a request_id */
    SOUK_EVENT_TYPE_MAX = 64,    /**< bytes of a type's name */
    SOUK_EVENT_ARM_MAX = 32,     /**< bytes of an arm's name */
    SOUK_EVENT_MODEL_MAX = 16,   /**< hex digits of a model's id */
    SOUK_EVENT_GROUP_MAX = 4096, /**< events in one append */
};

#define SOUK_EVENT_TIME_MAX INT64_C(253402300799999) /**< the last millisecond of the year 9999 */

/** One event. Texts are NUL-terminated UTF-8; "" where there is none. */
struct souk_event_record {
    const char *user, *item, *type; /**< ids of 1 to 128 bytes; the name of a type */
    const char *event_id;           /**< 1 to 64 bytes; unique */
    const char *request_id;         /**< of the recommendation that led to it */
    const char *model, *arm;        /**< that made the recommendation */
    int64_t ms;                     /**< when it happened, milliseconds since 1970 */
    int64_t stored_ms;              /**< when it was stored; 0 in append: now */
    double value;                   /**< revenue or the like; 0: none */
    int64_t seq;                    /**< its place; not read by append */
};

struct souk_event_store;

enum souk_event_access {
    SOUK_EVENTS_READ, /**< changes nothing (SOUK_EINVAL); the store must be there, of this schema */
    SOUK_EVENTS_CHANGE, /**< may change events; the store must be there, of this schema */
    SOUK_EVENTS_WRITE,  /**< and makes the store, or brings its schema up to date */
};

/** Whether a record may be stored: ids and names of their lengths, UTF-8 without control
 *  characters, a finite value, times from 1970 to 9999.
 *  @return SOUK_OK, SOUK_EINVAL with the field: "'event_id' must be ..." */
souk_status souk_event_record_check(const struct souk_event_record *event,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Open a connection.
 *  @param url "sqlite:PATH", or "postgresql://..." as libpq reads it (a password belongs into its
 *         passfile). PostgreSQL must have fsync and synchronous_commit on: else SOUK_EINVAL
 *  @return SOUK_OK, SOUK_EUSAGE (not a URL), SOUK_ENOTFOUND (nothing to read), SOUK_EFORMAT (of
 *          another program), SOUK_EVERSION (of another schema), SOUK_EINTEGRITY (damaged),
 *          SOUK_EINVAL, SOUK_EUNAVAILABLE (no server, locked), SOUK_EIO, SOUK_ENOMEM */
souk_status souk_event_store_open(const char *url, enum souk_event_access access,
                                  struct souk_event_store **out,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** NULL is fine. */
void souk_event_store_close(struct souk_event_store *s);

/** Be the one proxy of an embedded store, until this connection is closed. Nothing to do where
 *  several may share it. @return SOUK_OK, SOUK_EEXIST, SOUK_EIO */
souk_status souk_event_store_claim(struct souk_event_store *s,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Whether several proxies may write at once (PostgreSQL). */
bool souk_event_store_is_shared(const struct souk_event_store *s);

enum souk_event_fate {
    SOUK_EVENT_STORED,
    SOUK_EVENT_DUPLICATE, /**< of one that is stored, or stands before it in the group */
    SOUK_EVENT_ERASED,    /**< not stored: its visitor was erased at or after its time */
};

/** Store a group in one transaction: all of it is durable when this returns SOUK_OK, nothing of it
 *  is promised else (the same group may then be sent again). Other processes that watch are told.
 *  @param fates [count], out @param count up to SOUK_EVENT_GROUP_MAX
 *  @return SOUK_OK, SOUK_EINVAL (souk_event_record_check(), or more than the maximum),
 *          SOUK_EUNAVAILABLE (no server, locked), SOUK_EIO (full disk or the like), SOUK_ENOMEM */
souk_status souk_event_store_append(struct souk_event_store *s,
                                    const struct souk_event_record *events, int count,
                                    enum souk_event_fate *fates,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Called for each record; its texts are valid until it returns. @return false: enough */
typedef bool (*souk_event_visit)(void *context, const struct souk_event_record *event);

/** The latest `max` events of a visitor with ms >= since_ms, the latest first (by ms, then seq). */
souk_status souk_event_store_read_user(struct souk_event_store *s, const char *user,
                                       int64_t since_ms, int64_t max, souk_event_visit visit,
                                       void *context, struct souk_error *err) SOUK_MUST_CHECK;

/** All events with seq > after, ascending. What is stored meanwhile may or may not be seen; nothing
 *  with a smaller seq appears behind what was visited. No lock and no snapshot is held while
 * visit() runs: it may take its time. */
souk_status souk_event_store_scan(struct souk_event_store *s, int64_t after, souk_event_visit visit,
                                  void *context, struct souk_error *err) SOUK_MUST_CHECK;

struct souk_event_counts {
    int64_t events, users, items, erased; /**< erased: visitors with a mark */
    int64_t first_ms, last_ms;            /**< 0, 0 where there is no event */
    int64_t bytes;                        /**< that the store takes; -1: not known */
};
/** Reads everything: for an operator's tool. */
souk_status souk_event_store_count(struct souk_event_store *s, struct souk_event_counts *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Delete events with ms < before_ms. @param deleted out */
souk_status souk_event_store_prune(struct souk_event_store *s, int64_t before_ms, int64_t *deleted,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Delete a visitor's events and leave the mark, which never goes back. @param now_ms from when on
 *  the visitor's events are stored again @param deleted events, out */
souk_status souk_event_store_erase(struct souk_event_store *s, const char *user, int64_t now_ms,
                                   int64_t *deleted, struct souk_error *err) SOUK_MUST_CHECK;

/** Until when a visitor is erased; 0: not at all. */
souk_status souk_event_store_erased_ms(struct souk_event_store *s, const char *user, int64_t *out,
                                       struct souk_error *err) SOUK_MUST_CHECK;

/** All marks. */
typedef bool (*souk_erasure_visit)(void *context, const char *user, int64_t erased_ms);
souk_status souk_event_store_erasures(struct souk_event_store *s, souk_erasure_visit visit,
                                      void *context, struct souk_error *err) SOUK_MUST_CHECK;

/** Wait for changes by other connections, of this process too, at most timeout_ms.
 *  @param changed called for each visitor whose events were changed; NULL for the user: any may
 *         have been (the first call, a connection that was lost and found, a prune). May repeat
 *  @return SOUK_OK, also at the timeout; SOUK_EUNAVAILABLE: call again, it connects anew */
typedef void (*souk_event_changed)(void *context, const char *user);
souk_status souk_event_store_watch(struct souk_event_store *s, int64_t timeout_ms,
                                   souk_event_changed changed, void *context,
                                   struct souk_error *err) SOUK_MUST_CHECK;

#endif
