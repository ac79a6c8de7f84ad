/** @file
 *  A SQLite file that holds a store of events: opened, checked, brought to the newest schema, with
 *  its statements prepared. Private to this folder.
 *
 *      FILE        0600; "souk" in its header, user_version is that of the schema
 *      FILE-wal    what was committed lately; FILE-shm its index
 *      FILE.lock   flock()ed by the one proxy that has the store
 *
 *  Write-ahead log with synchronous=FULL: a commit returns after the log was synced. Readers never
 *  wait for the writer, and the writer waits for no reader.
 */
#ifndef SOUK_EVENTS_SQLITEFILE_H
#define SOUK_EVENTS_SQLITEFILE_H

#include "shared/events/eventstore.h"

#include <sqlite3.h>

enum { SOUK_SQLITE_STATEMENTS_MAX = 24 };

struct souk_sqlite_file {
    sqlite3 *db;
    char *path; /**< without links: the same for everybody who opens it */
    sqlite3_stmt *statements[SOUK_SQLITE_STATEMENTS_MAX];
    int64_t busy_ms;       /**< that others are waited for */
    bool checkpoint_fails; /**< the last one did */
    int wait_pages;        /**< of the log, when readers are waited for again */
    int said_pages;        /**< of the log, when the next warning is due */
};

/** @param synchronous FULL, but for tests
 *  @return those of souk_event_store_open(); *f is for souk_sqlite_file_close() in any case */
souk_status souk_sqlite_file_open(struct souk_sqlite_file *f, const char *path,
                                  enum souk_event_access access, const char *synchronous,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_sqlite_file_close(struct souk_sqlite_file *f);

/** Prepare texts[i] as statements[i]. @param count up to SOUK_SQLITE_STATEMENTS_MAX */
souk_status souk_sqlite_file_prepare(struct souk_sqlite_file *f, const char *const texts[],
                                     int count, struct souk_error *err) SOUK_MUST_CHECK;

/** The next row of a prepared query. *row: there is one, to be read by
 * sqlite3_column_*(statements[i]) until the next call. souk_sqlite_file_reset() ends the query,
 * also after a failure: without it the connection would keep its snapshot. */
souk_status souk_sqlite_file_step(struct souk_sqlite_file *f, int i, bool *row,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_sqlite_file_reset(struct souk_sqlite_file *f, int i);

/** Run a prepared statement that gives no rows, and reset it. @param what "cannot store events" */
souk_status souk_sqlite_file_do(struct souk_sqlite_file *f, int i, const char *what,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** Run statements without parameters and results. */
souk_status souk_sqlite_file_run(struct souk_sqlite_file *f, const char *statements,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** The one integer that a statement without parameters gives. */
souk_status souk_sqlite_file_integer(struct souk_sqlite_file *f, const char *statement,
                                     int64_t *out, struct souk_error *err) SOUK_MUST_CHECK;

/** Write the log back into the file. @param mode SQLITE_CHECKPOINT_*
 *  @return SOUK_OK, SOUK_EUNAVAILABLE (readers are in the way for longer), SOUK_EIO */
souk_status souk_sqlite_file_checkpoint(struct souk_sqlite_file *f, int mode,
                                        int64_t wait_ms) SOUK_MUST_CHECK;

/** What the connection's last error means, in our statuses; `what` was tried. */
souk_status souk_sqlite_file_fail(const struct souk_sqlite_file *f, int code, const char *what,
                                  struct souk_error *err);

/** End a transaction that failed, where SQLite has not done so itself. */
void souk_sqlite_file_roll_back(struct souk_sqlite_file *f);

#endif
