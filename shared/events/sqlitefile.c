#include "shared/events/sqlitefile.h"

#include "shared/base/log.h"
#include "shared/events/eventschema.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BUSY_MS = 5000, /* other writers hold the file for one group, or a step of a prune */
    BUSY_STEP_MS = 2,
    /* Of the log, when they go into the file itself: 32 MiB. Ids without order touch a page for
     * each event in each index; the longer the log, the more of them are written back once. */
    CHECKPOINT_PAGES = 8000,
    /* 128 MiB: then readers are waited for, too, but not long: the log must begin anew some time,
     * events must be stored now. */
    CHECKPOINT_WAIT_PAGES = 32000,
    CHECKPOINT_WAIT_MS = 20,
};

/* ---- errors ---- */

static souk_status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SOUK_EUNAVAILABLE;
    case SQLITE_NOMEM:
        return SOUK_ENOMEM;
    case SQLITE_CORRUPT:
        return SOUK_EINTEGRITY;
    case SQLITE_NOTADB:
        return SOUK_EFORMAT;
    default:
        return SOUK_EIO;
    }
}

souk_status souk_sqlite_file_fail(const struct souk_sqlite_file *f, int code, const char *what,
                                  struct souk_error *err)
{
    const int system = f->db ? sqlite3_system_errno(f->db) : 0;
    const bool by_system = system != 0 && status_of(code) == SOUK_EIO;
    return souk_fail(err, status_of(code), "%s: %s: %s%s%s", f->path, what,
                     f->db ? sqlite3_errmsg(f->db) : sqlite3_errstr(code), by_system ? ": " : "",
                     by_system ? strerror(system) : "");
}

void souk_sqlite_file_roll_back(struct souk_sqlite_file *f)
{
    if (!sqlite3_get_autocommit(f->db) &&
        sqlite3_exec(f->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
        souk_log(SOUK_LOG_WARN, "event_rollback", "store=%s reason='%s'", f->path,
                 sqlite3_errmsg(f->db));
}

/* ---- statements ---- */

souk_status souk_sqlite_file_run(struct souk_sqlite_file *f, const char *statements,
                                 struct souk_error *err)
{
    const int code = sqlite3_exec(f->db, statements, NULL, NULL, NULL);
    return code == SQLITE_OK ? SOUK_OK : souk_sqlite_file_fail(f, code, "cannot be used", err);
}

/* The first column of the one row, as text. @param out [size] */
static souk_status query(struct souk_sqlite_file *f, const char *statement, char *out, size_t size,
                         struct souk_error *err)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(f->db, statement, -1, &s, NULL);
    out[0] = '\0';
    if (code == SQLITE_OK)
        code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(s, 0);
        snprintf(out, size, "%s", text ? (const char *)text : "");
    }
    souk_status status = SOUK_OK;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        status = souk_sqlite_file_fail(f, code, "cannot be read", err);
    sqlite3_finalize(s);
    return status;
}

souk_status souk_sqlite_file_integer(struct souk_sqlite_file *f, const char *statement,
                                     int64_t *out, struct souk_error *err)
{
    char text[32];
    const souk_status status = query(f, statement, text, sizeof text, err);
    *out = strtoll(text, NULL, 10);
    return status;
}

souk_status souk_sqlite_file_prepare(struct souk_sqlite_file *f, const char *const texts[],
                                     int count, struct souk_error *err)
{
    for (int i = 0; i < count; i++) {
        const int code = sqlite3_prepare_v3(f->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                            &f->statements[i], NULL);
        if (code == SQLITE_ERROR) /* a table or a column is not there */
            return souk_fail(err, SOUK_EINTEGRITY, "%s: not the schema that it says: %s", f->path,
                             sqlite3_errmsg(f->db));
        if (code != SQLITE_OK)
            return souk_sqlite_file_fail(f, code, "cannot be read", err);
    }
    return SOUK_OK;
}

souk_status souk_sqlite_file_step(struct souk_sqlite_file *f, int i, bool *row,
                                  struct souk_error *err)
{
    const int code = sqlite3_step(f->statements[i]);
    *row = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE
               ? SOUK_OK
               : souk_sqlite_file_fail(f, code, "cannot be read", err);
}

/* What sqlite3_reset() returns is the error that the last step has reported already. */
void souk_sqlite_file_reset(struct souk_sqlite_file *f, int i)
{
    sqlite3_reset(f->statements[i]);
    sqlite3_clear_bindings(f->statements[i]);
}

