#include "shared/events/sqlitewatch.h"

#include "shared/base/clock.h"
#include "shared/events/sqlitestatements.h"

#include <time.h>

enum {
    LOOK_MS = 200,      /* between two looks at the file */
    EVENTS_MAX = 20000, /* more new events than these are one change of all */
};

static souk_status read_version(struct souk_sqlite_file *f, int64_t *version,
                                struct souk_error *err)
{
    bool row = false;
    const souk_status status = souk_sqlite_file_step(f, SOUK_SQL_DATA_VERSION, &row, err);
    if (row)
        *version = sqlite3_column_int64(f->statements[SOUK_SQL_DATA_VERSION], 0);
    souk_sqlite_file_reset(f, SOUK_SQL_DATA_VERSION);
    return status;
}

static souk_status read_state(struct souk_sqlite_file *f, struct souk_sqlite_watched *w,
                              struct souk_error *err)
{
    bool row = false;
    sqlite3_stmt *state = f->statements[SOUK_SQL_STATE];
    const souk_status status = souk_sqlite_file_step(f, SOUK_SQL_STATE, &row, err);
    if (row) {
        w->seq = sqlite3_column_int64(state, 0);
        w->place = sqlite3_column_int64(state, 1);
        w->runs = sqlite3_column_int64(state, 2);
    }
    souk_sqlite_file_reset(f, SOUK_SQL_STATE);
    return status;
}

/* The users of a range of events or erasures. */
static souk_status tell_users(struct souk_sqlite_file *f, enum souk_sqlite_statement which,
                              int64_t after, int64_t last, souk_event_changed changed,
                              void *context, struct souk_error *err)
{
    sqlite3_stmt *users = f->statements[which];
    souk_status status;
    bool row = false;
    sqlite3_bind_int64(users, 1, after);
    sqlite3_bind_int64(users, 2, last);
    /* A user that cannot be read for want of memory is NULL, which is any: right, too. */
    while (!(status = souk_sqlite_file_step(f, (int)which, &row, err)) && row)
        changed(context, (const char *)sqlite3_column_text(users, 0));
    souk_sqlite_file_reset(f, (int)which);
    return status;
}

static souk_status tell(struct souk_sqlite_file *f, const struct souk_sqlite_watched *old,
                        const struct souk_sqlite_watched *new, souk_event_changed changed,
                        void *context, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if (!old->started || new->runs != old->runs || new->seq > old->seq + EVENTS_MAX) {
        changed(context, NULL);
        return SOUK_OK;
    }
    if (new->place > old->place)
        status =
            tell_users(f, SOUK_SQL_CHANGED_MARKS, old->place, new->place, changed, context, err);
    if (!status && new->seq > old->seq)
        status = tell_users(f, SOUK_SQL_CHANGED_EVENTS, old->seq, new->seq, changed, context, err);
    return status;
}

/* The counter is read before the rest: what is committed in between is looked at again. */
static souk_status look(struct souk_sqlite_file *f, struct souk_sqlite_watched *w, bool *told,
                        souk_event_changed changed, void *context, struct souk_error *err)
{
    struct souk_sqlite_watched now = {.started = true};
    souk_status status = read_version(f, &now.data_version, err);
    if (status || (w->started && now.data_version == w->data_version))
        return status;
    status = read_state(f, &now, err);
    if (!status)
        status = tell(f, w, &now, changed, context, err);
    if (!status) {
        *w = now;
        *told = true;
    }
    return status;
}

souk_status souk_sqlite_watch(struct souk_sqlite_file *f, struct souk_sqlite_watched *w,
                              int64_t timeout_ms, souk_event_changed changed, void *context,
                              struct souk_error *err)
{
    const int64_t end_us = souk_monotonic_us() + timeout_ms * 1000;
    for (;;) {
        bool told = false;
        const souk_status status = look(f, w, &told, changed, context, err);
        const int64_t left_us = end_us - souk_monotonic_us();
        if (status || told || left_us <= 0)
            return status;
        const int64_t pause_us = left_us < LOOK_MS * 1000 ? left_us : LOOK_MS * 1000;
        nanosleep(
            &(struct timespec){.tv_sec = pause_us / 1000000, .tv_nsec = pause_us % 1000000 * 1000},
            NULL);
    }
}
