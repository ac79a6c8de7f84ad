#include "shared/events/postgresstatements.h"

/* In the order of postgresstatements.h. */
#define COLUMNS "user_id, item_id, type, event_id, request_id, model, arm, ms, stored_ms, value"

const char *const souk_postgres_texts[SOUK_PG_STATEMENTS] = {
    /* Each statement sees what was committed before it began: the marks are read, and event_ids
     * compared, after the lock was granted. */
    [SOUK_PG_BEGIN] = "BEGIN ISOLATION LEVEL READ COMMITTED",
    [SOUK_PG_COMMIT] = "COMMIT",
    /* A sequence gives numbers as they are asked for, not as transactions commit: without the lock
     * an event with a smaller seq could appear behind what a scan has passed, and would never be
     * read. It is held until the commit is on disk, so that groups are stored one after the other,
     * whatever the number of proxies: larger groups make up for it. The number is this lock's
     * name. */
    [SOUK_PG_LOCK] = "SELECT pg_advisory_xact_lock(8319104481852286838)",
    [SOUK_PG_MARKS] =
        "SELECT user_id, erased_ms FROM souk.erasure WHERE user_id = ANY ($1::text[])",
    /* Seqs are given in the order of the rows. Watchers are told of the users of what was stored,
     * 60 at a time: 60 ids of 128 bytes fit into the 8000 of a notification. */
    [SOUK_PG_INSERT] =
        "WITH stored AS (INSERT INTO souk.event (" COLUMNS ") SELECT " COLUMNS
        " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],"
        " $7::text[], $8::bigint[], $9::bigint[], $10::float8[]) WITH ORDINALITY AS e (" COLUMNS
        ", place) WHERE e.ms > coalesce((SELECT x.erased_ms FROM souk.erasure x"
        " WHERE x.user_id = e.user_id), -1) ORDER BY place"
        " ON CONFLICT (event_id) DO NOTHING RETURNING event_id, user_id, seq),"
        " parts AS (SELECT *, (row_number() OVER (ORDER BY seq) - 1) / 60 AS part FROM stored)"
        " SELECT string_agg(event_id, E'\\n' ORDER BY seq),"
        " pg_notify('souk_events', string_agg(DISTINCT user_id, E'\\n'))"
        " FROM parts GROUP BY part ORDER BY part",
    [SOUK_PG_READ_USER] = "SELECT " COLUMNS ", seq FROM souk.event WHERE user_id = $1::text"
                          " AND ms >= $2::bigint ORDER BY ms DESC, seq DESC LIMIT $3::bigint",
    [SOUK_PG_SCAN] = "SELECT " COLUMNS ", seq FROM souk.event WHERE seq > $1::bigint"
                     " ORDER BY seq LIMIT $2::bigint",
    [SOUK_PG_PATIENCE] = "SET LOCAL statement_timeout = '10min'",
    [SOUK_PG_COUNT] =
        "SELECT count(*), count(DISTINCT user_id), count(DISTINCT item_id),"
        " coalesce(min(ms), 0), coalesce(max(ms), 0), (SELECT count(*) FROM souk.erasure),"
        " pg_total_relation_size('souk.event') + pg_total_relation_size('souk.erasure')"
        " FROM souk.event",
    [SOUK_PG_SEQS] = "SELECT coalesce(min(seq), 0) - 1, coalesce(max(seq), 0) FROM souk.event",
    [SOUK_PG_PRUNE] =
        "WITH gone AS (DELETE FROM souk.event WHERE seq > $1::bigint AND seq <= $2::bigint"
        " AND ms < $3::bigint RETURNING 1), counted AS (SELECT count(*) AS n FROM gone)"
        " SELECT n, (SELECT pg_notify('souk_events', '') WHERE n > 0) FROM counted",
    [SOUK_PG_ERASE] = "DELETE FROM souk.event WHERE user_id = $1::text",
    [SOUK_PG_MARK] =
        "INSERT INTO souk.erasure AS x (user_id, erased_ms) VALUES ($1::text, $2::bigint)"
        " ON CONFLICT (user_id) DO UPDATE SET"
        " erased_ms = greatest(x.erased_ms, excluded.erased_ms)",
    [SOUK_PG_TELL] = "SELECT pg_notify('souk_events', $1::text)",
    [SOUK_PG_ERASED_MS] = "SELECT erased_ms FROM souk.erasure WHERE user_id = $1::text",
    [SOUK_PG_ERASURES] = "SELECT user_id, erased_ms FROM souk.erasure ORDER BY user_id",
    [SOUK_PG_LISTEN] = "LISTEN souk_events",
};
