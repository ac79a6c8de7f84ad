#include "shared/events/eventschema.h"

#include <inttypes.h>

/* AUTOINCREMENT, so that the seq of a deleted event never comes again: readers go on from one. */
static const char sqlite_events[] =
    "CREATE TABLE event (seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE,"
    " user_id TEXT NOT NULL, item_id TEXT NOT NULL, type TEXT NOT NULL, ms INTEGER NOT NULL,"
    " stored_ms INTEGER NOT NULL, value REAL NOT NULL, request_id TEXT NOT NULL,"
    " model TEXT NOT NULL, arm TEXT NOT NULL) STRICT;"
    "CREATE INDEX event_user ON event (user_id, ms);";

/* `place` and `runs` rise with each erasure and prune: a watch sees by them what left no row. */
static const char sqlite_erasures[] =
    "CREATE TABLE erasure (place INTEGER PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL UNIQUE,"
    " erased_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE retention (before_ms INTEGER NOT NULL, runs INTEGER NOT NULL) STRICT;"
    "INSERT INTO retention VALUES (0, 0);";

/* COLLATE "C": ids are bytes, and an index by them must not depend on the system's locales, which
 * change with libc. */
static const char postgres_events[] =
    "CREATE TABLE souk.event (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " event_id text COLLATE \"C\" NOT NULL UNIQUE, user_id text COLLATE \"C\" NOT NULL,"
    " item_id text COLLATE \"C\" NOT NULL, type text COLLATE \"C\" NOT NULL, ms bigint NOT NULL,"
    " stored_ms bigint NOT NULL, value double precision NOT NULL, request_id text NOT NULL,"
    " model text NOT NULL, arm text NOT NULL);"
    "CREATE INDEX event_user ON souk.event (user_id, ms, seq);";

static const char postgres_erasures[] = "CREATE TABLE souk.erasure (user_id text COLLATE \"C\" "
                                        "PRIMARY KEY, erased_ms bigint NOT NULL);";

const struct souk_event_schema_step souk_event_schema_steps[SOUK_EVENT_SCHEMA_VERSION] = {
    {.sqlite = sqlite_events, .postgres = postgres_events},
    {.sqlite = sqlite_erasures, .postgres = postgres_erasures},
};

souk_status souk_event_schema_check(const char *store, int64_t version, struct souk_error *err)
{
    if (version == SOUK_EVENT_SCHEMA_VERSION)
        return SOUK_OK;
    if (version > SOUK_EVENT_SCHEMA_VERSION)
        return souk_fail(err, SOUK_EVERSION,
                         "%s: schema %" PRId64 " is newer than %d, which this program knows: use a "
                         "newer souk",
                         store, version, SOUK_EVENT_SCHEMA_VERSION);
    return souk_fail(err, SOUK_EVERSION,
                     "%s: schema %" PRId64 " is older than %d: start souk-proxy on it, or run "
                     "souk-events migrate",
                     store, version, SOUK_EVENT_SCHEMA_VERSION);
}
