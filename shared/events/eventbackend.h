/** @file
 *  What a back-end of the store of events does; private to this folder.
 *
 *      eventstore.c      checks arguments, then calls through the table
 *      sqlitestore.c     one file; sqlitefile.c opens it, keeps its statements, names its errors
 *      postgresstore.c   a server; postgreslink.c connects, waits with a deadline, names its errors
 *      eventschema.c     the tables of both, by version
 *
 *  The functions of the table are those of eventstore.h with their contracts. They get arguments
 * that were checked.
 */
#ifndef SOUK_EVENTS_EVENTBACKEND_H
#define SOUK_EVENTS_EVENTBACKEND_H

#include "shared/events/eventstore.h"

/** The first member of a back-end's own struct. */
struct souk_event_store {
    const struct souk_event_backend *backend;
    bool writable;
};

struct souk_event_backend {
    bool shared; /**< several proxies may write at once */
    void (*close)(struct souk_event_store *s);
    souk_status (*claim)(struct souk_event_store *s, struct souk_error *err);
    souk_status (*append)(struct souk_event_store *s, const struct souk_event_record *events,
                          int count, enum souk_event_fate *fates, struct souk_error *err);
    souk_status (*read_user)(struct souk_event_store *s, const char *user, int64_t since_ms,
                             int64_t max, souk_event_visit visit, void *context,
                             struct souk_error *err);
    souk_status (*scan)(struct souk_event_store *s, int64_t after, souk_event_visit visit,
                        void *context, struct souk_error *err);
    souk_status (*count)(struct souk_event_store *s, struct souk_event_counts *out,
                         struct souk_error *err);
    souk_status (*prune)(struct souk_event_store *s, int64_t before_ms, int64_t *deleted,
                         struct souk_error *err);
    souk_status (*erase)(struct souk_event_store *s, const char *user, int64_t now_ms,
                         int64_t *deleted, struct souk_error *err);
    souk_status (*erased_ms)(struct souk_event_store *s, const char *user, int64_t *out,
                             struct souk_error *err);
    souk_status (*erasures)(struct souk_event_store *s, souk_erasure_visit visit, void *context,
                            struct souk_error *err);
    souk_status (*watch)(struct souk_event_store *s, int64_t timeout_ms, souk_event_changed changed,
                         void *context, struct souk_error *err);
};

/** A copy whose texts lie in one allocation, which begins at out->user: souk_event_record_drop().
 *  @return false: no memory */
bool souk_event_record_copy(struct souk_event_record *out,
                            const struct souk_event_record *in) SOUK_MUST_CHECK;
void souk_event_record_drop(struct souk_event_record *copy);

/** @param path as behind "sqlite:"
 *  @param synchronous "FULL"; tests that want to lose events say "OFF" */
souk_status souk_sqlite_store_open(const char *path, enum souk_event_access access,
                                   const char *synchronous, struct souk_event_store **out,
                                   struct souk_error *err) SOUK_MUST_CHECK;

souk_status souk_postgres_store_open(const char *url, enum souk_event_access access,
                                     struct souk_event_store **out,
                                     struct souk_error *err) SOUK_MUST_CHECK;

#endif
