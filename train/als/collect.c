#include "shared/base/memory.h"
#include "train/als/als.h"

#include <stdlib.h>
#include <string.h>

/* Rows of the blocks that `owner` has in parts of `reader`: what passes between the two. */
static int64_t rows_between(const struct souk_comm *comm, const struct souk_partition *p, int owner,
                            int reader)
{
    int64_t rows = 0;
    for (int part = 0; part < p->parts; part++)
        for (int64_t b = p->part_block[part]; b < p->part_block[part + 1]; b++)
            if (p->owner[b] == owner && souk_part_rank(comm, part) == reader)
                rows += p->block_row[b + 1] - p->block_row[b];
    return rows;
}

/* Copy own blocks into the order of their readers, ascending for each. */
static void pack_blocks(const struct souk_comm *comm, const struct souk_side *side, float *buffer)
{
    const struct souk_partition *p = &side->partition;
    const size_t stride = (size_t)side->stride;
    for (int reader = 0; reader < comm->size; reader++) {
        for (int64_t k = 0; k < p->owned; k++) {
            const int64_t b = p->owned_block[k];
            const size_t floats = (size_t)(p->block_row[b + 1] - p->block_row[b]) * stride;
            if (souk_part_rank(comm, souk_partition_part(p, b)) != reader)
                continue;
            memcpy(buffer, souk_side_row(side, p->local_start[b]), floats * sizeof *buffer);
            buffer += floats;
        }
    }
}

/* The reverse at the reader: blocks by owner, ascending for each, into the parts' rows. */
static void unpack_blocks(const struct souk_comm *comm, const struct souk_side *side,
                          const struct souk_ratings *ratings, const float *buffer, float **rows)
{
    const struct souk_partition *p = &side->partition;
    const size_t stride = (size_t)side->stride;
    for (int owner = 0; owner < comm->size; owner++) {
        for (int k = 0; k < ratings->local_count; k++) {
            const int part = ratings->local[k].part;
            for (int64_t b = p->part_block[part]; b < p->part_block[part + 1]; b++) {
                const size_t floats = (size_t)(p->block_row[b + 1] - p->block_row[b]) * stride;
                if (p->owner[b] != owner)
                    continue;
                memcpy(rows[part] + (size_t)(p->block_row[b] - p->first[part]) * stride, buffer,
                       floats * sizeof *buffer);
                buffer += floats;
            }
        }
    }
}

static souk_status allocate_rows(const struct souk_side *side, const struct souk_ratings *ratings,
                                 float **rows, struct souk_error *err)
{
    const int64_t *first = side->partition.first;
    for (int p = 0; p < ratings->parts; p++)
        rows[p] = NULL;
    for (int k = 0; k < ratings->local_count; k++) {
        const int part = ratings->local[k].part;
        rows[part] = souk_alloc_aligned(
            (size_t)(first[part + 1] - first[part]) * (size_t)side->stride, sizeof(float));
        if (!rows[part])
            return souk_fail(err, SOUK_ENOMEM, "no memory for the factors of part %d", part);
    }
    return SOUK_OK;
}

static souk_status turn_back(const struct souk_basis *basis, const struct souk_ratings *ratings,
                             const int64_t *first, float **rows, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int k = 0; k < ratings->local_count && !status; k++) {
        const int part = ratings->local[k].part;
        status = souk_basis_turn_back(basis, rows[part], first[part + 1] - first[part]);
    }
    return status ? souk_fail(err, status, "no memory to turn the factors back") : SOUK_OK;
}

souk_status souk_als_collect_all(const struct souk_als *als, const struct souk_ratings *ratings,
                                 enum souk_side_kind kind, float **rows, struct souk_error *err)
{
    const struct souk_comm *comm = als->comm;
    const struct souk_side *side = &als->sides[kind];
    const size_t row_bytes = (size_t)side->stride * sizeof(float);
    int64_t *counts = souk_zalloc_array(2 * (size_t)comm->size, sizeof *counts);
    float *buffer = souk_alloc_array((size_t)side->partition.local_rows, row_bytes);
    void *received = NULL;
    souk_status status = allocate_rows(side, ratings, rows, err);

    if (!status && (!counts || !buffer))
        status = souk_fail(err, SOUK_ENOMEM, "no memory to collect the factors");
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    for (int r = 0; r < comm->size; r++)
        counts[r] = rows_between(comm, &side->partition, comm->rank, r);
    pack_blocks(comm, side, buffer);
    status =
        souk_exchange_all(comm, buffer, counts, row_bytes, &received, counts + comm->size, err);
    if (!status) {
        unpack_blocks(comm, side, ratings, received, rows);
        status = turn_back(&als->basis, ratings, side->partition.first, rows, err);
    }
    status = souk_status_agree_all(comm, status, err);
out:
    for (int p = 0; p < ratings->parts && status; p++) {
        free(rows[p]);
        rows[p] = NULL;
    }
    free(counts);
    free(buffer);
    free(received);
    return status;
}
