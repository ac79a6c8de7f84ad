#include "train/als/side.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/model/modelfile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A pair on its way to the owner of `row`. */
struct pair {
    int64_t row, column;
    float weight;
};

static int by_column(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->column < y->column ? -1 : x->column > y->column;
}

/* The pairs of this rank's parts, seen from one side: f(user row, item row, weight). */
struct pair_source {
    const struct souk_ratings *ratings;
    enum souk_side_kind side;
};

static struct pair make_pair(const struct pair_source *s, int64_t user, int64_t item, float weight)
{
    return s->side == SOUK_SIDE_USERS ? (struct pair){user, item, weight}
                                      : (struct pair){item, user, weight};
}

/* Visit every pair in order: count it for its owner, or (records != NULL) put it in its place. */
static void deal_pairs(const struct pair_source *s, const struct souk_partition *partition,
                       int64_t *next, struct pair *records)
{
    const struct souk_ratings *r = s->ratings;
    for (int k = 0; k < r->local_count; k++) {
        const struct souk_ratings_part *p = &r->local[k];
        for (int64_t u = 0; u < p->users.count; u++) {
            for (int64_t at = p->offsets[u]; at < p->offsets[u + 1]; at++) {
                const struct pair pair =
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

/* Bring the pairs to the owners of their rows. @param received owned by the caller */
static souk_status send_pairs_all(const struct souk_comm *comm, const struct pair_source *source,
                                  const struct souk_partition *partition, struct pair **received,
                                  int64_t *count, struct souk_error *err)
{
    const size_t size = (size_t)comm->size;
    int64_t *counts = souk_zalloc_array(3 * size, sizeof *counts), at = 0;
    int64_t *next = counts ? counts + size : NULL, *got = counts ? counts + 2 * size : NULL;
    struct pair *records = souk_alloc_array((size_t)local_pairs(source->ratings), sizeof *records);
    void *recv = NULL;
    souk_status status = counts && records ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory");

    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    deal_pairs(source, partition, counts, NULL);
    for (size_t r = 0; r < size; at += counts[r++])
        next[r] = at;
    deal_pairs(source, partition, next, records);
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

/* Sort pairs by local row (counting) and, within a row, by column: the order of the arithmetic. */
static souk_status sort_pairs(struct souk_side *s, struct pair **pairs, int64_t count)
{
    const int64_t rows = s->partition.local_rows;
    struct pair *sorted = souk_alloc_array((size_t)count, sizeof *sorted);
    int64_t *next = souk_zalloc_array((size_t)rows + 1, sizeof *next);
    s->offsets = souk_zalloc_array((size_t)rows + 1, sizeof *s->offsets);
    if (!sorted || !next || !s->offsets) {
        free(sorted);
        free(next);
        return SOUK_ENOMEM;
    }
    for (int64_t i = 0; i < count; i++)
        s->offsets[local_row(&s->partition, (*pairs)[i].row) + 1]++;
    for (int64_t r = 0; r < rows; r++) {
        s->longest = s->offsets[r + 1] > s->longest ? s->offsets[r + 1] : s->longest;
        s->offsets[r + 1] += s->offsets[r];
        next[r] = s->offsets[r];
    }
    for (int64_t i = 0; i < count; i++)
        sorted[next[local_row(&s->partition, (*pairs)[i].row)]++] = (*pairs)[i];
    for (int64_t r = 0; r < rows; r++)
        qsort(sorted + s->offsets[r], (size_t)(s->offsets[r + 1] - s->offsets[r]), sizeof *sorted,
              by_column);
    free(*pairs);
    free(next);
    *pairs = sorted;
    return SOUK_OK;
}

/* The rows of the other side that these pairs name, each once. */
static souk_status distinct_columns(const struct pair *pairs, int64_t count, int64_t other_rows,
                                    int64_t **rows, int64_t *distinct)
{
    unsigned char *seen = souk_zalloc_array((size_t)other_rows, 1);
    int64_t n = 0;
    *rows = NULL;
    if (!seen)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < count; i++) {
        n += !seen[pairs[i].column];
        seen[pairs[i].column] = 1;
    }
    *rows = souk_alloc_array((size_t)n, sizeof **rows);
    *distinct = 0;
    for (int64_t row = 0; row < other_rows && *rows; row++)
        if (seen[row])
            (*rows)[(*distinct)++] = row;
    free(seen);
    return *rows ? SOUK_OK : SOUK_ENOMEM;
}

/* Columns become rows of the other side's local matrix. */
static souk_status localize_pairs(struct souk_side *s, const struct souk_rowexchange *other,
                                  const struct pair *pairs, int64_t count, struct souk_error *err)
{
    if (other->partition->local_rows + other->ghost_rows > INT32_MAX)
        return souk_fail(err, SOUK_ELIMIT, "more than 2^31 factor rows on a rank: use more ranks");
    s->column = souk_alloc_array((size_t)count, sizeof *s->column);
    s->weight = souk_alloc_array((size_t)count, sizeof *s->weight);
    if (!s->column || !s->weight)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld pairs", (long long)count);
    for (int64_t i = 0; i < count; i++) {
        s->column[i] = (int32_t)souk_rowexchange_find(other, pairs[i].column);
        s->weight[i] = pairs[i].weight;
    }
    return SOUK_OK;
}

/* Fill in one side's rows; the ghosts of the other side follow from them. */
static souk_status build_rows_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                  enum souk_side_kind kind, struct souk_side sides[2],
                                  struct souk_error *err)
{
    const struct pair_source source = {ratings, kind};
    struct souk_side *s = &sides[kind], *other = &sides[!kind];
    struct pair *pairs = NULL;
    int64_t count = 0, distinct = 0, *needed = NULL;
    souk_status status = send_pairs_all(comm, &source, &s->partition, &pairs, &count, err);
    if (status)
        goto out;
    status = sort_pairs(s, &pairs, count);
    if (!status)
        status = distinct_columns(pairs, count, other->rows, &needed, &distinct);
    if (status)
        souk_fail(err, status, "no memory for %lld pairs", (long long)count);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_rowexchange_init_all(&other->exchange, comm, &other->partition, needed,
                                           distinct, s->stride, err);
    if (!status)
        status = souk_status_agree_all(comm, localize_pairs(s, &other->exchange, pairs, count, err),
                                       err);
out:
    free(pairs);
    free(needed);
    return status;
}

/* Pairs per row of both sides are known to the parts' ranks only: sum block costs over ranks. */
static souk_status partition_side_all(const struct souk_comm *comm,
                                      const struct souk_ratings *ratings, enum souk_side_kind kind,
                                      enum souk_partition_rule rule, double pair_cost,
                                      double row_cost, struct souk_side *s, struct souk_error *err)
{
    const int64_t *first = kind == SOUK_SIDE_USERS ? ratings->user_first : ratings->item_first;
    int64_t *cost = NULL;
    souk_status status = souk_partition_init(&s->partition, first, ratings->parts, err);
    s->rows = first[ratings->parts];
    if (!status && !(cost = souk_zalloc_array((size_t)s->partition.blocks, sizeof *cost)))
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the partition");
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    for (int k = 0; k < ratings->local_count && kind == SOUK_SIDE_USERS; k++) {
        const struct souk_ratings_part *p = &ratings->local[k];
        for (int64_t u = 0; u < p->users.count; u++)
            cost[souk_partition_block(&s->partition, first[p->part] + u)] +=
                (int64_t)(pair_cost * (double)(p->offsets[u + 1] - p->offsets[u]) + row_cost);
    }
    if (kind == SOUK_SIDE_USERS)
        status = souk_sum_i64_all(comm, cost, s->partition.blocks, err);
    for (int64_t i = 0; i < s->rows && kind == SOUK_SIDE_ITEMS; i++)
        cost[souk_partition_block(&s->partition, i)] +=
            (int64_t)(pair_cost * (double)ratings->item_pairs[i] + row_cost);
    if (!status)
        status = souk_status_agree_all(
            comm, souk_partition_assign(&s->partition, comm, cost, rule, err), err);
out:
    free(cost);
    return status;
}

int64_t souk_side_bytes(const struct souk_side *s)
{
    const int64_t row = s->stride * (int64_t)sizeof(float);
    const int64_t rows = s->partition.local_rows;
    return (rows + s->exchange.ghost_rows) * row + souk_rowexchange_bytes(&s->exchange) +
           s->offsets[rows] * 8 + rows * 8;
}

/* The largest part of a rank's memory: say how much before it is taken. */
static souk_status allocate_matrices_all(const struct souk_comm *comm, struct souk_side sides[2],
                                         struct souk_error *err)
{
    souk_status status = SOUK_OK;
    int64_t bytes = souk_side_bytes(&sides[0]) + souk_side_bytes(&sides[1]);
    status = souk_max_i64_all(comm, &bytes, 1, err);
    if (status)
        return status;
    souk_log(SOUK_LOG_INFO, "memory", "bytes_per_rank_at_most=%lld users=%lld items=%lld",
             (long long)bytes, (long long)sides[0].rows, (long long)sides[1].rows);
    for (int k = 0; k < 2; k++) {
        const int64_t rows = sides[k].partition.local_rows + sides[k].exchange.ghost_rows;
        size_t floats;
        if (!souk_mul_size((size_t)rows, (size_t)sides[k].stride, &floats) ||
            !(sides[k].matrix = souk_alloc_aligned(floats, sizeof(float))))
            status = souk_fail(err, SOUK_ENOMEM, "no memory for %lld factor rows", (long long)rows);
    }
    return souk_status_agree_all(comm, status, err);
}

souk_status souk_sides_init_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                enum souk_partition_rule rule, int factors, double pair_cost,
                                double row_cost, struct souk_side sides[2], struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int k = 0; k < 2 && !status; k++) {
        sides[k] = (struct souk_side){.stride = souk_factor_stride(factors)};
        sides[k].exchange.row = MPI_DATATYPE_NULL;
        status = partition_side_all(comm, ratings, (enum souk_side_kind)k, rule, pair_cost,
                                    row_cost, &sides[k], err);
    }
    for (int k = 0; k < 2 && !status; k++)
        status = build_rows_all(comm, ratings, (enum souk_side_kind)k, sides, err);
    if (!status)
        status = allocate_matrices_all(comm, sides, err);
    return status;
}

void souk_side_fini(struct souk_side *s)
{
    souk_rowexchange_fini(&s->exchange);
    souk_partition_fini(&s->partition);
    free(s->offsets);
    free(s->column);
    free(s->weight);
    free(s->matrix);
    *s = (struct souk_side){.exchange.row = MPI_DATATYPE_NULL};
}
