/* Taking events out of a log: what is left looks as if they had never been read. */
#include "shared/base/memory.h"
#include "train/ingest/eventlog.h"

#include <stdlib.h>

static void close_gaps(struct souk_event_log *log, const bool *drop)
{
    size_t kept = 0, stored = 0;
    for (size_t i = 0; i < log->count; i++) {
        if (drop[i])
            continue;
        stored += i < log->from_store;
        if (log->ids)
            log->ids[kept] = log->ids[i];
        log->events[kept++] = log->events[i];
    }
    log->count = kept;
    log->from_store = stored;
}

static souk_lidx *local_index(struct souk_event *e, bool of_user)
{
    return of_user ? &e->user : &e->item;
}

/* The ids that events still have, in the order in which they were; and their new indexes. */
static souk_status keep_used(struct souk_event_log *log, bool of_user, struct souk_error *err)
{
    struct souk_dictionary *d = of_user ? &log->users : &log->items, kept;
    souk_lidx *moved = souk_zalloc_array(d->count + 1, sizeof *moved);
    souk_status status = souk_dictionary_init(&kept, d->kind, err);
    if (!moved)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %zu ids", d->count);
    for (size_t i = 0; i < log->count && !status; i++)
        moved[*local_index(&log->events[i], of_user)] = 1;
    for (size_t k = 0; k < d->count && !status; k++) {
        size_t len;
        const char *id = souk_dictionary_text(d, (souk_lidx)k, &len);
        if (moved[k])
            status = souk_dictionary_add(&kept, id, len, &moved[k], err);
    }
    for (size_t i = 0; i < log->count && !status; i++) {
        souk_lidx *const index = local_index(&log->events[i], of_user);
        *index = moved[*index];
    }
    if (!status) {
        souk_dictionary_fini(d);
        *d = kept;
    } else {
        souk_dictionary_fini(&kept);
    }
    free(moved);
    return status;
}

souk_status souk_event_log_drop(struct souk_event_log *log, const bool *drop,
                                struct souk_error *err)
{
    close_gaps(log, drop);
    const souk_status status = keep_used(log, true, err);
    return status ? status : keep_used(log, false, err);
}
