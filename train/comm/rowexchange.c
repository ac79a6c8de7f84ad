#include "train/comm/rowexchange.h"

#include "shared/base/memory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int owner_of(const struct souk_rowexchange *x, int64_t row)
{
    return x->partition->owner[souk_partition_block(x->partition, row)];
}

/* Sort, and keep each row of other ranks once. */
static int64_t keep_ghosts(const struct souk_rowexchange *x, int64_t *rows, int64_t count)
{
    int64_t kept = 0;
    qsort(rows, (size_t)count, sizeof *rows, ascending);
    for (int64_t i = 0; i < count; i++)
        if ((kept == 0 || rows[i] != rows[kept - 1]) && owner_of(x, rows[i]) != x->comm->rank)
            rows[kept++] = rows[i];
    return kept;
}

/* Ghosts by owner; a stable counting sort keeps them ascending within an owner. */
static souk_status group_ghosts(struct souk_rowexchange *x, const int64_t *rows, int64_t count)
{
    int64_t *next = souk_zalloc_array((size_t)x->comm->size, sizeof *next);
    x->ghost = souk_alloc_array((size_t)count, sizeof *x->ghost);
    if (!next || !x->ghost) {
        free(next);
        return SOUK_ENOMEM;
    }
    for (int64_t i = 0; i < count; i++)
        x->ghost_first[owner_of(x, rows[i]) + 1]++;
    for (int r = 0; r < x->comm->size; r++) {
        x->ghost_first[r + 1] += x->ghost_first[r];
        next[r] = x->ghost_first[r];
    }
    for (int64_t i = 0; i < count; i++)
        x->ghost[next[owner_of(x, rows[i])]++] = rows[i];
    x->ghost_rows = count;
    free(next);
    return SOUK_OK;
}

/* Tell the owners; what they hear is what they will send. */
static souk_status ask_owners_all(struct souk_rowexchange *x, struct souk_error *err)
{
    const int size = x->comm->size;
    int64_t *counts = souk_zalloc_array(2 * (size_t)size, sizeof *counts);
    void *asked = NULL;
    souk_status status = counts ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory");
    status = souk_status_agree_all(x->comm, status, err);
    if (status)
        goto out;
    for (int r = 0; r < size; r++)
        counts[r] = x->ghost_first[r + 1] - x->ghost_first[r];
    status =
        souk_exchange_all(x->comm, x->ghost, counts, sizeof *x->ghost, &asked, counts + size, err);
    if (status)
        goto out;
    x->send_row = asked;
    for (int r = 0; r < size; r++)
        x->send_first[r + 1] = x->send_first[r] + counts[size + r];
    for (int64_t i = 0; i < x->send_first[size]; i++)
        x->send_row[i] = souk_partition_local(
            x->partition, souk_partition_block(x->partition, x->send_row[i]), x->send_row[i]);
out:
    free(counts);
    return status;
}

static souk_status make_buffers(struct souk_rowexchange *x, struct souk_error *err)
{
    size_t floats;
    souk_status status;
    if (!souk_mul_size((size_t)x->send_first[x->comm->size], (size_t)x->stride, &floats) ||
        !(x->send_buffer = souk_alloc_array(floats, sizeof *x->send_buffer)))
        return souk_fail(err, SOUK_ENOMEM, "no memory to send %lld factor rows",
                         (long long)x->send_first[x->comm->size]);
    for (int r = 0; r < x->comm->size; r++)
        if (x->send_first[r + 1] - x->send_first[r] > INT_MAX ||
            x->ghost_first[r + 1] - x->ghost_first[r] > INT_MAX)
            return souk_fail(err, SOUK_ELIMIT,
                             "more than 2^31 rows between two ranks: use more ranks");
    status = souk_mpi_check(MPI_Type_contiguous(x->stride, MPI_FLOAT, &x->row),
                            "MPI_Type_contiguous", err);
    if (!status)
        status = souk_mpi_check(MPI_Type_commit(&x->row), "MPI_Type_commit", err);
    return status;
}

