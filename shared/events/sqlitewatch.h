/** @file
 *  Changes of a SQLite store by other connections. SQLite tells nobody; but a counter of the file
 *  says whether anything was committed, for less than a microsecond, and what was is then looked
 * up.
 */
#ifndef SOUK_EVENTS_SQLITEWATCH_H
#define SOUK_EVENTS_SQLITEWATCH_H

#include "shared/events/sqlitefile.h"

/** What was told already. Zeroed: nothing. */
struct souk_sqlite_watched {
    bool started;
    int64_t data_version;     /**< that counter */
    int64_t seq, place, runs; /**< of the newest event, erasure, prune */
};

/** As souk_event_store_watch(). The file's statements are those of sqlitestatements.h. */
souk_status souk_sqlite_watch(struct souk_sqlite_file *f, struct souk_sqlite_watched *w,
                              int64_t timeout_ms, souk_event_changed changed, void *context,
                              struct souk_error *err) SOUK_MUST_CHECK;

#endif
