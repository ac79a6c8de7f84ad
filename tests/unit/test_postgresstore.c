/* What is true of PostgreSQL alone: its settings, its schema, connections that are lost or hang. */
#include "shared/base/clock.h"
#include "shared/events/eventschema.h"
#include "tests/support/store_case.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct souk_error err;
static char url[STORE_URL_MAX];

#define NEEDS_SERVER()                                                                             \
    do {                                                                                           \
        if (!store_case_new_postgres(url))                                                         \
            cr_skip_test("no PostgreSQL server: see tests/unit/run_store.sh");                     \
    } while (0)

/* Another program at work. */
static PGconn *connect_other(void)
{
    PGconn *connection = PQconnectdb(url);
    cr_assert_eq(PQstatus(connection), CONNECTION_OK, "%s", PQerrorMessage(connection));
    return connection;
}

static void run_on(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    const ExecStatusType status = PQresultStatus(result);
    cr_assert(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s",
              PQerrorMessage(connection));
    PQclear(result);
}

static void run_sql(const char *sql)
{
    PGconn *connection = connect_other();
    run_on(connection, sql);
    PQfinish(connection);
}

static void assert_refused(const char *which, enum souk_event_access access, souk_status status,
                           const char *reason)
{
    struct souk_event_store *s = NULL;
    err.msg[0] = '\0';
    cr_assert_eq(souk_event_store_open(which, access, &s, &err), status, "%d: %s", err.status,
                 err.msg);
    cr_assert(strstr(err.msg, reason), "%s", err.msg);
    cr_assert_null(strstr(err.msg, "secret"), "%s", err.msg);
    cr_assert_null(s);
}

static const char *with(const char *options)
{
    static char text[STORE_URL_MAX];
    cr_assert_lt(snprintf(text, sizeof text, "%s&options=%s", url, options), (int)sizeof text);
    return text;
}

/* ---- what is refused ---- */

Test(postgresstore, refuses_commits_that_do_not_wait_for_the_disk)
{
    NEEDS_SERVER();
    assert_refused(with("-c%20synchronous_commit%3Doff"), SOUK_EVENTS_WRITE, SOUK_EINVAL,
                   "synchronous_commit is off");
    static const char *const safe[] = {"local", "remote_write", "on", "remote_apply"};
    for (int i = 0; i < 4; i++) {
        char options[64];
        snprintf(options, sizeof options, "-c%%20synchronous_commit%%3D%s", safe[i]);
        souk_event_store_close(store_case_open(with(options), SOUK_EVENTS_WRITE));
    }
}

Test(postgresstore, never_repeats_a_password)
{
    assert_refused("postgresql://souk:secret@127.0.0.1/x", SOUK_EVENTS_WRITE, SOUK_EINVAL,
                   "passfile");
    assert_refused("postgresql://127.0.0.1/x?password=secret", SOUK_EVENTS_READ, SOUK_EINVAL,
                   "passfile");
    assert_refused("postgresql://souk:secret@127.0.0.1:port/x?nonsense=secret", SOUK_EVENTS_READ,
                   SOUK_EUSAGE, "not a postgresql:// URL");
    setenv("PGPASSWORD", "secret", 1);
    assert_refused("postgresql://127.0.0.1:1/x", SOUK_EVENTS_READ, SOUK_EUNAVAILABLE,
                   "cannot connect");
}

Test(postgresstore, refuses_a_role_without_rights)
{
    struct souk_event_store *s = NULL;
    char theirs[STORE_URL_MAX], sql[200];
    NEEDS_SERVER();
    snprintf(sql, sizeof sql, "CREATE ROLE reader_%ld LOGIN", (long)getpid());
    run_sql(sql);
    snprintf(theirs, sizeof theirs, "%s", url);
    char *user = strstr(theirs, "user=souk");
    cr_assert_not_null(user);
    snprintf(sql, sizeof sql, "user=reader_%ld%s", (long)getpid(), user + strlen("user=souk"));
    strcpy(user, sql);
    assert_refused(theirs, SOUK_EVENTS_WRITE, SOUK_EINVAL, "permission denied");
    souk_event_store_close(store_case_open(url, SOUK_EVENTS_WRITE));
    cr_assert_eq(souk_event_store_open(theirs, SOUK_EVENTS_READ, &s, &err), SOUK_EINVAL, "%s",
                 err.msg);
    snprintf(sql, sizeof sql,
             "GRANT USAGE ON SCHEMA souk TO reader_%ld;"
             "GRANT SELECT ON ALL TABLES IN SCHEMA souk TO reader_%ld",
             (long)getpid(), (long)getpid());
    run_sql(sql);
    s = store_case_open(theirs, SOUK_EVENTS_READ); /* as docs/events.md says */
    cr_assert_str_eq(store_case_all(s, 0), "");
    cr_assert_str_eq(store_case_watch(s, 0), "* ");
    souk_event_store_close(s);
}

