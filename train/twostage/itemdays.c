#include "train/twostage/itemdays.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* A user had an item on a day. */
struct meeting {
    int64_t item, day;
};

struct work {
    const struct souk_comm *comm;
    const struct souk_ratings *ratings;
    const struct souk_user_events *events;
    struct meeting *send, *received;
    int64_t *counts; /* [size] to, [size] from */
    int64_t received_count;
    struct souk_error *err;
};

static int by_item_and_day(const void *a, const void *b)
{
    const struct meeting *x = a, *y = b;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    return x->day < y->day ? -1 : x->day > y->day;
}

static int64_t events_of(const struct work *w, int local)
{
    return w->events[local].offsets[w->ratings->local[local].users.count];
}

/* One user's meetings, ascending, each once. @return their number */
static int64_t list_user(const struct souk_user_events *e, int64_t user, struct meeting *out)
{
    int64_t n = 0, kept = 0;
    for (int64_t at = e->offsets[user]; at < e->offsets[user + 1]; at++)
        out[n++] = (struct meeting){e->item[at], souk_day_of_ms(e->ms[at])};
    if (n > 0)
        qsort(out, (size_t)n, sizeof *out, by_item_and_day);
    for (int64_t i = 0; i < n; i++)
        if (kept == 0 || by_item_and_day(&out[kept - 1], &out[i]) != 0)
            out[kept++] = out[i];
    return kept;
}

/* The part that an item belongs to. */
static int part_of(const struct souk_ratings *r, int64_t item)
{
    int low = 0, high = r->parts;
    while (low < high - 1) {
        const int middle = low + (high - low) / 2;
        if (r->item_first[middle] <= item)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Meetings of all own users, sorted by the rank that owns the item. */
static souk_status pack(struct work *w)
{
    int64_t events = 0, n = 0;
    for (int k = 0; k < w->ratings->local_count; k++)
        events += events_of(w, k);
    struct meeting *all = souk_alloc_array((size_t)events, sizeof *all);
    int64_t *next = souk_zalloc_array((size_t)w->comm->size, sizeof *next);
    w->send = souk_alloc_array((size_t)events, sizeof *w->send);
    w->counts = souk_zalloc_array(2 * (size_t)w->comm->size, sizeof *w->counts);
    if (!all || !next || !w->send || !w->counts) {
        free(all);
        free(next);
        return souk_fail(w->err, SOUK_ENOMEM, "out of memory for the days of %lld events",
                         (long long)events);
    }
    for (int k = 0; k < w->ratings->local_count; k++)
        for (int64_t u = 0; u < w->ratings->local[k].users.count; u++)
            n += list_user(&w->events[k], u, all + n);
    for (int64_t i = 0; i < n; i++)
        w->counts[souk_part_rank(w->comm, part_of(w->ratings, all[i].item))]++;
    for (int r = 1; r < w->comm->size; r++)
        next[r] = next[r - 1] + w->counts[r - 1];
    for (int64_t i = 0; i < n; i++)
        w->send[next[souk_part_rank(w->comm, part_of(w->ratings, all[i].item))]++] = all[i];
    free(all);
    free(next);
    return SOUK_OK;
}

static souk_status exchange_all(struct work *w)
{
    void *received = NULL;
    const int size = w->comm->size;
    const souk_status status = souk_exchange_all(w->comm, w->send, w->counts, sizeof *w->send,
                                                 &received, w->counts + size, w->err);
    w->received = received;
    for (int r = 0; r < size && !status; r++)
        w->received_count += w->counts[size + r];
    if (w->received_count > 0)
        qsort(w->received, (size_t)w->received_count, sizeof *w->received, by_item_and_day);
    return status;
}

/* Rows of one part, out of meetings that begin with it. @return the first that is not of it */
static int64_t lay_out_part(const struct work *w, const struct souk_ratings_part *p, int64_t at,
                            struct souk_day_rows *out)
{
    const int64_t first = w->ratings->item_first[p->part];
    int64_t to = 0;
    for (int64_t i = 0; i < p->items.count; i++) {
        out->offsets[i] = to;
        for (; at < w->received_count && w->received[at].item == first + i; at++) {
            if (to > out->offsets[i] && out->day[to - 1] == w->received[at].day) {
                out->users[to - 1]++;
                continue;
            }
            out->day[to] = w->received[at].day;
            out->users[to++] = 1;
        }
    }
    out->offsets[p->items.count] = to;
    return at;
}

static int64_t count_of_part(const struct work *w, const struct souk_ratings_part *p, int64_t at)
{
    const int64_t end = w->ratings->item_first[p->part] + p->items.count, first = at;
    while (at < w->received_count && w->received[at].item < end)
        at++;
    return at - first;
}

static souk_status lay_out(const struct work *w, struct souk_day_rows *out)
{
    int64_t at = 0;
    for (int k = 0; k < w->ratings->local_count; k++) {
        const struct souk_ratings_part *p = &w->ratings->local[k];
        const size_t most = (size_t)count_of_part(w, p, at);
        out[k].offsets = souk_alloc_array((size_t)p->items.count + 1, sizeof *out[k].offsets);
        out[k].day = souk_alloc_array(most, sizeof *out[k].day);
        out[k].users = souk_alloc_array(most, sizeof *out[k].users);
        if (!out[k].offsets || !out[k].day || !out[k].users)
            return souk_fail(w->err, SOUK_ENOMEM, "out of memory for the days of %zu meetings",
                             most);
        at = lay_out_part(w, p, at, &out[k]);
    }
    return SOUK_OK;
}

souk_status souk_item_days_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                               const struct souk_user_events *events, struct souk_day_rows *out,
                               struct souk_error *err)
{
    struct work w = {.comm = comm, .ratings = ratings, .events = events, .err = err};
    for (int k = 0; k < ratings->local_count; k++)
        out[k] = (struct souk_day_rows){0};
    souk_status status = souk_status_agree_all(comm, pack(&w), err);
    if (!status)
        status = exchange_all(&w);
    if (!status)
        status = souk_status_agree_all(comm, lay_out(&w, out), err);
    for (int k = 0; k < ratings->local_count && status; k++)
        souk_item_days_fini(&out[k]);
    free(w.send);
    free(w.received);
    free(w.counts);
    return status;
}

void souk_item_days_fini(struct souk_day_rows *days)
{
    free(days->offsets);
    free(days->day);
    free(days->users);
    *days = (struct souk_day_rows){0};
}
