#include "train/als/pairs.h"

#include "shared/base/memory.h"
#include "shared/base/random.h"

#include <stdlib.h>

static const uint64_t HELDOUT_STREAM = UINT64_C(0x76616c6964617465); /* apart from the factors' */

bool souk_pair_is_held(const struct souk_heldout *heldout, enum souk_side_kind kind,
                       const struct souk_pair *pair)
{
    const int64_t user = kind == SOUK_SIDE_USERS ? pair->row : pair->column;
    const int64_t item = kind == SOUK_SIDE_USERS ? pair->column : pair->row;
    return souk_random_uniform(heldout->seed ^ HELDOUT_STREAM, (uint64_t)user, (uint64_t)item) <
           heldout->share;
}

/* The pairs of this rank's parts, seen from one side: f(user row, item row, weight). */
struct pair_source {
    const struct souk_ratings *ratings;
    enum souk_side_kind side;
};

static struct souk_pair make_pair(const struct pair_source *s, int64_t user, int64_t item,
                                  float weight)
{
    return s->side == SOUK_SIDE_USERS ? (struct souk_pair){user, item, weight}
                                      : (struct souk_pair){item, user, weight};
}

/* Visit every pair in order: count it for its owner, or (records != NULL) put it in its place. */
static void deal_pairs(const struct pair_source *s, const struct souk_partition *partition,
                       int64_t *next, struct souk_pair *records)
{
    const struct souk_ratings *r = s->ratings;
    for (int k = 0; k < r->local_count; k++) {
        const struct souk_ratings_part *p = &r->local[k];
        for (int64_t u = 0; u < p->users.count; u++) {
            for (int64_t at = p->offsets[u]; at < p->offsets[u + 1]; at++) {
                const struct souk_pair pair =
                    make_pair(s, r->user_first[p->part] + u, p->item[at], p->weight[at]);
                const int owner = partition->owner[souk_partition_block(partition, pair.row)];
                if (records)
                    records[next[owner]] = pair;
                next[owner]++;
            }
        }
    }
}

static int64_t local_pairs(const struct souk_ratings *r)
{
    int64_t count = 0;
    for (int k = 0; k < r->local_count; k++)
        count += r->local[k].offsets[r->local[k].users.count];
    return count;
}

souk_status souk_pairs_send_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                enum souk_side_kind kind, const struct souk_partition *partition,
                                struct souk_pair **received, int64_t *count, struct souk_error *err)
{
    const struct pair_source source = {ratings, kind};
    const size_t size = (size_t)comm->size;
    int64_t *counts = souk_zalloc_array(3 * size, sizeof *counts), at = 0;
    int64_t *next = counts ? counts + size : NULL, *got = counts ? counts + 2 * size : NULL;
    struct souk_pair *records = souk_alloc_array((size_t)local_pairs(ratings), sizeof *records);
    void *recv = NULL;
    souk_status status = counts && records ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory");

    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    deal_pairs(&source, partition, counts, NULL);
    for (size_t r = 0; r < size; at += counts[r++])
        next[r] = at;
    deal_pairs(&source, partition, next, records);
    status = souk_exchange_all(comm, records, counts, sizeof *records, &recv, got, err);
    for (size_t r = 0; r < size && !status; r++)
        *count += got[r];
    *received = recv;
out:
    free(counts);
    free(records);
    return status;
}

static int64_t local_row(const struct souk_partition *p, int64_t row)
{
    return souk_partition_local(p, souk_partition_block(p, row), row);
}

static int by_column(const void *a, const void *b)
{
    const struct souk_pair *x = a, *y = b;
    return x->column < y->column ? -1 : x->column > y->column;
}

souk_status souk_pairs_sort(const struct souk_partition *partition, struct souk_pair **pairs,
                            int64_t count, int64_t *offsets)
{
    const int64_t rows = partition->local_rows;
    struct souk_pair *sorted = souk_alloc_array((size_t)count, sizeof *sorted);
    int64_t *next = souk_zalloc_array((size_t)rows + 1, sizeof *next);
    if (!sorted || !next) {
        free(sorted);
        free(next);
        return SOUK_ENOMEM;
    }
    for (int64_t i = 0; i < count; i++)
        offsets[local_row(partition, (*pairs)[i].row) + 1]++;
    for (int64_t r = 0; r < rows; r++) {
        offsets[r + 1] += offsets[r];
        next[r] = offsets[r];
    }
    for (int64_t i = 0; i < count; i++)
        sorted[next[local_row(partition, (*pairs)[i].row)]++] = (*pairs)[i];
    for (int64_t r = 0; r < rows; r++)
        qsort(sorted + offsets[r], (size_t)(offsets[r + 1] - offsets[r]), sizeof *sorted,
              by_column);
    free(*pairs);
    free(next);
    *pairs = sorted;
    return SOUK_OK;
}
