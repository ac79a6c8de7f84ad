#include "train/comm/rowexchange.h"

#include "shared/base/memory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int64_t souk_rowexchange_send_buffer_bytes(const struct souk_ghostlist *list, enum souk_wire wire,
                                           int d, bool tight)
{
    const int size = list->comm->size;
    int64_t rows = 0;
    for (int c = 0; c < list->chunks; c++) {
        const int64_t chunk = list->send_group[(c + 1) * size] - list->send_group[c * size];
        rows = tight && rows > chunk ? rows : tight ? chunk : rows + chunk;
    }
    return rows * souk_wire_row_bytes(wire, d);
}

/* Where a row of the send list lies in the buffer. */
static char *send_place(const struct souk_rowexchange *x, int chunk, int64_t i)
{
    const int64_t first = x->tight ? x->list.send_group[chunk * x->list.comm->size] : 0;
    return x->send_buffer + (i - first) * souk_wire_row_bytes(x->wire, x->d);
}

int64_t souk_rowexchange_recv_buffer_bytes(const struct souk_ghostlist *list, enum souk_wire wire,
                                           int d)
{
    return wire == SOUK_WIRE_BF16 ? list->ghosts * souk_wire_row_bytes(wire, d) : 0;
}

/* Received rows are d floats in a row of `stride` floats; sent ones lie close together. */
static souk_status make_row_type(struct souk_rowexchange *x, struct souk_error *err)
{
    MPI_Datatype plain = MPI_DATATYPE_NULL;
    souk_status status =
        souk_mpi_check(MPI_Type_contiguous(x->d, MPI_FLOAT, &plain), "MPI_Type_contiguous", err);
    if (!status)
        status =
            souk_mpi_check(MPI_Type_create_resized(
                               plain, 0, (MPI_Aint)x->stride * (MPI_Aint)sizeof(float), &x->row),
                           "MPI_Type_create_resized", err);
    if (!status)
        status = souk_mpi_check(MPI_Type_commit(&x->row), "MPI_Type_commit", err);
    if (plain != MPI_DATATYPE_NULL)
        MPI_Type_free(&plain);
    return status;
}

static souk_status make_receive(struct souk_rowexchange *x, int owner, int64_t first, int64_t count,
                                MPI_Request *request, struct souk_error *err)
{
    const MPI_Comm comm = x->list.comm->mpi;
    if (count > INT_MAX / (2 * x->d))
        return souk_fail(err, SOUK_ELIMIT, "%lld rows in one message: raise --chunks",
                         (long long)count);
    if (x->wire == SOUK_WIRE_BF16)
        return souk_mpi_check(
            MPI_Recv_init(x->recv_buffer + first * souk_wire_row_bytes(x->wire, x->d),
                          (int)count * x->d * 2, MPI_BYTE, owner, SOUK_TAG_FACTORS, comm, request),
            "MPI_Recv_init", err);
    return souk_mpi_check(
        MPI_Recv_init(x->matrix->values + (size_t)(x->list.node_rows + first) * (size_t)x->stride,
                      (int)count, x->row, owner, SOUK_TAG_FACTORS, comm, request),
        "MPI_Recv_init", err);
}

static souk_status make_send(struct souk_rowexchange *x, int chunk, int peer, int64_t first,
                             int64_t count, MPI_Request *request, struct souk_error *err)
{
    char *at = send_place(x, chunk, first);
    const bool bf16 = x->wire == SOUK_WIRE_BF16;
    if (count > INT_MAX / (2 * x->d))
        return souk_fail(err, SOUK_ELIMIT, "%lld rows in one message: raise --chunks",
                         (long long)count);
    return souk_mpi_check(MPI_Send_init(at, (int)count * x->d * (bf16 ? 2 : 1),
                                        bf16 ? MPI_BYTE : MPI_FLOAT, peer, SOUK_TAG_FACTORS,
                                        x->list.comm->mpi, request),
                          "MPI_Send_init", err);
}

