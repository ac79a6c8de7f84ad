#include "train/comm/blockrows.h"

#include "shared/base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One direction of travel. A message between an owner and a reader holds the blocks that they
 * share, ascending; both sides walk them in this order. */
struct travel {
    const struct souk_comm *comm;
    const struct souk_partition *partition;
    size_t stride;
};

static size_t block_floats(const struct travel *t, int64_t block)
{
    const int64_t *row = t->partition->block_row;
    return (size_t)(row[block + 1] - row[block]) * t->stride;
}

static int reader_of(const struct travel *t, int64_t block)
{
    return souk_part_rank(t->comm, souk_partition_part(t->partition, block));
}

/* Rows that this rank sends, as the owner of blocks or as the reader of parts. @param counts
 * [ranks] */
static void count_sent(const struct travel *t, bool as_owner, int64_t *counts)
{
    const struct souk_partition *p = t->partition;
    for (int64_t b = 0; b < p->blocks; b++) {
        const int owner = p->owner[b], reader = reader_of(t, b);
        if ((as_owner ? owner : reader) == t->comm->rank)
            counts[as_owner ? reader : owner] += p->block_row[b + 1] - p->block_row[b];
    }
}

/* Own blocks by reader: from the matrix into the buffer, or back. */
static void copy_owned(const struct travel *t, float *matrix, float *buffer, bool into_buffer)
{
    const struct souk_partition *p = t->partition;
    for (int reader = 0; reader < t->comm->size; reader++) {
        for (int64_t k = 0; k < p->owned; k++) {
            const int64_t b = p->owned_block[k];
            const size_t floats = block_floats(t, b);
            float *own = matrix + (size_t)p->local_start[b] * t->stride;
            if (reader_of(t, b) != reader)
                continue;
            memcpy(into_buffer ? buffer : own, into_buffer ? own : buffer, floats * sizeof *own);
            buffer += floats;
        }
    }
}

/* Blocks of this rank's parts by owner: from the parts' rows into the buffer, or back. */
static void copy_read(const struct travel *t, float *const *rows, float *buffer, bool into_buffer)
{
    const struct souk_partition *p = t->partition;
    for (int owner = 0; owner < t->comm->size; owner++) {
        for (int part = t->comm->rank; part < p->parts; part += t->comm->size) {
            for (int64_t b = p->part_block[part]; b < p->part_block[part + 1]; b++) {
                const size_t floats = block_floats(t, b);
                float *of_part =
                    rows[part] + (size_t)(p->block_row[b] - p->first[part]) * t->stride;
                if (p->owner[b] != owner)
                    continue;
                memcpy(into_buffer ? buffer : of_part, into_buffer ? of_part : buffer,
                       floats * sizeof *buffer);
                buffer += floats;
            }
        }
    }
}

static int64_t rows_of_parts(const struct travel *t)
{
    const struct souk_partition *p = t->partition;
    int64_t count = 0;
    for (int part = t->comm->rank; part < p->parts; part += t->comm->size)
        count += p->first[part + 1] - p->first[part];
    return count;
}

souk_status souk_blockrows_alloc(const struct souk_comm *comm,
                                 const struct souk_partition *partition, int stride, float **rows,
                                 struct souk_error *err)
{
    const int64_t *first = partition->first;
    memset(rows, 0, (size_t)partition->parts * sizeof *rows);
    for (int part = comm->rank; part < partition->parts; part += comm->size) {
        size_t floats;
        if (souk_mul_size((size_t)(first[part + 1] - first[part]), (size_t)stride, &floats))
            rows[part] = souk_alloc_aligned(floats, sizeof(float));
        if (!rows[part]) {
            souk_blockrows_free(rows, partition->parts);
            return souk_fail(err, SOUK_ENOMEM, "no memory for the rows of part %d", part);
        }
    }
    return SOUK_OK;
}

void souk_blockrows_free(float **rows, int parts)
{
    for (int part = 0; part < parts && rows; part++) {
        free(rows[part]);
        rows[part] = NULL;
    }
}

souk_status souk_blockrows_collect_all(const struct souk_comm *comm,
                                       const struct souk_partition *partition, const float *matrix,
                                       int stride, float **rows, struct souk_error *err)
{
    const struct travel t = {comm, partition, (size_t)stride};
    const size_t row_bytes = (size_t)stride * sizeof(float), ranks = (size_t)comm->size;
    int64_t *counts = souk_zalloc_array(2 * ranks, sizeof *counts);
    float *buffer = souk_alloc_array((size_t)partition->local_rows, row_bytes);
    void *received = NULL;
    souk_status status = souk_blockrows_alloc(comm, partition, stride, rows, err);

    if (!status && (!counts || !buffer))
        status = souk_fail(err, SOUK_ENOMEM, "no memory to collect rows");
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    count_sent(&t, true, counts);
    copy_owned(&t, (float *)(uintptr_t)matrix, buffer, true); /* only read in this direction */
    status = souk_exchange_all(comm, buffer, counts, row_bytes, &received, counts + ranks, err);
    if (!status)
        copy_read(&t, rows, received, false);
out:
    if (status)
        souk_blockrows_free(rows, partition->parts);
    free(counts);
    free(buffer);
    free(received);
    return status;
}

souk_status souk_blockrows_deal_all(const struct souk_comm *comm,
                                    const struct souk_partition *partition, float *const *rows,
                                    int stride, float *matrix, struct souk_error *err)
{
    const struct travel t = {comm, partition, (size_t)stride};
    const size_t row_bytes = (size_t)stride * sizeof(float), ranks = (size_t)comm->size;
    int64_t *counts = souk_zalloc_array(2 * ranks, sizeof *counts);
    float *buffer = souk_alloc_array((size_t)rows_of_parts(&t), row_bytes);
    void *received = NULL;
    souk_status status = SOUK_OK;

    if (!counts || !buffer)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to deal rows");
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    count_sent(&t, false, counts);
    copy_read(&t, rows, buffer, true);
    status = souk_exchange_all(comm, buffer, counts, row_bytes, &received, counts + ranks, err);
    if (!status)
        copy_owned(&t, matrix, received, false);
out:
    free(counts);
    free(buffer);
    free(received);
    return status;
}
