/** @file
 *  The statements of the SQLite store, prepared once for each connection. Private to this folder.
 */
#ifndef SOUK_EVENTS_SQLITESTATEMENTS_H
#define SOUK_EVENTS_SQLITESTATEMENTS_H

enum souk_sqlite_statement {
    SOUK_SQL_BEGIN,
    SOUK_SQL_COMMIT,
    SOUK_SQL_INSERT,
    SOUK_SQL_READ_USER,
    SOUK_SQL_SCAN,
    SOUK_SQL_COUNT,
    SOUK_SQL_SEQS,
    SOUK_SQL_PRUNE,
    SOUK_SQL_PRUNED,
    SOUK_SQL_ERASE,
    SOUK_SQL_MARK,
    SOUK_SQL_ERASED_MS,
    SOUK_SQL_ERASURES,
    SOUK_SQL_DATA_VERSION,
    SOUK_SQL_STATE,
    SOUK_SQL_CHANGED_EVENTS,
    SOUK_SQL_CHANGED_MARKS,
    SOUK_SQL_STATEMENTS
};

/** [SOUK_SQL_STATEMENTS]. Those that read events give the columns user_id, item_id, type, event_id,
 *  request_id, model, arm, ms, stored_ms, value, seq, in this order. */
extern const char *const souk_sqlite_texts[SOUK_SQL_STATEMENTS];

#endif