/* One direction's requests, by chunk. @param first [chunks + 1], out */
static souk_status make_requests(struct souk_rowexchange *x, bool sending, const int64_t *group,
                                 int *first, int *made, struct souk_error *err)
{
    const int size = x->list.comm->size;
    souk_status status = SOUK_OK;
    for (int c = 0; c < x->list.chunks; c++) {
        first[c] = *made;
        for (int r = 0; r < size && !status; r++) {
            const int64_t at = group[c * size + r], count = group[c * size + r + 1] - at;
            if (count == 0 || r == x->list.comm->rank ||
                (!sending && !souk_ghostlist_receives(&x->list, r)))
                continue;
            status = sending ? make_send(x, c, r, at, count, &x->requests[*made], err)
                             : make_receive(x, r, at, count, &x->requests[*made], err);
            *made += status == SOUK_OK;
        }
    }
    first[x->list.chunks] = *made;
    return status;
}

souk_status souk_rowexchange_bind(struct souk_rowexchange *x, struct souk_nodematrix *matrix,
                                  const float *own, int d, int stride, enum souk_wire wire,
                                  bool tight, void *send_buffer, void *recv_buffer,
                                  struct souk_error *err)
{
    const size_t chunks = (size_t)x->list.chunks;
    int made = 0;
    souk_status status;
    x->matrix = matrix;
    x->own = own;
    x->d = d;
    x->stride = stride;
    x->wire = wire;
    x->tight = tight;
    x->send_buffer = send_buffer;
    x->recv_buffer = recv_buffer;
    x->row = MPI_DATATYPE_NULL;
    x->requests = souk_alloc_array(2 * chunks * (size_t)x->list.comm->size, sizeof(MPI_Request));
    x->recv_first = souk_zalloc_array(chunks + 1, sizeof(int));
    x->send_first = souk_zalloc_array(chunks + 1, sizeof(int));
    if (!x->requests || !x->recv_first || !x->send_first)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the requests of an exchange");
    status = make_row_type(x, err);
    if (!status)
        status = make_requests(x, false, x->list.group, x->recv_first, &made, err);
    x->send_first[0] = x->send_first[chunks] = made;
    if (!status)
        status = make_requests(x, true, x->list.send_group, x->send_first, &made, err);
    return status;
}

void souk_rowexchange_fini(struct souk_rowexchange *x)
{
    const int made = x->send_first ? x->send_first[x->list.chunks] : 0;
    for (int i = 0; i < made; i++)
        MPI_Request_free(&x->requests[i]);
    if (x->requests && x->row != MPI_DATATYPE_NULL)
        MPI_Type_free(&x->row);
    free(x->requests);
    free(x->recv_first);
    free(x->send_first);
    souk_ghostlist_fini(&x->list);
    *x = (struct souk_rowexchange){.row = MPI_DATATYPE_NULL};
}

