#include "train/popular/popularity.h"

#include "shared/base/memory.h"
#include "shared/math/fixed.h"

#include <math.h>
#include <stdlib.h>

/* What a rank knows of an item, on its way to the rank of the item's part. */
struct share {
    int64_t item;
    int64_t score; /* fixed point */
    int64_t events;
};

/* Sums over this rank's pairs. */
struct sums {
    int64_t items;
    int64_t *score, *events; /* [items] */
};

static double weight_of(int64_t age_ms, int64_t half_life_ms)
{
    return half_life_ms > 0 ? exp2(-(double)age_ms / (double)half_life_ms) : 1;
}

static souk_status add_up(const struct souk_ratings *ratings, int64_t half_life_ms,
                          int64_t newest_ms, int shift, struct sums *s, struct souk_error *err)
{
    s->score = souk_zalloc_array((size_t)s->items, sizeof *s->score);
    s->events = souk_zalloc_array((size_t)s->items, sizeof *s->events);
    if (!s->score || !s->events)
        return souk_fail(err, SOUK_ENOMEM, "out of memory for the popularity of %lld items",
                         (long long)s->items);
    for (int k = 0; k < ratings->local_count; k++) {
        const struct souk_ratings_part *p = &ratings->local[k];
        for (int64_t i = 0; i < p->offsets[p->users.count]; i++) {
            const double weight = weight_of(newest_ms - p->last_ms[i], half_life_ms);
            s->score[p->item[i]] += souk_fixed_from(weight, shift);
            s->events[p->item[i]] += p->events[i];
        }
    }
    return SOUK_OK;
}

/* Items that this rank has pairs of, in the order of the ranks that they go to. */
static struct share *pack(const struct souk_comm *comm, const struct sums *s,
                          const int64_t *item_first, int parts, int64_t *counts)
{
    int64_t count = 0;
    for (int64_t i = 0; i < s->items; i++)
        count += s->events[i] > 0;
    struct share *send = souk_alloc_array((size_t)count, sizeof *send);
    int64_t at = 0;
    for (int rank = 0; send && rank < comm->size; rank++) {
        const int64_t before = at;
        for (int p = rank; p < parts; p += comm->size) {
            for (int64_t i = item_first[p]; i < item_first[p + 1]; i++) {
                if (s->events[i] > 0)
                    send[at++] = (struct share){i, s->score[i], s->events[i]};
            }
        }
        counts[rank] = at - before;
    }
    return send;
}

static souk_status exchange_all(const struct souk_comm *comm, const struct sums *s,
                                const int64_t *item_first, int parts, struct share **out,
                                int64_t *out_count, struct souk_error *err)
{
    void *received = NULL;
    int64_t *counts = souk_zalloc_array((size_t)comm->size, 2 * sizeof *counts);
    struct share *send = counts ? pack(comm, s, item_first, parts, counts) : NULL;
    souk_status status = SOUK_OK;
    if (!send)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for the popularity of %lld items",
                           (long long)s->items);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = souk_exchange_all(comm, send, counts, sizeof *send, &received, counts + comm->size,
                                   err);
    for (int rank = 0; status == SOUK_OK && rank < comm->size; rank++)
        *out_count += counts[comm->size + rank];
    *out = received;
    free(send);
    free(counts);
    return status;
}

static souk_status finish_part(struct souk_popularity *p, int part, const int64_t *item_first,
                               const struct sums *s, int shift)
{
    const int64_t first = item_first[part], items = item_first[part + 1] - first;
    p->score[part] = souk_alloc_array((size_t)items, sizeof **p->score);
    p->events[part] = souk_alloc_array((size_t)items, sizeof **p->events);
    if (!p->score[part] || !p->events[part])
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < items; i++) {
        p->score[part][i] = (float)souk_fixed_to(s->score[first + i], shift);
        p->events[part][i] = s->events[first + i];
    }
    return SOUK_OK;
}

static souk_status finish(const struct souk_comm *comm, struct souk_popularity *p,
                          const int64_t *item_first, const struct share *shares, int64_t count,
                          struct sums *s, int shift)
{
    for (int64_t i = 0; i < s->items; i++)
        s->score[i] = s->events[i] = 0;
    for (int64_t i = 0; i < count; i++) {
        s->score[shares[i].item] += shares[i].score;
        s->events[shares[i].item] += shares[i].events;
    }
    p->score = souk_zalloc_array((size_t)p->parts, sizeof *p->score);
    p->events = souk_zalloc_array((size_t)p->parts, sizeof *p->events);
    souk_status status = p->score && p->events ? SOUK_OK : SOUK_ENOMEM;
    for (int part = comm->rank; part < p->parts && status == SOUK_OK; part += comm->size)
        status = finish_part(p, part, item_first, s, shift);
    return status;
}

souk_status souk_popularity_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                int64_t half_life_ms, struct souk_popularity *out,
                                struct souk_error *err)
{
    struct sums sums = {.items = ratings->item_first[ratings->parts]};
    struct share *shares = NULL;
    int64_t newest_ms = 0, share_count = 0;
    const int shift = souk_fixed_shift(1, ratings->pairs > 0 ? ratings->pairs : 1);
    *out = (struct souk_popularity){.parts = ratings->parts};
    souk_status status = souk_ratings_newest_all(comm, ratings, &newest_ms, err);
    if (status == SOUK_OK)
        status = souk_status_agree_all(
            comm, add_up(ratings, half_life_ms, newest_ms, shift, &sums, err), err);
    if (status == SOUK_OK)
        status = exchange_all(comm, &sums, ratings->item_first, ratings->parts, &shares,
                              &share_count, err);
    if (status == SOUK_OK) {
        status = finish(comm, out, ratings->item_first, shares, share_count, &sums, shift);
        if (status != SOUK_OK)
            status = souk_fail(err, status, "out of memory for the popularity of %lld items",
                               (long long)sums.items);
        status = souk_status_agree_all(comm, status, err);
    }
    if (status != SOUK_OK)
        souk_popularity_fini(out);
    free(shares);
    free(sums.score);
    free(sums.events);
    return status;
}

void souk_popularity_fini(struct souk_popularity *p)
{
    for (int part = 0; part < p->parts; part++) {
        if (p->score)
            free(p->score[part]);
        if (p->events)
            free(p->events[part]);
    }
    free(p->score);
    free(p->events);
    *p = (struct souk_popularity){0};
}
