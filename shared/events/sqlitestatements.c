#include "shared/events/sqlitestatements.h"

/* In the order of sqlitestatements.h. */
#define COLUMNS                                                                                    \
    "user_id, item_id, type, event_id, request_id, model, arm, ms, stored_ms, value, seq"

const char *const souk_sqlite_texts[SOUK_SQL_STATEMENTS] = {
    [SOUK_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SOUK_SQL_COMMIT] = "COMMIT",
    [SOUK_SQL_INSERT] =
        "INSERT INTO event (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
        "NULL) ON CONFLICT (event_id) DO NOTHING",
    [SOUK_SQL_READ_USER] = "SELECT " COLUMNS " FROM event WHERE user_id = ?1 AND ms >= ?2 "
                           "ORDER BY ms DESC, seq DESC LIMIT ?3",
    [SOUK_SQL_SCAN] = "SELECT " COLUMNS " FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    [SOUK_SQL_COUNT] =
        "SELECT count(*), count(DISTINCT user_id), count(DISTINCT item_id), min(ms), max(ms),"
        " (SELECT count(*) FROM erasure) FROM event",
    [SOUK_SQL_SEQS] = "SELECT ifnull(min(seq), 0) - 1, ifnull(max(seq), 0) FROM event",
    [SOUK_SQL_PRUNE] = "DELETE FROM event WHERE seq > ?1 AND seq <= ?2 AND ms < ?3",
    [SOUK_SQL_PRUNED] = "UPDATE retention SET before_ms = max(before_ms, ?1), runs = runs + 1",
    [SOUK_SQL_ERASE] = "DELETE FROM event WHERE user_id = ?1",
    [SOUK_SQL_MARK] = "INSERT OR REPLACE INTO erasure (user_id, erased_ms) SELECT ?1, max(?2, "
                      "ifnull((SELECT erased_ms FROM erasure WHERE user_id = ?1), ?2))",
    [SOUK_SQL_ERASED_MS] = "SELECT erased_ms FROM erasure WHERE user_id = ?1",
    [SOUK_SQL_ERASURES] = "SELECT user_id, erased_ms FROM erasure ORDER BY user_id",
    [SOUK_SQL_DATA_VERSION] = "PRAGMA data_version",
    [SOUK_SQL_STATE] =
        "SELECT (SELECT ifnull(max(seq), 0) FROM event), "
        "(SELECT ifnull(max(place), 0) FROM erasure), (SELECT max(runs) FROM retention)",
    [SOUK_SQL_CHANGED_EVENTS] = "SELECT DISTINCT user_id FROM event WHERE seq > ?1 AND seq <= ?2",
    [SOUK_SQL_CHANGED_MARKS] = "SELECT user_id FROM erasure WHERE place > ?1 AND place <= ?2",
};
