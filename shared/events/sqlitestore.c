#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/events/eventbackend.h"
#include "shared/events/sqlitefile.h"
#include "shared/events/sqlitestatements.h"
#include "shared/events/sqlitewatch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    SCAN_ROWS = 1024,    /* read before they are visited: no snapshot is held meanwhile */
    PRUNE_SEQS = 5000,   /* looked at in one transaction: the proxy waits for no more */
    PRUNE_PAUSE_MS = 10, /* between two of them: then the proxy comes in */
    CUT_MS = 200,        /* that readers are waited for after an erasure */
};

struct sqlite_store {
    struct souk_event_store base;
    struct souk_sqlite_file file;
    struct souk_sqlite_watched watched;
    int lock; /* of FILE.lock; -1: not claimed */
};

static struct sqlite_store *of(struct souk_event_store *s)
{
    return (struct sqlite_store *)s;
}

/* ---- statements ---- */

static sqlite3_stmt *take(struct sqlite_store *s, enum souk_sqlite_statement which)
{
    return s->file.statements[which];
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

/* A file that was removed or replaced would take events, and nobody would find them again. */
static souk_status check_place(const struct sqlite_store *s, struct souk_error *err)
{
    int moved = 0;
    if (sqlite3_file_control(s->file.db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
        moved)
        return souk_fail(err, SOUK_EIO,
                         "%s: removed or replaced while it was open: start this program again",
                         s->file.path);
    return SOUK_OK;
}

static souk_status begin(struct sqlite_store *s, struct souk_error *err)
{
    const souk_status status = check_place(s, err);
    return status ? status
                  : souk_sqlite_file_do(&s->file, SOUK_SQL_BEGIN, "cannot be written", err);
}

/* Commit where all went well, else undo. */
static souk_status finish(struct sqlite_store *s, souk_status status, const char *what,
                          struct souk_error *err)
{
    if (!status)
        status = souk_sqlite_file_do(&s->file, SOUK_SQL_COMMIT, what, err);
    souk_sqlite_file_roll_back(&s->file);
    return status;
}

/* ---- claim ---- */

static souk_status claim(struct souk_event_store *base, struct souk_error *err)
{
    struct sqlite_store *s = of(base);
    char *path = NULL;
    souk_status status = SOUK_OK;
    if (s->lock >= 0)
        return SOUK_OK;
    if (asprintf(&path, "%s.lock", s->file.path) < 0)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory for the lock's name", s->file.path);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0) {
        status = souk_fail_errno(err, "%s", path);
    } else if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        status = errno == EWOULDBLOCK
                     ? souk_fail(err, SOUK_EEXIST,
                                 "%s: another souk-proxy has it: stop that one, or give several "
                                 "proxies a store in PostgreSQL",
                                 s->file.path)
                     : souk_fail_errno(err, "%s: lock", path);
        close(s->lock);
        s->lock = -1;
    }
    free(path);
    return status;
}

/* ---- append ---- */

/* 0: never. */
static souk_status find_mark(struct sqlite_store *s, const char *user, int64_t *ms,
                             struct souk_error *err)
{
    sqlite3_stmt *mark = take(s, SOUK_SQL_ERASED_MS);
    bool found = false;
    bind_text(mark, 1, user);
    const souk_status status = souk_sqlite_file_step(&s->file, SOUK_SQL_ERASED_MS, &found, err);
    *ms = found ? sqlite3_column_int64(mark, 0) : 0;
    souk_sqlite_file_reset(&s->file, SOUK_SQL_ERASED_MS);
    return status;
}

static souk_status insert(struct sqlite_store *s, const struct souk_event_record *e, int64_t now_ms,
                          bool *inserted, struct souk_error *err)
{
    sqlite3_stmt *statement = take(s, SOUK_SQL_INSERT);
    const char *const columns[] = {e->user,       e->item,  e->type, e->event_id,
                                   e->request_id, e->model, e->arm};
    for (int i = 0; i < 7; i++)
        bind_text(statement, i + 1, columns[i]);
    sqlite3_bind_int64(statement, 8, e->ms);
    sqlite3_bind_int64(statement, 9, e->stored_ms ? e->stored_ms : now_ms);
    sqlite3_bind_double(statement, 10, e->value);
    const souk_status status =
        souk_sqlite_file_do(&s->file, SOUK_SQL_INSERT, "cannot store events", err);
    *inserted = !status && sqlite3_changes(s->file.db) == 1;
    return status;
}

