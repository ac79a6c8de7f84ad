/** @file
 *  A connection to PostgreSQL that never waits for long: connecting, sending and reading have a
 *  deadline, and a connection that is lost is made anew by the next call. Private to this folder.
 *
 *      exchange(calls)  -> connect, where there is no connection: check the server's settings, the
 *                          schema's version, migrate
 *                       -> one pipeline: all statements at once, one round trip
 *                       -> a result for each
 *
 *  What failed half-way is rolled back by the server: after a failure nothing of the exchange is
 *  promised. Where the connection is lost while COMMIT is under way, it may have happened.
 */
#ifndef SOUK_EVENTS_POSTGRESLINK_H
#define SOUK_EVENTS_POSTGRESLINK_H

#include "shared/events/eventstore.h"
#include "shared/events/postgresstatements.h"

#include <libpq-fe.h>

struct souk_postgres_link {
    PGconn *connection; /**< NULL: not connected */
    char *url;          /**< without a password; as libpq reads it */
    char name[160];     /**< postgresql://HOST/DATABASE, for messages */
    enum souk_event_access access;
    int64_t timeout_ms; /**< of a statement, by the server's settings */
    bool prepared[SOUK_PG_STATEMENTS];
    bool listens;
};

/** One statement of an exchange. Parameters are texts, or of postgresarray.h where they have a
 *  length. */
struct souk_postgres_call {
    enum souk_postgres_statement statement;
    int count; /**< of parameters */
    const char *const *values;
    const int *lengths;
    PGresult *result; /**< out: texts. PQclear() is fine also after a failure */
};

/** Connect for the first time. @return those of souk_event_store_open(); *link is for
 *  souk_postgres_link_close() in any case */
souk_status souk_postgres_link_open(struct souk_postgres_link *link, const char *url,
                                    enum souk_event_access access,
                                    struct souk_error *err) SOUK_MUST_CHECK;
void souk_postgres_link_close(struct souk_postgres_link *link);

/** Connect where there is no connection, or where it has turned out to be lost.
 *  @return SOUK_OK, SOUK_EUNAVAILABLE, and as souk_postgres_link_open() */
souk_status souk_postgres_link_connect(struct souk_postgres_link *link,
                                       struct souk_error *err) SOUK_MUST_CHECK;

/** Run statements in one pipeline, connecting first. @param wait_ms for all of it; 0: timeout_ms
 *  @param what "cannot store events" @return SOUK_OK, SOUK_EUNAVAILABLE, SOUK_EIO, SOUK_EINVAL (no
 *  permission), SOUK_ENOMEM, and as souk_postgres_link_connect() */
souk_status souk_postgres_link_exchange(struct souk_postgres_link *link,
                                        struct souk_postgres_call *calls, int count,
                                        int64_t wait_ms, const char *what,
                                        struct souk_error *err) SOUK_MUST_CHECK;

/** Run a script on the connection that is there. @param wait_ms as above
 *  @param result of its last statement, out; NULL: not wanted */
souk_status souk_postgres_link_run(struct souk_postgres_link *link, const char *script,
                                   int64_t wait_ms, PGresult **result,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Give the connection up, after what went wrong with it. */
souk_status souk_postgres_link_lost(struct souk_postgres_link *link, const char *what,
                                    struct souk_error *err);

#endif