Test(postgresstore, refuses_a_schema_of_another_program)
{
    NEEDS_SERVER();
    run_sql("CREATE SCHEMA souk; CREATE TABLE souk.bazaar (a int)");
    assert_refused(url, SOUK_EVENTS_WRITE, SOUK_EFORMAT, "another program's");
    run_sql("DROP TABLE souk.bazaar");
    souk_event_store_close(store_case_open(url, SOUK_EVENTS_WRITE)); /* made by the administrator */
}

Test(postgresstore, refuses_a_database_that_cannot_hold_every_text)
{
    char sql[160], theirs[STORE_URL_MAX];
    NEEDS_SERVER();
    snprintf(sql, sizeof sql,
             "CREATE DATABASE latin_%ld ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
             (long)getpid());
    run_sql(sql);
    snprintf(theirs, sizeof theirs, "%s", url);
    char *name = strstr(theirs, "dbname=");
    cr_assert_not_null(name);
    sprintf(name, "dbname=latin_%ld", (long)getpid());
    assert_refused(theirs, SOUK_EVENTS_WRITE, SOUK_EINVAL, "encoding is LATIN1");
}

Test(postgresstore, gives_up_on_a_server_that_does_not_answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, len), 0);
    cr_assert_eq(listen(listener, 5), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    snprintf(url, sizeof url, "postgresql://127.0.0.1:%d/x?sslmode=disable",
             ntohs(address.sin_port));
    const int64_t start_us = souk_monotonic_us();
    assert_refused(url, SOUK_EVENTS_WRITE, SOUK_EUNAVAILABLE, "cannot connect");
    cr_assert_lt(souk_monotonic_us() - start_us, 5000000);
    close(listener);
}

/* ---- versions ---- */

static void make_version(int version)
{
    char text[128];
    run_sql("DROP SCHEMA IF EXISTS souk CASCADE; CREATE SCHEMA souk;"
            "CREATE TABLE souk.schema_version (version integer NOT NULL)");
    for (int v = 0; v < version; v++)
        run_sql(souk_event_schema_steps[v].postgres);
    snprintf(text, sizeof text, "INSERT INTO souk.schema_version VALUES (%d)", version);
    run_sql(text);
}

Test(postgresstore, migrates_an_older_schema_and_keeps_its_events)
{
    NEEDS_SERVER();
    for (int version = 1; version < SOUK_EVENT_SCHEMA_VERSION; version++) {
        make_version(version);
        run_sql("INSERT INTO souk.event (event_id, user_id, item_id, type, ms, stored_ms, value,"
                " request_id, model, arm) VALUES ('a', 'u', 'i', 'view', 1, 2, 0, '', '', '')");
        assert_refused(url, SOUK_EVENTS_READ, SOUK_EVERSION, "is older than");
        struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
        cr_assert_eq(store_case_append(s, "a", "u", 1), SOUK_EVENT_DUPLICATE);
        store_case_append(s, "b", "u", 1);
        cr_assert_str_eq(store_case_all(s, 0), "a b ");
        souk_event_store_close(s);
        souk_event_store_close(store_case_open(url, SOUK_EVENTS_READ));
    }
}

Test(postgresstore, leaves_a_schema_alone_that_it_cannot_migrate)
{
    NEEDS_SERVER();
    make_version(1);
    run_sql("CREATE TABLE souk.erasure (theirs int)"); /* in the way of version 2 */
    assert_refused(url, SOUK_EVENTS_WRITE, SOUK_EINTEGRITY, "already exists");
    assert_refused(url, SOUK_EVENTS_READ, SOUK_EVERSION, "schema 1");
    run_sql("DROP TABLE souk.erasure");
    souk_event_store_close(store_case_open(url, SOUK_EVENTS_WRITE));
}

Test(postgresstore, refuses_a_newer_schema)
{
    NEEDS_SERVER();
    souk_event_store_close(store_case_open(url, SOUK_EVENTS_WRITE));
    run_sql("UPDATE souk.schema_version SET version = 1000");
    assert_refused(url, SOUK_EVENTS_WRITE, SOUK_EVERSION, "newer souk");
    assert_refused(url, SOUK_EVENTS_READ, SOUK_EVERSION, "newer souk");
}