/* To the nearest bfloat16, ties to even. Factors are finite: gram.c refuses them otherwise. */
static uint16_t to_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float from_bf16(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void pack_row(const struct souk_rowexchange *x, const float *row, char *out)
{
    if (x->wire == SOUK_WIRE_FP32) {
        memcpy(out, row, (size_t)x->d * sizeof *row);
        return;
    }
    for (int k = 0; k < x->d; k++) {
        const uint16_t half = to_bf16(row[k]);
        memcpy(out + 2 * k, &half, sizeof half);
    }
}

static void unpack_row(const struct souk_rowexchange *x, const char *in, float *row)
{
    for (int k = 0; k < x->d; k++) {
        uint16_t half;
        memcpy(&half, in + 2 * k, sizeof half);
        row[k] = from_bf16(half);
    }
}

static void pack_chunk(const struct souk_rowexchange *x, int chunk)
{
    const struct souk_ghostlist *list = &x->list;
    const int size = list->comm->size;
    const int64_t first = list->send_group[chunk * size],
                  end = list->send_group[(chunk + 1) * size];
    const size_t stride = (size_t)x->stride;
#pragma omp parallel for default(none) shared(x, list, chunk, first, end, stride) schedule(static)
    for (int64_t i = first; i < end; i++)
        pack_row(x, x->own + (size_t)list->send_row[i] * stride, send_place(x, chunk, i));
}

/* What this rank received of a chunk, from bf16 to its place. */
static void unpack_chunk(const struct souk_rowexchange *x, int chunk)
{
    const struct souk_ghostlist *list = &x->list;
    const int size = list->comm->size;
    const int64_t bytes = souk_wire_row_bytes(x->wire, x->d);
    const size_t stride = (size_t)x->stride;
    for (int r = 0; r < size; r++) {
        const int64_t first = list->group[chunk * size + r];
        const bool here = souk_ghostlist_receives(list, r) && r != list->comm->rank;
        const int64_t end = here ? list->group[chunk * size + r + 1] : first;
#pragma omp parallel for default(none) shared(x, list, first, end, bytes, stride) schedule(static)
        for (int64_t i = first; i < end; i++)
            unpack_row(x, x->recv_buffer + i * bytes,
                       x->matrix->values + (size_t)(list->node_rows + i) * stride);
    }
}

/* Own rows that are ghosts: from the own matrix to their place. */
static void copy_own(const struct souk_rowexchange *x)
{
    const struct souk_ghostlist *list = &x->list;
    const int size = list->comm->size, rank = list->comm->rank;
    const size_t stride = (size_t)x->stride;
    const int64_t *row = list->self_row;
    for (int c = 0; c < list->chunks; c++)
        for (int64_t i = list->group[c * size + rank]; i < list->group[c * size + rank + 1]; i++)
            memcpy(x->matrix->values + (size_t)(list->node_rows + i) * stride,
                   x->own + (size_t)*row++ * stride, stride * sizeof(float));
}

static souk_status start(struct souk_rowexchange *x, int first, int end, struct souk_error *err)
{
    if (end == first)
        return SOUK_OK;
    return souk_mpi_check(MPI_Startall(end - first, x->requests + first), "MPI_Startall", err);
}

static souk_status wait_for(struct souk_rowexchange *x, int first, int end, struct souk_error *err)
{
    return souk_mpi_check(MPI_Waitall(end - first, x->requests + first, MPI_STATUSES_IGNORE),
                          "MPI_Waitall", err);
}

souk_status souk_rowexchange_start_all(struct souk_rowexchange *x, struct souk_error *err)
{
    const int chunks = x->list.chunks;
    souk_status status = start(x, x->recv_first[0], x->recv_first[chunks], err);
    for (int c = 0; c < chunks && !status; c++) {
        pack_chunk(x, c);
        status = start(x, x->send_first[c], x->send_first[c + 1], err);
        if (!status && x->tight)
            status = wait_for(x, x->send_first[c], x->send_first[c + 1], err);
    }
    copy_own(x);
    return status;
}

souk_status souk_rowexchange_wait_all(struct souk_rowexchange *x, int chunk, struct souk_error *err)
{
    souk_status status = wait_for(x, x->recv_first[chunk], x->recv_first[chunk + 1], err);
    if (!status && x->wire == SOUK_WIRE_BF16)
        unpack_chunk(x, chunk);
    /* The node's ranks fence even after a failure of one: none may be left waiting. */
    const int64_t *group = x->list.group + chunk * x->list.comm->size;
    if (chunk > 0 && group[0] == group[x->list.comm->size])
        return status;
    const souk_status fenced = souk_nodematrix_fence_all(x->matrix, err);
    return status ? status : fenced;
}

souk_status souk_rowexchange_progress(struct souk_rowexchange *x, struct souk_error *err)
{
    int done;
    return souk_mpi_check(
        MPI_Testall(x->send_first[x->list.chunks], x->requests, &done, MPI_STATUSES_IGNORE),
        "MPI_Testall", err);
}

souk_status souk_rowexchange_finish_all(struct souk_rowexchange *x, struct souk_error *err)
{
    return wait_for(x, x->send_first[0], x->send_first[x->list.chunks], err);
}

int64_t souk_rowexchange_bytes(const struct souk_rowexchange *x)
{
    return souk_rowexchange_send_buffer_bytes(&x->list, x->wire, x->d, false);
}

bool souk_rowexchange_is_empty(const struct souk_rowexchange *x)
{
    return x->send_first[x->list.chunks] == 0;
}