souk_status souk_sqlite_file_do(struct souk_sqlite_file *f, int i, const char *what,
                                struct souk_error *err)
{
    const int code = sqlite3_step(f->statements[i]);
    const souk_status status =
        code == SQLITE_DONE ? SOUK_OK : souk_sqlite_file_fail(f, code, what, err);
    souk_sqlite_file_reset(f, i);
    return status;
}

/* ---- the log ---- */

/* SQLite's own pauses grow to 100 ms: whoever prunes in steps would be there first each time. */
static int wait_busy(void *context, int tries)
{
    const struct souk_sqlite_file *f = context;
    if (tries * BUSY_STEP_MS >= f->busy_ms)
        return 0;
    nanosleep(&(struct timespec){.tv_nsec = BUSY_STEP_MS * 1000000}, NULL);
    return 1;
}

souk_status souk_sqlite_file_checkpoint(struct souk_sqlite_file *f, int mode, int64_t wait_ms)
{
    f->busy_ms = wait_ms;
    const int code = sqlite3_wal_checkpoint_v2(f->db, NULL, mode, NULL, NULL);
    f->busy_ms = BUSY_MS;
    return code == SQLITE_OK ? SOUK_OK : status_of(code);
}

/* Say what the operator can mend: a failure once, a log that grows at each doubling. */
static void note_checkpoint(struct souk_sqlite_file *f, souk_status status, bool waited, int pages)
{
    const bool fails = status && status != SOUK_EUNAVAILABLE;
    if (fails && !f->checkpoint_fails)
        souk_log(SOUK_LOG_WARN, "event_checkpoint", "store=%s reason='%s'", f->path,
                 sqlite3_errmsg(f->db));
    f->checkpoint_fails = fails;
    if (!waited)
        return;
    f->wait_pages = status ? pages + CHECKPOINT_PAGES : 0;
    if (status == SOUK_EUNAVAILABLE && pages >= f->said_pages) {
        souk_log(SOUK_LOG_WARN, "event_log_grows",
                 "store=%s pages=%d reason='somebody reads in one long transaction'", f->path,
                 pages);
        f->said_pages = 2 * pages;
    }
}

/* Called after each commit. Whatever happens here, the commit is done: a checkpoint that fails (a
 * full disk, a reader that does not end) is tried again after a later one. */
static int check_point(void *context, sqlite3 *db, const char *name, int pages)
{
    struct souk_sqlite_file *f = context;
    const bool wait = pages >= CHECKPOINT_WAIT_PAGES && pages >= f->wait_pages;
    (void)db, (void)name; /* there is one of each */
    if (pages >= CHECKPOINT_PAGES)
        note_checkpoint(f,
                        souk_sqlite_file_checkpoint(
                            f, wait ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE,
                            CHECKPOINT_WAIT_MS),
                        wait, pages);
    return SQLITE_OK;
}

static souk_status set_durable(struct souk_sqlite_file *f, const char *synchronous,
                               struct souk_error *err)
{
    char text[160], mode[16];
    souk_status status = query(f, "PRAGMA journal_mode = WAL", mode, sizeof mode, err);
    if (!status && strcmp(mode, "wal") != 0)
        status =
            souk_fail(err, SOUK_EINVAL,
                      "%s: no write-ahead log is possible there: put it on a local disk", f->path);
    /* Erased events leave no bytes in the file. */
    snprintf(text, sizeof text,
             "PRAGMA synchronous = %s; PRAGMA journal_size_limit = 67108864; "
             "PRAGMA secure_delete = ON; PRAGMA cache_size = -16384",
             synchronous);
    if (!status)
        status = souk_sqlite_file_run(f, text, err);
    if (!status)
        sqlite3_wal_hook(f->db, check_point, f);
    return status;
}

/* ---- schema ---- */

static souk_status check_owner(struct souk_sqlite_file *f, bool may_be_empty,
                               struct souk_error *err)
{
    int64_t owner = 0, tables = 0;
    souk_status status = souk_sqlite_file_integer(f, "PRAGMA application_id", &owner, err);
    if (!status)
        status = souk_sqlite_file_integer(f, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (status == SOUK_EFORMAT)
        return souk_fail(err, SOUK_EFORMAT, "%s: not a SQLite file: give a name of its own",
                         f->path);
    if (status || owner == SOUK_EVENT_APPLICATION_ID || (may_be_empty && owner == 0 && tables == 0))
        return status;
    return souk_fail(err, SOUK_EFORMAT, "%s: a SQLite file, but not a store of events", f->path);
}

static souk_status migrate_from(struct souk_sqlite_file *f, int64_t version, struct souk_error *err)
{
    char text[96];
    souk_status status = SOUK_OK;
    for (int64_t v = version; v < SOUK_EVENT_SCHEMA_VERSION && !status; v++)
        status = souk_sqlite_file_run(f, souk_event_schema_steps[v].sqlite, err);
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             SOUK_EVENT_APPLICATION_ID, SOUK_EVENT_SCHEMA_VERSION);
    return status ? status : souk_sqlite_file_run(f, text, err);
}