/* The mark is read inside the transaction: an erasure comes wholly before it or after it. */
static souk_status store_one(struct sqlite_store *s, const struct souk_event_record *e,
                             int64_t now_ms, enum souk_event_fate *fate, struct souk_error *err)
{
    int64_t erased_ms = 0;
    bool inserted = false;
    souk_status status = find_mark(s, e->user, &erased_ms, err);
    if (status)
        return status;
    if (erased_ms > 0 && e->ms <= erased_ms) {
        *fate = SOUK_EVENT_ERASED;
        return SOUK_OK;
    }
    status = insert(s, e, now_ms, &inserted, err);
    *fate = inserted ? SOUK_EVENT_STORED : SOUK_EVENT_DUPLICATE;
    return status;
}

static souk_status append(struct souk_event_store *base, const struct souk_event_record *events,
                          int count, enum souk_event_fate *fates, struct souk_error *err)
{
    struct sqlite_store *s = of(base);
    const int64_t now_ms = souk_wall_ms();
    souk_status status = begin(s, err);
    for (int i = 0; i < count && !status; i++)
        status = store_one(s, &events[i], now_ms, &fates[i], err);
    return finish(s, status, "cannot store events", err);
}

/* ---- read ---- */

static souk_status no_memory(const struct sqlite_store *s, struct souk_error *err)
{
    return souk_fail(err, SOUK_ENOMEM, "%s: no memory for its events", s->file.path);
}

/* A text is NULL where there is no memory for it, and in a damaged file, which may give anything
 * that looks like a row: it is checked as what comes in is. */
static souk_status read_record(const struct sqlite_store *s, sqlite3_stmt *row,
                               struct souk_event_record *e, struct souk_error *err)
{
    const char *columns[7];
    for (int i = 0; i < 7; i++)
        columns[i] = (const char *)sqlite3_column_text(row, i);
    if (sqlite3_errcode(s->file.db) == SQLITE_NOMEM)
        return no_memory(s, err);
    *e = (struct souk_event_record){.user = columns[0],
                                    .item = columns[1],
                                    .type = columns[2],
                                    .event_id = columns[3],
                                    .request_id = columns[4],
                                    .model = columns[5],
                                    .arm = columns[6],
                                    .ms = sqlite3_column_int64(row, 7),
                                    .stored_ms = sqlite3_column_int64(row, 8),
                                    .value = sqlite3_column_double(row, 9),
                                    .seq = sqlite3_column_int64(row, 10)};
    if (!souk_event_record_check(e, err))
        return SOUK_OK;
    return souk_error_prefix(err, SOUK_EINTEGRITY, "%s: damaged: event %" PRId64, s->file.path,
                             e->seq);
}

static souk_status read_user(struct souk_event_store *base, const char *user, int64_t since_ms,
                             int64_t max, souk_event_visit visit, void *context,
                             struct souk_error *err)
{
    struct sqlite_store *s = of(base);
    struct souk_event_record record;
    sqlite3_stmt *rows = take(s, SOUK_SQL_READ_USER);
    souk_status status;
    bool more = true;
    bind_text(rows, 1, user);
    sqlite3_bind_int64(rows, 2, since_ms);
    sqlite3_bind_int64(rows, 3, max);
    while (!(status = souk_sqlite_file_step(&s->file, SOUK_SQL_READ_USER, &more, err)) && more) {
        status = read_record(s, rows, &record, err);
        if (status || !visit(context, &record))
            break;
    }
    souk_sqlite_file_reset(&s->file, SOUK_SQL_READ_USER);
    return status;
}

/* Up to SCAN_ROWS copies. */
static souk_status read_block(struct sqlite_store *s, int64_t after,
                              struct souk_event_record block[SCAN_ROWS], int *count,
                              struct souk_error *err)
{
    struct souk_event_record record;
    sqlite3_stmt *rows = take(s, SOUK_SQL_SCAN);
    souk_status status = SOUK_OK;
    bool more = true;
    sqlite3_bind_int64(rows, 1, after);
    sqlite3_bind_int64(rows, 2, SCAN_ROWS);
    for (*count = 0; *count < SCAN_ROWS && !status; (*count)++) {
        status = souk_sqlite_file_step(&s->file, SOUK_SQL_SCAN, &more, err);
        if (status || !more)
            break;
        status = read_record(s, rows, &record, err);
        if (!status && !souk_event_record_copy(&block[*count], &record))
            status = no_memory(s, err);
        if (status)
            break;
    }
    souk_sqlite_file_reset(&s->file, SOUK_SQL_SCAN);
    return status;
}