/* ---- connections ---- */

static void terminate_others(void)
{
    run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()");
}

static void note_any(void *context, const char *user)
{
    cr_assert_null(user);
    ++*(int *)context;
}

Test(postgresstore, connects_anew_when_the_connection_was_lost)
{
    int any = 0;
    NEEDS_SERVER();
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    struct souk_event_store *watcher = store_case_open(url, SOUK_EVENTS_READ);
    store_case_append(s, "a", "u", 1);
    cr_assert_eq(souk_event_store_watch(watcher, 0, note_any, &any, &err), SOUK_OK);
    terminate_others();
    /* Whether the end of the connection has arrived here yet is a matter of luck; the second time
     * it works in any case. */
    const struct souk_event_record record = store_case_event("b", "u", 1);
    enum souk_event_fate fate;
    souk_status status = souk_event_store_append(s, &record, 1, &fate, &err);
    cr_assert(status == SOUK_OK || status == SOUK_EUNAVAILABLE, "%s", err.msg);
    status = souk_event_store_append(s, &record, 1, &fate, &err);
    cr_assert_eq(status, SOUK_OK, "%s", err.msg);
    cr_assert_str_eq(store_case_all(s, 0), "a b ");
    /* What was changed while nobody listened may be anything. */
    for (int tries = 0; any < 2 && tries < 3; tries++)
        status = souk_event_store_watch(watcher, 100, note_any, &any, &err);
    cr_assert_eq(any, 2);
    cr_assert_eq(status, SOUK_OK);
    souk_event_store_close(watcher);
    souk_event_store_close(s);
}

Test(postgresstore, does_not_wait_for_a_lock_for_ever_and_goes_on_afterwards)
{
    NEEDS_SERVER();
    struct souk_event_store *s =
        store_case_open(with("-c%20statement_timeout%3D300"), SOUK_EVENTS_WRITE);
    const struct souk_event_record record = store_case_event("a", "u", 1);
    enum souk_event_fate fate;
    PGconn *other = connect_other();
    run_on(other, "BEGIN; LOCK TABLE souk.event IN ACCESS EXCLUSIVE MODE");
    const int64_t start_us = souk_monotonic_us();
    cr_assert_eq(souk_event_store_append(s, &record, 1, &fate, &err), SOUK_EUNAVAILABLE);
    cr_assert(strstr(err.msg, "timeout"), "%s", err.msg);
    cr_assert_lt(souk_monotonic_us() - start_us, 4000000);
    run_on(other, "ROLLBACK");
    cr_assert_eq(store_case_append(s, "a", "u", 1), SOUK_EVENT_STORED);
    PQfinish(other);
    souk_event_store_close(s);
}

/* ---- places ---- */

enum { WRITERS = 4, GROUPS = 50, GROUP = 7 };

static void *write_groups(void *argument)
{
    const long writer = (long)argument;
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    for (int g = 0; g < GROUPS; g++) {
        struct souk_event_record group[GROUP];
        enum souk_event_fate fates[GROUP];
        char ids[GROUP][32];
        for (int i = 0; i < GROUP; i++) {
            snprintf(ids[i], sizeof ids[i], "%ld-%d-%d", writer, g, i);
            group[i] = store_case_event(ids[i], "u", g);
        }
        cr_assert_eq(souk_event_store_append(s, group, GROUP, fates, NULL), SOUK_OK);
    }
    souk_event_store_close(s);
    return NULL;
}

struct reader {
    int64_t last, count;
};

static bool read_on(void *context, const struct souk_event_record *e)
{
    struct reader *r = context;
    cr_assert_gt(e->seq, r->last);
    r->last = e->seq;
    r->count++;
    return true;
}

Test(postgresstore, shows_a_reader_that_goes_on_from_its_place_every_event)
{
    pthread_t threads[WRITERS];
    struct reader reader = {0};
    NEEDS_SERVER();
    struct souk_event_store *s = store_case_open(url, SOUK_EVENTS_WRITE);
    for (long i = 0; i < WRITERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, write_groups, (void *)i), 0);
    const int64_t end_us = souk_monotonic_us() + 30000000;
    while (reader.count < WRITERS * GROUPS * GROUP && souk_monotonic_us() < end_us)
        cr_assert_eq(souk_event_store_scan(s, reader.last, read_on, &reader, &err), SOUK_OK);
    for (int i = 0; i < WRITERS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    cr_assert_eq(reader.count, WRITERS * GROUPS * GROUP);
    souk_event_store_close(s);
}
