#include "train/evaluate/coverage.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>

/* The best position at which an item stands in any list. */
struct placed {
    int64_t row;
    int64_t position;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

/* Sort, and of every item keep its best position. */
static int64_t keep_best(struct placed *placed, int64_t count)
{
    int64_t kept = 0;
    if (count > 1)
        qsort(placed, (size_t)count, sizeof *placed, compare_placed);
    for (int64_t i = 0; i < count; i++) {
        if (kept == 0 || placed[i].row != placed[kept - 1].row)
            placed[kept++] = placed[i];
    }
    return kept;
}

/* Items in lists of this rank's users of the set, compacted whenever the array fills up. */
static souk_status collect(const struct souk_measure *m, const struct souk_set *set,
                           struct placed **out, int64_t *out_count)
{
    size_t cap = 0;
    int64_t count = 0, limit = 1 << 16;
    struct placed *placed = NULL;
    souk_status status = SOUK_OK;
    for (int64_t at = 0; at < m->cases->count && status == SOUK_OK; at++) {
        const struct souk_topk *list = souk_ranking_list(m->ranking, at);
        if (souk_measure_targets(m, set, at) == 0)
            continue;
        if (count > limit) {
            count = keep_best(placed, count);
            limit = 2 * count > limit ? 2 * count : limit;
        }
        status =
            souk_grow(&placed, &cap, (size_t)(count + list->count), SIZE_MAX / 256, sizeof *placed);
        for (int i = 0; i < list->count && status == SOUK_OK; i++)
            placed[count++] = (struct placed){list->hits[i].item, i + 1};
    }
    *out = placed;
    *out_count = keep_best(placed, count);
    return status;
}

/* Each item to the rank row mod ranks, which sees all lists that it stands in. */
static souk_status send_to_owners_all(const struct souk_comm *comm, const struct placed *placed,
                                      int64_t count, struct placed **received,
                                      int64_t *received_count, struct souk_error *err)
{
    const size_t ranks = (size_t)comm->size;
    void *all = NULL;
    struct placed *send = souk_alloc_array((size_t)count, sizeof *send);
    int64_t *counts = souk_zalloc_array(ranks, 3 * sizeof *counts);
    souk_status status = SOUK_OK;
    if (!send || !counts)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %lld items", (long long)count);
    status = souk_status_agree_all(comm, status, err);
    if (status != SOUK_OK)
        goto out;
    int64_t *next = counts + ranks, *recv_counts = next + ranks;
    for (int64_t i = 0; i < count; i++)
        counts[placed[i].row % comm->size]++;
    for (size_t rank = 1; rank < ranks; rank++)
        next[rank] = next[rank - 1] + counts[rank - 1];
    for (int64_t i = 0; i < count; i++)
        send[next[placed[i].row % comm->size]++] = placed[i];
    status = souk_exchange_all(comm, send, counts, sizeof *send, &all, recv_counts, err);
    for (size_t rank = 0; rank < ranks; rank++)
        *received_count += recv_counts[rank];
    *received = all;
out:
    free(send);
    free(counts);
    return status;
}

souk_status souk_coverage_all(const struct souk_comm *comm, const struct souk_measure *m,
                              const struct souk_set *set, double *coverage, struct souk_error *err)
{
    const struct souk_cutoffs *cutoffs = m->context.cutoffs;
    struct placed *own = NULL, *all = NULL;
    int64_t own_count = 0, all_count = 0, distinct[SOUK_KS_MAX] = {0};
    souk_status status = collect(m, set, &own, &own_count);
    if (status != SOUK_OK)
        status = souk_fail(err, status, "out of memory for the recommended items");
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = send_to_owners_all(comm, own, own_count, &all, &all_count, err);
    if (status == SOUK_OK) {
        all_count = keep_best(all, all_count);
        for (int c = 0; c < cutoffs->count; c++) {
            for (int64_t i = 0; i < all_count; i++)
                distinct[c] += all[i].position <= cutoffs->k[c];
        }
        status = souk_sum_i64_all(comm, distinct, cutoffs->count, err);
    }
    for (int c = 0; c < cutoffs->count; c++) {
        const int64_t items = m->ranking->catalogue.items;
        coverage[c] = items > 0 ? (double)distinct[c] / (double)items : NAN;
    }
    free(own);
    free(all);
    return status;
}
