#include "train/ingest/placement.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/largearray.h"

#include <stdlib.h>
#include <string.h>

enum { INSERTION_MAX = 24 };

/* Where a user's events go: by local index. */
struct destination {
    int rank;
    souk_lidx user; /**< as that rank counts it */
};

static int compare_events(const void *a, const void *b)
{
    const struct souk_placed_event *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    if (x->item_type != y->item_type)
        return x->item_type < y->item_type ? -1 : 1;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* Most logs are in order of time already: one pass tells. */
static void sort_events(struct souk_placed_event *e, int64_t n)
{
    int64_t sorted = 1;
    while (sorted < n && compare_events(&e[sorted - 1], &e[sorted]) <= 0)
        sorted++;
    if (sorted >= n)
        return;
    if (n > INSERTION_MAX) {
        qsort(e, (size_t)n, sizeof *e, compare_events);
        return;
    }
    for (int64_t i = sorted; i < n; i++) {
        const struct souk_placed_event moving = e[i];
        int64_t at = i;
        for (; at > 0 && compare_events(&e[at - 1], &moving) > 0; at--)
            e[at] = e[at - 1];
        e[at] = moving;
    }
}

static souk_status find_destinations(const struct souk_comm *comm,
                                     const struct souk_numbering *users, size_t count,
                                     struct destination **out, struct souk_error *err)
{
    struct destination *to = souk_alloc_array(count, sizeof *to);
    *out = to;
    if (!to)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %zu users", count);
    for (size_t i = 0; i < count; i++) {
        const int part = souk_numbering_part(users, users->row[i]);
        const int64_t owned = souk_numbering_owned(users, part, users->row[i]);
        if (owned >= INT32_MAX)
            return souk_fail(err, SOUK_ELIMIT, "more than %d users on one rank; run on more ranks",
                             INT32_MAX);
        to[i] = (struct destination){souk_part_rank(comm, part), (souk_lidx)owned};
    }
    return SOUK_OK;
}

/* Events by the rank they go to, behind `counts` [ranks], which is filled in. */
static souk_status pack(const struct souk_comm *comm, const struct souk_event_log *log,
                        const struct destination *to, const struct souk_numbering *items,
                        struct souk_placed_event **out, int64_t *counts, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    struct souk_placed_event *packed = souk_large_array(log->count, sizeof *packed);
    int64_t *at = souk_zalloc_array((size_t)comm->size, sizeof *at);
    *out = packed;
    if (!packed || !at) {
        status = souk_fail(err, SOUK_ENOMEM, "no memory to send %zu events", log->count);
        goto out;
    }
    for (size_t i = 0; i < log->count; i++)
        counts[to[log->events[i].user].rank]++;
    for (int rank = 1; rank < comm->size; rank++)
        at[rank] = at[rank - 1] + counts[rank - 1];
    for (size_t i = 0; i < log->count; i++) {
        const struct souk_event *e = &log->events[i];
        const struct destination d = to[e->user];
        packed[at[d.rank]++] = (struct souk_placed_event){
            .time_ms = e->time_ms,
            .order = e->order,
            .item_type = (uint64_t)items->row[e->item] << SOUK_PLACED_TYPE_BITS | e->type,
            .user = d.user,
            .value = e->value,
        };
    }
out:
    free(at);
    return status;
}

/* Spread what came in over the users; frees it. */
static souk_status spread(struct souk_placed_event *received, int64_t count,
                          struct souk_placement *out, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    out->events = souk_large_array((size_t)count, sizeof *out->events);
    out->offsets = souk_zalloc_array((size_t)out->users + 2, sizeof *out->offsets);
    if (!out->events || !out->offsets) {
        status = souk_fail(err, SOUK_ENOMEM, "no memory to sort %lld events", (long long)count);
        goto out;
    }
    /* offsets[u + 2] counts, offsets[u + 1] is then where the next event of u goes, and ends up
     * where those of u + 1 begin. */
    int64_t *next = out->offsets + 1;
    for (int64_t i = 0; i < count; i++)
        next[received[i].user + 1]++;
    for (int64_t u = 0; u < out->users; u++)
        next[u + 1] += next[u];
    for (int64_t i = 0; i < count; i++)
        out->events[next[received[i].user]++] = received[i];
out:
    free(received);
    return status;
}

/* Sort each user's events, and close the gaps that duplicates leave. */
static void sort_users(struct souk_placement *p, bool keep_duplicates)
{
    int64_t kept = 0, begin = 0;
    for (int64_t u = 0; u < p->users; u++) {
        const int64_t end = p->offsets[u + 1], first = kept;
        sort_events(p->events + begin, end - begin);
        for (int64_t i = begin; i < end; i++) {
            if (!keep_duplicates && kept > first &&
                compare_events(&p->events[kept - 1], &p->events[i]) == 0)
                continue;
            if (kept != i)
                p->events[kept] = p->events[i];
            kept++;
        }
        p->duplicates += (end - begin) - (kept - first);
        p->offsets[u + 1] = kept;
        begin = end;
    }
}

/* What the exchange and the sort will take, before they take it. */
static souk_status print_memory_all(const struct souk_comm *comm, const int64_t *send_counts,
                                    struct souk_error *err)
{
    int64_t sent = 0, bytes;
    int64_t *received = souk_alloc_array((size_t)comm->size, sizeof *received);
    souk_status status =
        received ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory to send events");
    status = souk_status_agree_all(comm, status, err);
    for (int rank = 0; rank < comm->size && !status; rank++) {
        received[rank] = send_counts[rank];
        sent += send_counts[rank];
    }
    if (!status)
        status = souk_sum_i64_all(comm, received, comm->size, err);
    if (!status) {
        const int64_t mine = received[comm->rank];
        bytes = (mine + (sent > mine ? sent : mine)) * (int64_t)sizeof(struct souk_placed_event);
        status = souk_max_i64_all(comm, &bytes, 1, err);
    }
    if (!status)
        souk_log(SOUK_LOG_INFO, "memory", "stage=sort mib_per_rank=%lld",
                 (long long)(bytes >> 20) + 1);
    free(received);
    return status;
}

souk_status souk_placement_make_all(const struct souk_comm *comm, struct souk_event_log *log,
                                    const struct souk_numbering *users,
                                    const struct souk_numbering *items, bool keep_duplicates,
                                    struct souk_placement *out, struct souk_error *err)
{
    struct destination *to = NULL;
    struct souk_placed_event *packed = NULL;
    void *received = NULL;
    int64_t count = 0;
    souk_status status = SOUK_OK;
    int64_t *send_counts = souk_zalloc_array((size_t)comm->size, sizeof *send_counts);
    int64_t *recv_counts = souk_zalloc_array((size_t)comm->size, sizeof *recv_counts);

    *out = (struct souk_placement){.users = users->owned_count};
    if (!send_counts || !recv_counts)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to send events");
    if (!status)
        status = find_destinations(comm, users, log->users.count, &to, err);
    if (!status)
        status = pack(comm, log, to, items, &packed, send_counts, err);
    souk_event_log_free_events(log);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = print_memory_all(comm, send_counts, err);
    if (!status)
        status = souk_exchange_all(comm, packed, send_counts, sizeof *packed, &received,
                                   recv_counts, err);
    free(packed);
    for (int rank = 0; rank < comm->size && !status; rank++)
        count += recv_counts[rank];
    if (!status)
        status = souk_status_agree_all(comm, spread(received, count, out, err), err);
    if (!status)
        sort_users(out, keep_duplicates);
    else
        souk_placement_fini(out);
    free(send_counts);
    free(recv_counts);
    free(to);
    return status;
}

void souk_placement_fini(struct souk_placement *p)
{
    free(p->events);
    free(p->offsets);
    *p = (struct souk_placement){0};
}
