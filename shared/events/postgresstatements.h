/** @file
 *  The statements of the PostgreSQL store, prepared by each connection at their first use. Private
 * to this folder.
 */
#ifndef SOUK_EVENTS_POSTGRESSTATEMENTS_H
#define SOUK_EVENTS_POSTGRESSTATEMENTS_H

enum souk_postgres_statement {
    SOUK_PG_BEGIN,
    SOUK_PG_COMMIT,
    SOUK_PG_LOCK,   /**< one writer at a time, until the commit */
    SOUK_PG_MARKS,  /**< user_id, erased_ms of those in the array $1 */
    SOUK_PG_INSERT, /**< $1 to $10: arrays of the columns below. Event_ids stored, in their order,
                         newlines between them, in several rows */
    SOUK_PG_READ_USER,
    SOUK_PG_SCAN,
    SOUK_PG_PATIENCE, /**< the rest of the transaction may take minutes */
    SOUK_PG_COUNT,
    SOUK_PG_SEQS,
    SOUK_PG_PRUNE,
    SOUK_PG_ERASE,
    SOUK_PG_MARK,
    SOUK_PG_TELL, /**< watchers, of the user $1; "": of any */
    SOUK_PG_ERASED_MS,
    SOUK_PG_ERASURES,
    SOUK_PG_LISTEN,
    SOUK_PG_STATEMENTS
};

/** [SOUK_PG_STATEMENTS]. Those that read events give the columns user_id, item_id, type, event_id,
 *  request_id, model, arm, ms, stored_ms, value, seq, in this order. */
extern const char *const souk_postgres_texts[SOUK_PG_STATEMENTS];

#endif