/* One writer at a time: seq ascends as events are committed. */
static souk_status scan(struct souk_event_store *base, int64_t after, souk_event_visit visit,
                        void *context, struct souk_error *err)
{
    struct sqlite_store *s = of(base);
    struct souk_event_record *block = souk_alloc_array(SCAN_ROWS, sizeof *block);
    souk_status status = block ? SOUK_OK : no_memory(s, err);
    bool more = true;
    while (more && !status) {
        int count = 0;
        status = read_block(s, after, block, &count, err);
        for (int i = 0; i < count; i++) {
            after = block[i].seq;
            more = more && !status && visit(context, &block[i]);
            souk_event_record_drop(&block[i]);
        }
        more = more && count == SCAN_ROWS;
    }
    free(block);
    return status;
}

static int64_t size_of(const char *path, const char *suffix)
{
    char name[4096];
    struct stat info;
    const int len = snprintf(name, sizeof name, "%s%s", path, suffix);
    return len < (int)sizeof name && stat(name, &info) == 0 ? (int64_t)info.st_size : 0;
}

static souk_status count(struct souk_event_store *base, struct souk_event_counts *out,
                         struct souk_error *err)
{
    struct sqlite_store *s = of(base);
    sqlite3_stmt *row = take(s, SOUK_SQL_COUNT);
    bool more = false;
    const souk_status status = souk_sqlite_file_step(&s->file, SOUK_SQL_COUNT, &more, err);
    if (!status && more)
        *out = (struct souk_event_counts){
            .events = sqlite3_column_int64(row, 0),
            .users = sqlite3_column_int64(row, 1),
            .items = sqlite3_column_int64(row, 2),
            .first_ms = sqlite3_column_int64(row, 3),
            .last_ms = sqlite3_column_int64(row, 4),
            .erased = sqlite3_column_int64(row, 5),
            .bytes = size_of(s->file.path, "") + size_of(s->file.path, "-wal"),
        };
    souk_sqlite_file_reset(&s->file, SOUK_SQL_COUNT);
    return status;
}

/* ---- change ---- */

static souk_status prune_range(struct sqlite_store *s, int64_t from, int64_t to, int64_t before_ms,
                               int64_t *deleted, struct souk_error *err)
{
    sqlite3_stmt *prune = take(s, SOUK_SQL_PRUNE);
    int64_t gone = 0;
    souk_status status = begin(s, err);
    if (status)
        return status;
    sqlite3_bind_int64(prune, 1, from);
    sqlite3_bind_int64(prune, 2, to);
    sqlite3_bind_int64(prune, 3, before_ms);
    status = souk_sqlite_file_do(&s->file, SOUK_SQL_PRUNE, "cannot delete events", err);
    if (!status)
        gone = sqlite3_changes64(s->file.db);
    sqlite3_bind_int64(take(s, SOUK_SQL_PRUNED), 1, before_ms);
    if (!status && gone > 0)
        status = souk_sqlite_file_do(&s->file, SOUK_SQL_PRUNED, "cannot delete events", err);
    status = finish(s, status, "cannot delete events", err);
    *deleted += status ? 0 : gone;
    return status;
}

/* In steps along seq: no index by time has to be kept, and the proxy's writer gets in between. */
static souk_status prune(struct souk_event_store *base, int64_t before_ms, int64_t *deleted,
                         struct souk_error *err)
{
    struct sqlite_store *s = of(base);
    sqlite3_stmt *seqs = take(s, SOUK_SQL_SEQS);
    bool more = false;
    souk_status status = souk_sqlite_file_step(&s->file, SOUK_SQL_SEQS, &more, err);
    const int64_t first = more ? sqlite3_column_int64(seqs, 0) : 0;
    const int64_t last = more ? sqlite3_column_int64(seqs, 1) : 0;
    souk_sqlite_file_reset(&s->file, SOUK_SQL_SEQS);
    for (int64_t from = first; from < last && !status; from += PRUNE_SEQS) {
        status = prune_range(s, from, from + PRUNE_SEQS, before_ms, deleted, err);
        nanosleep(&(struct timespec){.tv_nsec = PRUNE_PAUSE_MS * 1000000}, NULL);
    }
    return status;
}