souk_status souk_rowexchange_init_all(struct souk_rowexchange *x, const struct souk_comm *comm,
                                      const struct souk_partition *partition, int64_t *needed,
                                      int64_t count, int stride, struct souk_error *err)
{
    const size_t size = (size_t)comm->size;
    souk_status status = SOUK_OK;
    *x = (struct souk_rowexchange){
        .comm = comm, .partition = partition, .stride = stride, .row = MPI_DATATYPE_NULL};
    x->ghost_first = souk_zalloc_array(size + 1, sizeof *x->ghost_first);
    x->send_first = souk_zalloc_array(size + 1, sizeof *x->send_first);
    x->requests = souk_alloc_array(2 * size, sizeof(MPI_Request));
    if (!x->ghost_first || !x->send_first || !x->requests)
        status = SOUK_ENOMEM;
    if (!status)
        status = group_ghosts(x, needed, keep_ghosts(x, needed, count));
    if (status)
        souk_fail(err, status, "no memory for the rows that this rank needs");
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = ask_owners_all(x, err);
    if (!status)
        status = souk_status_agree_all(comm, make_buffers(x, err), err);
    if (status)
        souk_rowexchange_fini(x);
    return status;
}

void souk_rowexchange_fini(struct souk_rowexchange *x)
{
    if (x->comm && x->row != MPI_DATATYPE_NULL)
        MPI_Type_free(&x->row);
    free(x->ghost_first);
    free(x->ghost);
    free(x->send_first);
    free(x->send_row);
    free(x->send_buffer);
    free(x->requests);
    *x = (struct souk_rowexchange){.row = MPI_DATATYPE_NULL};
}

int64_t souk_rowexchange_find(const struct souk_rowexchange *x, int64_t row)
{
    const int64_t block = souk_partition_block(x->partition, row);
    const int owner = x->partition->owner[block];
    if (owner == x->comm->rank)
        return souk_partition_local(x->partition, block, row);
    const int64_t *first = x->ghost + x->ghost_first[owner];
    const int64_t *found =
        bsearch(&row, first, (size_t)(x->ghost_first[owner + 1] - x->ghost_first[owner]),
                sizeof row, ascending);
    return x->partition->local_rows + (found - x->ghost);
}

static void pack_rows(struct souk_rowexchange *x, const float *matrix)
{
    const size_t bytes = (size_t)x->stride * sizeof *matrix;
    const int64_t count = x->send_first[x->comm->size];
    const int64_t *rows = x->send_row;
    float *buffer = x->send_buffer;
    const size_t stride = (size_t)x->stride;
#pragma omp parallel for default(none) shared(count, rows, buffer, matrix, stride, bytes)          \
    schedule(static)
    for (int64_t i = 0; i < count; i++)
        memcpy(buffer + (size_t)i * stride, matrix + (size_t)rows[i] * stride, bytes);
}

souk_status souk_rowexchange_start_all(struct souk_rowexchange *x, float *matrix,
                                       struct souk_error *err)
{
    const size_t stride = (size_t)x->stride;
    float *ghosts = matrix + (size_t)x->partition->local_rows * stride;
    souk_status status = SOUK_OK;

    x->posted = 0;
    for (int r = 0; r < x->comm->size && !status; r++) {
        const int count = (int)(x->ghost_first[r + 1] - x->ghost_first[r]);
        if (count > 0)
            status = souk_mpi_check(MPI_Irecv(ghosts + (size_t)x->ghost_first[r] * stride, count,
                                              x->row, r, SOUK_TAG_FACTORS, x->comm->mpi,
                                              &x->requests[x->posted++]),
                                    "MPI_Irecv", err);
    }
    pack_rows(x, matrix);
    for (int r = 0; r < x->comm->size && !status; r++) {
        const int count = (int)(x->send_first[r + 1] - x->send_first[r]);
        if (count > 0)
            status = souk_mpi_check(MPI_Isend(x->send_buffer + (size_t)x->send_first[r] * stride,
                                              count, x->row, r, SOUK_TAG_FACTORS, x->comm->mpi,
                                              &x->requests[x->posted++]),
                                    "MPI_Isend", err);
    }
    return status;
}

souk_status souk_rowexchange_finish_all(struct souk_rowexchange *x, struct souk_error *err)
{
    return souk_mpi_check(MPI_Waitall(x->posted, x->requests, MPI_STATUSES_IGNORE), "MPI_Waitall",
                          err);
}

int64_t souk_rowexchange_bytes(const struct souk_rowexchange *x)
{
    return x->send_first[x->comm->size] * x->stride * (int64_t)sizeof(float);
}