/* The version is read again inside: another program may have been faster. */
static souk_status migrate(struct souk_sqlite_file *f, struct souk_error *err)
{
    int64_t version = 0;
    souk_status status = souk_sqlite_file_run(f, "BEGIN IMMEDIATE", err);
    if (status)
        return status;
    status = souk_sqlite_file_integer(f, "PRAGMA user_version", &version, err);
    if (!status && version >= 0 && version < SOUK_EVENT_SCHEMA_VERSION)
        status = migrate_from(f, version, err);
    if (!status)
        status = souk_sqlite_file_run(f, "COMMIT", err);
    souk_sqlite_file_roll_back(f);
    return status;
}

static souk_status check_schema(struct souk_sqlite_file *f, bool migrates, struct souk_error *err)
{
    static const char read[] = "PRAGMA user_version";
    int64_t version = 0;
    souk_status status = souk_sqlite_file_integer(f, read, &version, err);
    if (!status && migrates && version < SOUK_EVENT_SCHEMA_VERSION) {
        status = migrate(f, err);
        if (!status)
            status = souk_sqlite_file_integer(f, read, &version, err);
    }
    return status ? status : souk_event_schema_check(f->path, version, err);
}

/* ---- open, close ---- */

static souk_status sync_folder_of(const char *path, struct souk_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!folder)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory for its name", path);
    souk_status status = SOUK_OK;
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0 || fsync(file) != 0)
        status = souk_fail_errno(err, "%s: sync", folder);
    if (file >= 0)
        close(file);
    free(folder);
    return status;
}

/* A file that is there is never opened here: who closes any descriptor of it takes the locks of all
 * connections of the process away (POSIX), and another process could remove the log in use. SQLite
 * syncs the folder for its log, not for the file itself. */
static souk_status find_or_make(const char *path, enum souk_event_access access,
                                struct souk_error *err)
{
    struct stat info;
    if (stat(path, &info) == 0)
        return SOUK_OK;
    if (errno != ENOENT || access != SOUK_EVENTS_WRITE)
        return souk_fail_errno(err, "%s", path);
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return errno == EEXIST ? SOUK_OK : souk_fail_errno(err, "%s", path);
    close(file);
    return sync_folder_of(path, err);
}

static souk_status connect_to(struct souk_sqlite_file *f, enum souk_event_access access,
                              struct souk_error *err)
{
    /* A reader opens it for writing, too: it may have to repair the log of a proxy that was
     * killed. query_only keeps it from changing anything else. */
    const int code = sqlite3_open_v2(
        f->path, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK)
        return souk_sqlite_file_fail(f, code, "cannot be opened", err);
    f->busy_ms = BUSY_MS;
    sqlite3_busy_handler(f->db, wait_busy, f);
    return souk_sqlite_file_run(f,
                                access == SOUK_EVENTS_READ
                                    ? "PRAGMA trusted_schema = OFF; PRAGMA query_only = ON"
                                    : "PRAGMA trusted_schema = OFF",
                                err);
}

souk_status souk_sqlite_file_open(struct souk_sqlite_file *f, const char *path,
                                  enum souk_event_access access, const char *synchronous,
                                  struct souk_error *err)
{
    const bool makes = access == SOUK_EVENTS_WRITE;
    souk_status status = find_or_make(path, access, err);
    if (status)
        return status;
    f->path = realpath(path, NULL);
    if (!f->path)
        return souk_fail_errno(err, "%s", path);
    status = connect_to(f, access, err);
    if (!status)
        status = check_owner(f, makes, err);
    if (!status && access != SOUK_EVENTS_READ)
        status = set_durable(f, synchronous, err);
    return status ? status : check_schema(f, makes, err);
}

void souk_sqlite_file_close(struct souk_sqlite_file *f)
{
    for (int i = 0; i < SOUK_SQLITE_STATEMENTS_MAX; i++)
        sqlite3_finalize(f->statements[i]);
    if (f->db && sqlite3_close(f->db) != SQLITE_OK)
        souk_log(SOUK_LOG_WARN, "event_close", "store=%s reason='%s'", f->path,
                 sqlite3_errmsg(f->db));
    free(f->path);
    *f = (struct souk_sqlite_file){0};
}