/* Nothing of the visitor stays in the log either: it is written back and cut. A reader may keep
 * that from happening now; later checkpoints do it. */
static void cut_log(struct sqlite_store *s)
{
    if (souk_sqlite_file_checkpoint(&s->file, SQLITE_CHECKPOINT_TRUNCATE, CUT_MS) != SOUK_OK)
        souk_log(SOUK_LOG_INFO, "event_log_kept", "store=%s reason='%s'", s->file.path,
                 sqlite3_errmsg(s->file.db));
}

static souk_status erase(struct souk_event_store *base, const char *user, int64_t now_ms,
                         int64_t *deleted, struct souk_error *err)
{
    static const char what[] = "cannot erase a user";
    struct sqlite_store *s = of(base);
    int64_t gone = 0;
    souk_status status = begin(s, err);
    if (status)
        return status;
    bind_text(take(s, SOUK_SQL_ERASE), 1, user);
    status = souk_sqlite_file_do(&s->file, SOUK_SQL_ERASE, what, err);
    if (!status)
        gone = sqlite3_changes64(s->file.db);
    bind_text(take(s, SOUK_SQL_MARK), 1, user);
    sqlite3_bind_int64(take(s, SOUK_SQL_MARK), 2, now_ms);
    if (!status)
        status = souk_sqlite_file_do(&s->file, SOUK_SQL_MARK, what, err);
    status = finish(s, status, what, err);
    if (status)
        return status;
    *deleted = gone;
    cut_log(s);
    return SOUK_OK;
}

static souk_status erased_ms(struct souk_event_store *base, const char *user, int64_t *out,
                             struct souk_error *err)
{
    return find_mark(of(base), user, out, err);
}

static souk_status erasures(struct souk_event_store *base, souk_erasure_visit visit, void *context,
                            struct souk_error *err)
{
    struct sqlite_store *s = of(base);
    sqlite3_stmt *rows = take(s, SOUK_SQL_ERASURES);
    souk_status status;
    bool more = true;
    while (!(status = souk_sqlite_file_step(&s->file, SOUK_SQL_ERASURES, &more, err)) && more) {
        const char *user = (const char *)sqlite3_column_text(rows, 0);
        if (!user)
            status = no_memory(s, err);
        if (!user || !visit(context, user, sqlite3_column_int64(rows, 1)))
            break;
    }
    souk_sqlite_file_reset(&s->file, SOUK_SQL_ERASURES);
    return status;
}

/* ---- watch, open, close ---- */

static souk_status watch(struct souk_event_store *base, int64_t timeout_ms,
                         souk_event_changed changed, void *context, struct souk_error *err)
{
    struct sqlite_store *s = of(base);
    return souk_sqlite_watch(&s->file, &s->watched, timeout_ms, changed, context, err);
}

static void close_store(struct souk_event_store *base)
{
    struct sqlite_store *s = of(base);
    souk_sqlite_file_close(&s->file);
    if (s->lock >= 0)
        close(s->lock);
    free(s);
}

static const struct souk_event_backend backend = {.shared = false,
                                                  .close = close_store,
                                                  .claim = claim,
                                                  .append = append,
                                                  .read_user = read_user,
                                                  .scan = scan,
                                                  .count = count,
                                                  .prune = prune,
                                                  .erase = erase,
                                                  .erased_ms = erased_ms,
                                                  .erasures = erasures,
                                                  .watch = watch};

souk_status souk_sqlite_store_open(const char *path, enum souk_event_access access,
                                   const char *synchronous, struct souk_event_store **out,
                                   struct souk_error *err)
{
    *out = NULL;
    struct sqlite_store *s = souk_zalloc_array(1, sizeof *s);
    if (!s)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory for the store", path);
    s->base =
        (struct souk_event_store){.backend = &backend, .writable = access != SOUK_EVENTS_READ};
    s->lock = -1;
    souk_status status = souk_sqlite_file_open(&s->file, path, access, synchronous, err);
    if (!status)
        status = souk_sqlite_file_prepare(&s->file, souk_sqlite_texts, SOUK_SQL_STATEMENTS, err);
    if (status)
        close_store(&s->base);
    else
        *out = &s->base;
    return status;
}
