#include "shared/events/postgrescheck.h"

#include "shared/base/log.h"
#include "shared/events/eventschema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONG_MS = 600000 }; /* a migration, or a statement without a limit */

struct facts {
    char fsync[16], commit[16];
    bool standby, has_version, has_others;
    int64_t timeout_ms;
};

static souk_status read_facts(struct souk_postgres_link *link, struct facts *f,
                              struct souk_error *err)
{
    PGresult *row = NULL;
    const souk_status status = souk_postgres_link_run(
        link,
        "SELECT current_setting('fsync'), current_setting('synchronous_commit'),"
        " pg_is_in_recovery(), (SELECT setting FROM pg_settings WHERE name = 'statement_timeout'),"
        " EXISTS (SELECT FROM pg_tables WHERE schemaname = 'souk' AND"
        " tablename = 'schema_version'),"
        " EXISTS (SELECT FROM pg_tables WHERE schemaname = 'souk')",
        0, &row, err);
    if (status)
        return status;
    snprintf(f->fsync, sizeof f->fsync, "%s", PQgetvalue(row, 0, 0));
    snprintf(f->commit, sizeof f->commit, "%s", PQgetvalue(row, 0, 1));
    f->standby = PQgetvalue(row, 0, 2)[0] == 't';
    f->timeout_ms = strtoll(PQgetvalue(row, 0, 3), NULL, 10);
    f->has_version = PQgetvalue(row, 0, 4)[0] == 't';
    f->has_others = PQgetvalue(row, 0, 5)[0] == 't';
    PQclear(row);
    return SOUK_OK;
}

/* A text that another encoding has no character for would fail the group that it comes in, each
 * time that the group is sent again. */
static souk_status check_encoding(const struct souk_postgres_link *link, struct souk_error *err)
{
    const char *encoding = PQparameterStatus(link->connection, "server_encoding");
    if (encoding && strcmp(encoding, "UTF8") == 0)
        return SOUK_OK;
    return souk_fail(err, SOUK_EINVAL,
                     "%s: the database's encoding is %s: make one with ENCODING 'UTF8'", link->name,
                     encoding ? encoding : "not known");
}

/* `local` waits for this server's disk and not for a standby's: an event survives a power cut, but
 * not the loss of the machine. `off` waits for nothing, and the last events before a crash are
 * gone. Of the others, each waits for the disk and more. */
static souk_status check_durable(const struct souk_postgres_link *link, const struct facts *f,
                                 struct souk_error *err)
{
    static const char *const safe[] = {"on", "local", "remote_write", "remote_apply"};
    bool is_safe = false;
    for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++)
        is_safe = is_safe || strcmp(f->commit, safe[i]) == 0;
    if (strcmp(f->fsync, "on") != 0)
        return souk_fail(err, SOUK_EINVAL,
                         "%s: fsync is %s there, and a power cut may lose the database: set it on "
                         "in postgresql.conf",
                         link->name, f->fsync);
    if (!is_safe)
        return souk_fail(err, SOUK_EINVAL,
                         "%s: synchronous_commit is %s there, and a crash loses events that were "
                         "acknowledged: set it on, for this role or in postgresql.conf",
                         link->name, f->commit);
    return SOUK_OK;
}

/* As it was when it was checked: somebody may change the server's setting while we are connected.
 */
static souk_status keep_durable(struct souk_postgres_link *link, const struct facts *f,
                                struct souk_error *err)
{
    char text[64];
    snprintf(text, sizeof text, "SET synchronous_commit = %s", f->commit);
    return souk_postgres_link_run(link, text, 0, NULL, err);
}

static souk_status read_version(struct souk_postgres_link *link, int64_t *version,
                                struct souk_error *err)
{
    PGresult *row = NULL;
    const souk_status status = souk_postgres_link_run(
        link, "SELECT coalesce(max(version), 0) FROM souk.schema_version", 0, &row, err);
    *version = status ? 0 : strtoll(PQgetvalue(row, 0, 0), NULL, 10);
    PQclear(row);
    return status;
}

static souk_status migrate_from(struct souk_postgres_link *link, int64_t version,
                                struct souk_error *err)
{
    char text[128];
    souk_status status = SOUK_OK;
    for (int64_t v = version; v >= 0 && v < SOUK_EVENT_SCHEMA_VERSION && !status; v++)
        status =
            souk_postgres_link_run(link, souk_event_schema_steps[v].postgres, LONG_MS, NULL, err);
    snprintf(text, sizeof text,
             "DELETE FROM souk.schema_version; INSERT INTO souk.schema_version VALUES (%d)",
             SOUK_EVENT_SCHEMA_VERSION);
    if (!status && version < SOUK_EVENT_SCHEMA_VERSION)
        status = souk_postgres_link_run(link, text, 0, NULL, err);
    return status;
}

/* The version is read inside: another program may have been faster. The schema is made only where
 * it is not there, as that asks for a right on the database. */
static souk_status migrate(struct souk_postgres_link *link, struct souk_error *err)
{
    int64_t version = 0;
    souk_status status = souk_postgres_link_run(
        link,
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = '10min';"
        "SELECT pg_advisory_xact_lock(8319104481852286839);"
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'souk')"
        " THEN CREATE SCHEMA souk; END IF; END $$;"
        "CREATE TABLE IF NOT EXISTS souk.schema_version (version integer NOT NULL)",
        LONG_MS, NULL, err);
    if (!status)
        status = read_version(link, &version, err);
    if (!status)
        status = migrate_from(link, version, err);
    if (!status)
        status = souk_postgres_link_run(link, "COMMIT", LONG_MS, NULL, err);
    return status; /* a failure ends the connection, and the transaction with it */
}

static souk_status check_schema(struct souk_postgres_link *link, const struct facts *f,
                                struct souk_error *err)
{
    int64_t version = 0;
    souk_status status = SOUK_OK;
    if (!f->has_version && f->has_others)
        return souk_fail(err, SOUK_EFORMAT,
                         "%s: the schema 'souk' holds another program's tables: give a database "
                         "of its own",
                         link->name);
    if (!f->has_version && link->access != SOUK_EVENTS_WRITE)
        return souk_fail(err, SOUK_ENOTFOUND, "%s: no store of events is there", link->name);
    if (f->has_version)
        status = read_version(link, &version, err);
    if (!status && link->access == SOUK_EVENTS_WRITE && version < SOUK_EVENT_SCHEMA_VERSION) {
        status = migrate(link, err);
        if (!status)
            status = read_version(link, &version, err);
    }
    return status ? status : souk_event_schema_check(link->name, version, err);
}

souk_status souk_postgres_check(struct souk_postgres_link *link, struct souk_error *err)
{
    struct facts facts = {.timeout_ms = 0};
    souk_status status = read_facts(link, &facts, err);
    if (status)
        return status;
    link->timeout_ms = facts.timeout_ms > 0 ? facts.timeout_ms : LONG_MS;
    const bool writes = link->access != SOUK_EVENTS_READ;
    if (writes && facts.standby)
        return souk_fail(err, SOUK_EUNAVAILABLE, "%s: a standby, which takes no events",
                         link->name);
    status = check_encoding(link, err);
    if (!status && writes)
        status = check_durable(link, &facts, err);
    if (!status && writes)
        status = keep_durable(link, &facts, err);
    return status ? status : check_schema(link, &facts, err);
}
