#include "shared/events/postgreslink.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/events/postgrescheck.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARAMETERS_MAX = 64,
    MARGIN_MS = 2000, /* the server ends a statement before we end the connection */
};

/* ---- errors ---- */

static void hang_up(struct souk_postgres_link *link)
{
    PQfinish(link->connection);
    link->connection = NULL;
}

souk_status souk_postgres_link_lost(struct souk_postgres_link *link, const char *what,
                                    struct souk_error *err)
{
    char reason[160] = "no answer in time";
    if (link->connection) {
        const char *text = PQerrorMessage(link->connection);
        if (text[0])
            snprintf(reason, sizeof reason, "%.*s", (int)strcspn(text, "\n"), text);
    }
    hang_up(link);
    return souk_fail(err, SOUK_EUNAVAILABLE, "%s: %s: %s", link->name, what, reason);
}

/* By SQLSTATE (PostgreSQL's documentation, appendix A). What passes by itself, or with the server
 * that takes over, is EUNAVAILABLE. */
static souk_status status_of(const char *state)
{
    static const struct {
        const char *prefix;
        souk_status status;
    } table[] = {
        {"53100", SOUK_EIO},          /* disk full */
        {"53", SOUK_EUNAVAILABLE},    /* memory, connections */
        {"08", SOUK_EUNAVAILABLE},    /* connection */
        {"40", SOUK_EUNAVAILABLE},    /* rolled back: deadlock and the like */
        {"55", SOUK_EUNAVAILABLE},    /* locked */
        {"57", SOUK_EUNAVAILABLE},    /* cancelled, shut down */
        {"25006", SOUK_EUNAVAILABLE}, /* read only: it has become a standby */
        {"42501", SOUK_EINVAL},       /* no permission */
        {"42", SOUK_EINTEGRITY},      /* no such table or column */
        {"3F", SOUK_EINTEGRITY},      /* no such schema */
        {"XX001", SOUK_EINTEGRITY},   /* data corrupted */
        {"XX002", SOUK_EINTEGRITY},   /* index corrupted */
    };
    for (size_t i = 0; state && i < sizeof table / sizeof table[0]; i++)
        if (strncmp(state, table[i].prefix, strlen(table[i].prefix)) == 0)
            return table[i].status;
    return SOUK_EIO;
}

/* The first line only: details of an error may hold values. */
static souk_status fail(const struct souk_postgres_link *link, const PGresult *result,
                        const char *what, struct souk_error *err)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return souk_fail(err, status_of(PQresultErrorField(result, PG_DIAG_SQLSTATE)), "%s: %s: %s",
                     link->name, what, text ? text : "no memory for the answer");
}

static souk_status no_memory(const struct souk_postgres_link *link, struct souk_error *err)
{
    return souk_fail(err, SOUK_ENOMEM, "%s: no memory for the connection", link->name);
}

/* ---- waiting ---- */

static int64_t deadline_us(const struct souk_postgres_link *link, int64_t wait_ms)
{
    return souk_monotonic_us() + ((wait_ms ? wait_ms : link->timeout_ms) + MARGIN_MS) * 1000;
}

/* Wait until the socket has something to read, or to write where that is wanted. */
static bool wait_for(PGconn *connection, bool write, int64_t until_us)
{
    struct pollfd socket = {.fd = PQsocket(connection),
                            .events = (short)(POLLIN | (write ? POLLOUT : 0))};
    for (;;) {
        const int64_t left_us = until_us - souk_monotonic_us();
        const int ready = left_us > 0 ? poll(&socket, 1, (int)(left_us / 1000) + 1) : 0;
        if (ready != -1 || errno != EINTR)
            return ready > 0;
    }
}

/* Read on meanwhile: a server that cannot write stops reading. */
static bool flush(PGconn *connection, int64_t until_us)
{
    int left;
    while ((left = PQflush(connection)) == 1)
        if (!wait_for(connection, true, until_us) || !PQconsumeInput(connection))
            return false;
    return left == 0;
}

/* The next result, NULL where there is none. @return false: lost, or too late */
static bool next_result(PGconn *connection, int64_t until_us, PGresult **out)
{
    *out = NULL;
    while (PQisBusy(connection))
        if (!wait_for(connection, false, until_us) || !PQconsumeInput(connection))
            return false;
    *out = PQgetResult(connection);
    return PQstatus(connection) == CONNECTION_OK;
}

/* ---- run ---- */

