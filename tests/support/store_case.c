#include "tests/support/store_case.h"

#include "shared/base/staging.h"

#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static char names[1 << 16];

/* Tests are forked: each has a folder of its own, and removes it. */
static void remove_folder(void)
{
    souk_status status = souk_remove_tree(folder, NULL);
    if (status)
        fprintf(stderr, "%s is left\n", folder);
}

void store_case_path(char *path, size_t size)
{
    if (folder[0] == '\0') {
        strcpy(folder, "/tmp/souk_test_store.XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
        atexit(remove_folder);
    }
    snprintf(path, size, "%s/events.db", folder);
}

void store_case_new_sqlite(char url[STORE_URL_MAX])
{
    char path[128];
    store_case_path(path, sizeof path);
    snprintf(url, STORE_URL_MAX, "sqlite:%s", path);
}

bool store_case_new_postgres(char url[STORE_URL_MAX])
{
    const char *server = getenv("SOUK_TEST_POSTGRES");
    char command[96], name[64], maintenance[STORE_URL_MAX];
    if (!server)
        return false;
    snprintf(name, sizeof name, "case_%ld", (long)getpid());
    snprintf(command, sizeof command, "CREATE DATABASE %s", name);
    snprintf(maintenance, sizeof maintenance, "%s&dbname=postgres", server);
    PGconn *connection = PQconnectdb(maintenance);
    PGresult *result = PQexec(connection, command);
    cr_assert_eq(PQresultStatus(result), PGRES_COMMAND_OK, "%s", PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
    snprintf(url, STORE_URL_MAX, "%s&dbname=%s", server, name);
    return true;
}

struct souk_event_store *store_case_open(const char *url, enum souk_event_access access)
{
    struct souk_event_store *s = NULL;
    struct souk_error err = {0};
    cr_assert_eq(souk_event_store_open(url, access, &s, &err), SOUK_OK, "%s", err.msg);
    return s;
}

struct souk_event_record store_case_event(const char *event_id, const char *user, int64_t ms)
{
    return (struct souk_event_record){.user = user,
                                      .item = "i",
                                      .type = "view",
                                      .event_id = event_id,
                                      .request_id = "",
                                      .model = "",
                                      .arm = "",
                                      .ms = ms};
}

enum souk_event_fate store_case_append(struct souk_event_store *s, const char *event_id,
                                       const char *user, int64_t ms)
{
    const struct souk_event_record record = store_case_event(event_id, user, ms);
    struct souk_error err = {0};
    enum souk_event_fate fate;
    cr_assert_eq(souk_event_store_append(s, &record, 1, &fate, &err), SOUK_OK, "%s", err.msg);
    return fate;
}

static bool add_name(void *context, const struct souk_event_record *event)
{
    (void)context;
    strcat(strcat(names, event->event_id), " ");
    return strlen(names) < sizeof names - 256;
}

const char *store_case_all(struct souk_event_store *s, int64_t after)
{
    struct souk_error err = {0};
    names[0] = '\0';
    cr_assert_eq(souk_event_store_scan(s, after, add_name, NULL, &err), SOUK_OK, "%s", err.msg);
    return names;
}

const char *store_case_of_user(struct souk_event_store *s, const char *user, int64_t since_ms,
                               int64_t max)
{
    struct souk_error err = {0};
    names[0] = '\0';
    cr_assert_eq(souk_event_store_read_user(s, user, since_ms, max, add_name, NULL, &err), SOUK_OK,
                 "%s", err.msg);
    return names;
}

static void add_user(void *context, const char *user)
{
    (void)context;
    strcat(strcat(names, user ? user : "*"), " ");
}

const char *store_case_watch(struct souk_event_store *s, int64_t timeout_ms)
{
    struct souk_error err = {0};
    names[0] = '\0';
    cr_assert_eq(souk_event_store_watch(s, timeout_ms, add_user, NULL, &err), SOUK_OK, "%s",
                 err.msg);
    return names;
}
