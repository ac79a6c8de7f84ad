#include "train/als/rebalance.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Own rows of one side, while the side is built anew. */
struct luggage {
    struct souk_partition from;
    float *rows; /* [from.local_rows x stride] */
    size_t stride;
};

static souk_status take(struct luggage *l, struct souk_side *side, struct souk_error *err)
{
    const size_t rows = (size_t)side->partition.local_rows;
    *l = (struct luggage){.stride = (size_t)side->stride};
    l->rows = souk_alloc_array(rows * l->stride, sizeof *l->rows);
    if (!l->rows)
        return souk_fail(err, SOUK_ENOMEM, "no memory to move %zu rows", rows);
    memcpy(l->rows, side->own, rows * l->stride * sizeof *l->rows);
    l->from = side->partition;
    side->partition = (struct souk_partition){0};
    return SOUK_OK;
}

static void leave(struct luggage *l)
{
    souk_partition_fini(&l->from);
    free(l->rows);
}

static int64_t rows_of(const struct souk_partition *p, int64_t block)
{
    return p->block_row[block + 1] - p->block_row[block];
}

/* Visit own blocks by the rank they go to. @param buffer NULL: count rows only */
static void pack(const struct luggage *l, const struct souk_partition *to, int ranks,
                 int64_t *counts, float *buffer)
{
    for (int r = 0; r < ranks; r++) {
        for (int64_t k = 0; k < l->from.owned; k++) {
            const int64_t block = l->from.owned_block[k];
            const size_t floats = (size_t)rows_of(&l->from, block) * l->stride;
            if (to->owner[block] != r)
                continue;
            counts[r] += buffer ? 0 : rows_of(&l->from, block);
            if (buffer) {
                memcpy(buffer, l->rows + (size_t)l->from.local_start[block] * l->stride,
                       floats * sizeof *buffer);
                buffer += floats;
            }
        }
    }
}

static void unpack(const struct luggage *l, struct souk_side *side, int ranks, const float *buffer)
{
    const struct souk_partition *to = &side->partition;
    for (int r = 0; r < ranks; r++) {
        for (int64_t k = 0; k < to->owned; k++) {
            const int64_t block = to->owned_block[k];
            const size_t floats = (size_t)rows_of(to, block) * l->stride;
            if (l->from.owner[block] != r)
                continue;
            memcpy(souk_side_row(side, to->local_start[block]), buffer, floats * sizeof *buffer);
            buffer += floats;
        }
    }
}

static souk_status move_all(const struct souk_comm *comm, const struct luggage *l,
                            struct souk_side *side, struct souk_error *err)
{
    int64_t *counts = souk_zalloc_array(2 * (size_t)comm->size, sizeof *counts);
    float *buffer = souk_alloc_array((size_t)l->from.local_rows * l->stride, sizeof *buffer);
    void *received = NULL;
    souk_status status =
        counts && buffer ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory to move rows");
    status = souk_status_agree_all(comm, status, err);
    if (!status) {
        pack(l, &side->partition, comm->size, counts, NULL);
        pack(l, &side->partition, comm->size, counts, buffer);
        status = souk_exchange_all(comm, buffer, counts, l->stride * sizeof *buffer, &received,
                                   counts + comm->size, err);
    }
    if (!status)
        unpack(l, side, comm->size, received);
    free(counts);
    free(buffer);
    free(received);
    return status;
}

souk_status souk_als_rebalance_all(struct souk_als *als, const struct souk_ratings *ratings,
                                   struct souk_rebalance_report *report, struct souk_error *err)
{
    const struct souk_comm *comm = als->comm;
    struct luggage luggage[2] = {{.rows = NULL}, {.rows = NULL}};
    souk_status status = SOUK_OK, taken = SOUK_OK;
    for (int k = 0; k < 2 && !status; k++) {
        const struct souk_partition *p = &als->sides[k].partition;
        status = souk_sum_i64_all(comm, als->block_us[k], p->blocks, err);
        report->before[k] = souk_partition_imbalance(p, comm->size, als->block_us[k]);
    }
    for (int k = 0; k < 2 && !status && !taken; k++)
        taken = take(&luggage[k], &als->sides[k], err);
    if (!status)
        status = souk_status_agree_all(comm, taken, err);
    if (!status) {
        souk_sides_fini_all(als->sides);
        souk_node_fini(&als->node);
        status = souk_als_build_all(als, ratings, err);
    }
    for (int k = 0; k < 2 && !status; k++) {
        status = move_all(comm, &luggage[k], &als->sides[k], err);
        report->after[k] = als->sides[k].partition.imbalance;
    }
    for (int k = 0; k < 2; k++) {
        leave(&luggage[k]);
        free(als->block_us[k]); /* measured enough */
        als->block_us[k] = NULL;
    }
    return status;
}