static bool is_fine(const PGresult *result)
{
    const ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

souk_status souk_postgres_link_run(struct souk_postgres_link *link, const char *script,
                                   int64_t wait_ms, PGresult **result, struct souk_error *err)
{
    static const char what[] = "cannot be used";
    const int64_t until_us = deadline_us(link, wait_ms);
    PGresult *last = NULL, *next = NULL;
    souk_status status = SOUK_OK;
    if (!PQsendQuery(link->connection, script) || !flush(link->connection, until_us))
        return souk_postgres_link_lost(link, what, err);
    do {
        if (!next_result(link->connection, until_us, &next)) {
            status = souk_postgres_link_lost(link, what, err);
            PQclear(next);
            break;
        }
        if (next && !is_fine(next) && !status)
            status = fail(link, next, what, err);
        if (next) {
            PQclear(last);
            last = next;
        }
    } while (next);
    if (result && !status)
        *result = last;
    else
        PQclear(last);
    return status;
}

/* ---- exchange ---- */

static bool send_calls(struct souk_postgres_link *link, const struct souk_postgres_call *calls,
                       int count, int64_t until_us)
{
    PGconn *c = link->connection;
    char name[16];
    if (!PQenterPipelineMode(c))
        return false;
    for (int i = 0; i < count; i++) {
        const struct souk_postgres_call *call = &calls[i];
        int formats[16] = {0};
        for (int p = 0; p < call->count && call->lengths; p++)
            formats[p] = call->lengths[p] > 0;
        snprintf(name, sizeof name, "souk_%d", (int)call->statement);
        if (!link->prepared[call->statement] &&
            !PQsendPrepare(c, name, souk_postgres_texts[call->statement], 0, NULL))
            return false;
        if (!PQsendQueryPrepared(c, name, call->count, call->values, call->lengths, formats, 0))
            return false;
    }
    return PQpipelineSync(c) && flush(c, until_us);
}

/* One statement's result, and the NULL behind it. The first failure of an exchange is reported,
 * those that follow from it are not. @return false: lost */
static bool take_result(struct souk_postgres_link *link, int64_t until_us, const char *what,
                        PGresult **out, souk_status *status, struct souk_error *err)
{
    PGresult *end = NULL;
    if (!next_result(link->connection, until_us, out) ||
        !next_result(link->connection, until_us, &end)) {
        PQclear(end);
        return false;
    }
    if (!*status && !is_fine(*out))
        *status = fail(link, *out, what, err);
    PQclear(end);
    return true;
}

static bool take_results(struct souk_postgres_link *link, struct souk_postgres_call *calls,
                         int count, int64_t until_us, const char *what, souk_status *status,
                         struct souk_error *err)
{
    PGresult *result = NULL;
    for (int i = 0; i < count; i++) {
        bool *prepared = &link->prepared[calls[i].statement];
        if (!*prepared) {
            const bool there = take_result(link, until_us, what, &result, status, err);
            *prepared = there && PQresultStatus(result) == PGRES_COMMAND_OK;
            PQclear(result);
            if (!there)
                return false;
        }
        if (!take_result(link, until_us, what, &calls[i].result, status, err))
            return false;
    }
    const bool there = next_result(link->connection, until_us, &result);
    const bool synced = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    PQclear(result);
    return there && synced && PQexitPipelineMode(link->connection);
}

/* A transaction that was acknowledged as anything but committed is not stored. */
static souk_status check_commit(const struct souk_postgres_link *link,
                                const struct souk_postgres_call *calls, int count, const char *what,
                                struct souk_error *err)
{
    for (int i = 0; i < count; i++)
        if (calls[i].statement == SOUK_PG_COMMIT &&
            strcmp(PQcmdStatus(calls[i].result), "COMMIT") != 0)
            return souk_fail(err, SOUK_EIO, "%s: %s: the server did not commit", link->name, what);
    return SOUK_OK;
}

static void roll_back(struct souk_postgres_link *link)
{
    struct souk_error err = {0};
    if (link->connection && PQtransactionStatus(link->connection) != PQTRANS_IDLE &&
        souk_postgres_link_run(link, "ROLLBACK", 0, NULL, &err) != SOUK_OK)
        souk_log(SOUK_LOG_WARN, "event_rollback", "reason='%s'", err.msg);
}

souk_status souk_postgres_link_exchange(struct souk_postgres_link *link,
                                        struct souk_postgres_call *calls, int count,
                                        int64_t wait_ms, const char *what, struct souk_error *err)
{
    for (int i = 0; i < count; i++)
        calls[i].result = NULL;
    souk_status status = souk_postgres_link_connect(link, err);
    if (status)
        return status;
    const int64_t until_us = deadline_us(link, wait_ms);
    if (!send_calls(link, calls, count, until_us) ||
        !take_results(link, calls, count, until_us, what, &status, err))
        status = souk_postgres_link_lost(link, what, err);
    if (!status)
        status = check_commit(link, calls, count, what, err);
    if (!status)
        return SOUK_OK;
    for (int i = 0; i < count; i++) {
        PQclear(calls[i].result);
        calls[i].result = NULL;
    }
    /* What was unavailable may be so for good on this connection: a server that has become a
     * standby, for one. The next call connects anew. */
    if (status == SOUK_EUNAVAILABLE)
        hang_up(link);
    else
        roll_back(link);
    return status;
}

/* ---- connect ---- */

static void log_notice(void *context, const char *text)
{
    const struct souk_postgres_link *link = context;
    souk_log(SOUK_LOG_DEBUG, "postgres", "store=%s notice='%.*s'", link->name,
             (int)strcspn(text, "\n"), text);
}

struct parameters {
    const char *names[PARAMETERS_MAX + 1], *values[PARAMETERS_MAX + 1];
    int count;
};

static void set(struct parameters *p, const char *name, const char *value)
{
    if (p->count < PARAMETERS_MAX && value) {
        p->names[p->count] = name;
        p->values[p->count++] = value;
    }
}

/* Later ones win in libpq: what the URL says goes before our defaults. The server's defaults are
 * "for ever"; a thread of a proxy cannot wait that long. A transaction whose client hangs would
 * keep the lock from all the others. */
static void fill_parameters(struct parameters *p, const PQconninfoOption *url, const char *options)
{
    static const char *const defaults[][2] = {
        {"connect_timeout", "2"},  {"keepalives_idle", "5"},     {"keepalives_interval", "2"},
        {"keepalives_count", "3"}, {"tcp_user_timeout", "5000"}, {"application_name", "souk"},
    };
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        set(p, defaults[i][0], defaults[i][1]);
    for (; url->keyword; url++)
        if (strcmp(url->keyword, "options") != 0)
            set(p, url->keyword, url->val);
    set(p, "options", options);
    set(p, "client_encoding", "UTF8");
}

static const char *value_of(const PQconninfoOption *url, const char *keyword)
{
    for (; url->keyword; url++)
        if (strcmp(url->keyword, keyword) == 0)
            return url->val;
    return NULL;
}

static souk_status start(struct souk_postgres_link *link, const PQconninfoOption *url,
                         struct souk_error *err)
{
    struct parameters p = {.count = 0};
    const char *theirs = value_of(url, "options");
    char *options = NULL;
    if (asprintf(&options,
                 "-c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000%s %s",
                 link->access == SOUK_EVENTS_READ ? " -c default_transaction_read_only=on" : "",
                 theirs ? theirs : "") < 0)
        return no_memory(link, err);
    fill_parameters(&p, url, options);
    link->connection = PQconnectdbParams(p.names, p.values, 0);
    free(options);
    if (!link->connection)
        return no_memory(link, err);
    if (PQstatus(link->connection) != CONNECTION_OK || PQsetnonblocking(link->connection, 1) != 0)
        return souk_postgres_link_lost(link, "cannot connect", err);
    PQsetNoticeProcessor(link->connection, log_notice, link);
    return SOUK_OK;
}

/* A server that was restarted while nothing was asked has closed the connection: to be seen before
 * anything is sent, where it is still sure that nothing was stored. */
static bool is_alive(struct souk_postgres_link *link)
{
    return link->connection && PQconsumeInput(link->connection) &&
           PQstatus(link->connection) == CONNECTION_OK;
}

souk_status souk_postgres_link_connect(struct souk_postgres_link *link, struct souk_error *err)
{
    if (is_alive(link))
        return SOUK_OK;
    hang_up(link);
    memset(link->prepared, 0, sizeof link->prepared);
    link->listens = false;
    PQconninfoOption *url = PQconninfoParse(link->url, NULL);
    if (!url)
        return no_memory(link, err);
    souk_status status = start(link, url, err);
    PQconninfoFree(url);
    if (!status)
        status = souk_postgres_check(link, err);
    if (status)
        hang_up(link);
    return status;
}

/* ---- open, close ---- */

static void name_link(struct souk_postgres_link *link, const PQconninfoOption *url)
{
    const char *host = value_of(url, "host"), *database = value_of(url, "dbname");
    snprintf(link->name, sizeof link->name, "postgresql://%s/%s", host ? host : "",
             database ? database : "");
}

souk_status souk_postgres_link_open(struct souk_postgres_link *link, const char *url,
                                    enum souk_event_access access, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    link->access = access;
    link->timeout_ms = 5000;
    link->url = strdup(url);
    /* libpq's own message repeats the URL, and what may be in it. */
    PQconninfoOption *parsed = PQconninfoParse(url, NULL);
    if (!parsed)
        return souk_fail(err, SOUK_EUSAGE, "not a postgresql:// URL as libpq reads it");
    name_link(link, parsed);
    if (value_of(parsed, "password") || value_of(parsed, "sslpassword"))
        status = souk_fail(err, SOUK_EINVAL,
                           "%s: a password in a URL is seen by everybody on this machine: put it "
                           "into a file of mode 0600, and name that by passfile=FILE",
                           link->name);
    else if (!link->url)
        status = no_memory(link, err);
    PQconninfoFree(parsed);
    return status ? status : souk_postgres_link_connect(link, err);
}

void souk_postgres_link_close(struct souk_postgres_link *link)
{
    PQfinish(link->connection);
    free(link->url);
    *link = (struct souk_postgres_link){0};
}
