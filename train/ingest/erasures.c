#include "train/ingest/erasures.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Marks on their way to the other ranks: milliseconds, length, id, one behind the other. */
struct packed {
    char *bytes;
    size_t size, room;
    souk_status status;
};

enum { HEAD = sizeof(int64_t) + sizeof(uint32_t) };

static const size_t PACKED_MAX = SIZE_MAX / 2;

static bool pack(void *context, const char *user, int64_t erased_ms)
{
    struct packed *p = context;
    const uint32_t len = (uint32_t)strlen(user);
    p->status = souk_grow(&p->bytes, &p->room, p->size + HEAD + len, PACKED_MAX, 1);
    if (p->status)
        return false;
    memcpy(p->bytes + p->size, &erased_ms, sizeof erased_ms);
    memcpy(p->bytes + p->size + sizeof erased_ms, &len, sizeof len);
    memcpy(p->bytes + p->size + HEAD, user, len);
    p->size += HEAD + len;
    return true;
}

static souk_status add(struct souk_erasures *e, const char *user, size_t len, int64_t until_ms,
                       struct souk_error *err)
{
    souk_lidx index;
    souk_status status = souk_dictionary_add(&e->users, user, len, &index, err);
    if (status)
        return status;
    status = souk_grow(&e->until_ms, &e->room, (size_t)index + 1, SIZE_MAX / sizeof(int64_t),
                       sizeof *e->until_ms);
    if (status)
        return souk_fail(err, status, "no memory for %zu erased visitors", e->users.count);
    e->until_ms[index] = until_ms;
    return SOUK_OK;
}

static souk_status unpack(const struct packed *p, struct souk_erasures *e, struct souk_error *err)
{
    souk_status status = souk_dictionary_init(&e->users, "erased user", err);
    for (size_t at = 0; at < p->size && !status;) {
        int64_t until_ms;
        uint32_t len;
        memcpy(&until_ms, p->bytes + at, sizeof until_ms);
        memcpy(&len, p->bytes + at + sizeof until_ms, sizeof len);
        status = add(e, p->bytes + at + HEAD, len, until_ms, err);
        at += HEAD + len;
    }
    return status;
}

souk_status souk_erasures_read_all(const struct souk_comm *comm, struct souk_event_store *store,
                                   struct souk_erasures *out, struct souk_error *err)
{
    struct packed p = {.status = SOUK_OK};
    souk_status status = SOUK_OK;
    *out = (struct souk_erasures){.until_ms = NULL};
    if (store)
        status = souk_event_store_erasures(store, pack, &p, err);
    if (!status && p.status)
        status = souk_fail(err, p.status, "no memory for the erased visitors");
    status = souk_status_agree_all(comm, status, err);
    int64_t size = (int64_t)p.size;
    if (!status)
        status = souk_broadcast_all(comm, &size, sizeof size, 0, err);
    if (!status && comm->rank != 0) {
        p.size = (size_t)size;
        p.bytes = souk_alloc_array(p.size, 1);
        if (!p.bytes)
            status = souk_fail(err, SOUK_ENOMEM, "no memory for the erased visitors");
    }
    status = souk_status_agree_all(comm, status, err);
    if (!status && size > 0)
        status = souk_broadcast_all(comm, p.bytes, size, 0, err);
    if (!status)
        status = souk_status_agree_all(comm, unpack(&p, out, err), err);
    free(p.bytes);
    return status;
}

souk_status souk_erasures_apply(const struct souk_erasures *e, struct souk_event_log *log,
                                struct souk_error *err)
{
    int64_t dropped = 0;
    if (e->users.count == 0 || log->users.count == 0)
        return SOUK_OK;
    int64_t *until_ms = souk_alloc_array(log->users.count, sizeof *until_ms);
    bool *drop = souk_zalloc_array(log->count + 1, sizeof *drop);
    souk_status status = until_ms && drop
                             ? SOUK_OK
                             : souk_fail(err, SOUK_ENOMEM, "no memory to look for the erased");
    for (size_t u = 0; u < log->users.count && !status; u++) {
        size_t len;
        const char *id = souk_dictionary_text(&log->users, (souk_lidx)u, &len);
        const souk_lidx mark = souk_dictionary_find(&e->users, id, len);
        until_ms[u] = mark >= 0 ? e->until_ms[mark] : INT64_MIN;
    }
    for (size_t i = 0; i < log->count && !status; i++) {
        drop[i] = log->events[i].time_ms <= until_ms[log->events[i].user];
        dropped += drop[i];
    }
    if (!status && dropped > 0) {
        souk_rejects_count(&log->rejects, SOUK_REJECT_ERASED, dropped);
        status = souk_event_log_drop(log, drop, err);
    }
    free(until_ms);
    free(drop);
    return status;
}

void souk_erasures_fini(struct souk_erasures *e)
{
    souk_dictionary_fini(&e->users);
    free(e->until_ms);
    *e = (struct souk_erasures){.until_ms = NULL};
}
