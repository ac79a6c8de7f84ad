#include "train/comm/comm.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Largest count handed to one MPI call, which takes an int. */
static const int64_t CHUNK_MAX = INT64_C(1) << 28;

souk_status souk_mpi_check(int code, const char *call, struct souk_error *err)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int len = 0;
    if (code == MPI_SUCCESS)
        return SOUK_OK;
    if (MPI_Error_string(code, text, &len) != MPI_SUCCESS)
        text[0] = '\0';
    return souk_fail(err, SOUK_ECOMM, "%s: %s", call, text);
}

souk_status souk_comm_start(int *argc, char ***argv, const char *program, struct souk_comm *comm,
                            struct souk_error *err)
{
    int provided = 0;
    souk_status status = souk_mpi_check(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided),
                                        "MPI_Init_thread", err);
    if (status)
        return status;
    comm->mpi = MPI_COMM_WORLD;
    MPI_Comm_set_errhandler(comm->mpi, MPI_ERRORS_RETURN);
    status = souk_mpi_check(MPI_Comm_rank(comm->mpi, &comm->rank), "MPI_Comm_rank", err);
    if (!status)
        status = souk_mpi_check(MPI_Comm_size(comm->mpi, &comm->size), "MPI_Comm_size", err);
    souk_log_setup(program, comm->rank, SOUK_LOG_INFO);
    if (!status && provided < MPI_THREAD_FUNNELED)
        status = souk_fail(err, SOUK_ECOMM, "this MPI does not support threads");
    return status;
}

int souk_comm_finish(struct souk_comm *comm, souk_status status, const struct souk_error *err)
{
    if (status && comm->rank == 0)
        souk_complain(err);
    /* After a failed communication the other ranks may not answer any more. */
    if (status == SOUK_ECOMM)
        MPI_Abort(comm->mpi, souk_exit_code(status));
    MPI_Finalize();
    return souk_exit_code(status);
}

souk_status souk_comm_split_all(const struct souk_comm *comm, int colour, struct souk_comm *out,
                                struct souk_error *err)
{
    *out = (struct souk_comm){.mpi = MPI_COMM_NULL};
    souk_status status = souk_mpi_check(MPI_Comm_split(comm->mpi, colour, comm->rank, &out->mpi),
                                        "MPI_Comm_split", err);
    if (!status)
        status = souk_mpi_check(MPI_Comm_set_errhandler(out->mpi, MPI_ERRORS_RETURN),
                                "MPI_Comm_set_errhandler", err);
    if (!status)
        status = souk_mpi_check(MPI_Comm_rank(out->mpi, &out->rank), "MPI_Comm_rank", err);
    if (!status)
        status = souk_mpi_check(MPI_Comm_size(out->mpi, &out->size), "MPI_Comm_size", err);
    return status;
}

void souk_comm_release(struct souk_comm *comm)
{
    if (comm->mpi != MPI_COMM_NULL)
        MPI_Comm_free(&comm->mpi);
}

souk_status souk_status_agree_all(const struct souk_comm *comm, souk_status mine,
                                  struct souk_error *err)
{
    struct {
        int status, rank;
    } in = {mine, comm->rank}, worst = {mine, comm->rank};
    struct souk_error local = {.status = mine};

    if (MPI_Allreduce(&in, &worst, 1, MPI_2INT, MPI_MAXLOC, comm->mpi) != MPI_SUCCESS)
        return souk_fail(err, SOUK_ECOMM, "MPI_Allreduce failed while ranks agreed on a status");
    if (worst.status == SOUK_OK)
        return SOUK_OK;
    if (comm->rank == worst.rank && err)
        local = *err;
    if (MPI_Bcast(local.msg, (int)sizeof local.msg, MPI_CHAR, worst.rank, comm->mpi) != MPI_SUCCESS)
        return souk_fail(err, SOUK_ECOMM, "MPI_Bcast failed while ranks agreed on a status");
    return souk_fail(err, (souk_status)worst.status, "%s", local.msg);
}

static souk_status reduce_in_place(const struct souk_comm *comm, char *values, int64_t count,
                                   size_t size, MPI_Datatype type, MPI_Op op,
                                   struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int64_t done = 0; done < count && !status; done += CHUNK_MAX) {
        const int64_t left = count - done;
        const int n = (int)(left < CHUNK_MAX ? left : CHUNK_MAX);
        status = souk_mpi_check(
            MPI_Allreduce(MPI_IN_PLACE, values + (size_t)done * size, n, type, op, comm->mpi),
            "MPI_Allreduce", err);
    }
    return status;
}

souk_status souk_sum_i64_all(const struct souk_comm *comm, int64_t *values, int64_t count,
                             struct souk_error *err)
{
    return reduce_in_place(comm, (char *)values, count, sizeof *values, MPI_INT64_T, MPI_SUM, err);
}

souk_status souk_max_i64_all(const struct souk_comm *comm, int64_t *values, int64_t count,
                             struct souk_error *err)
{
    return reduce_in_place(comm, (char *)values, count, sizeof *values, MPI_INT64_T, MPI_MAX, err);
}

souk_status souk_sum_f64_all(const struct souk_comm *comm, double *values, int64_t count,
                             struct souk_error *err)
{
    return reduce_in_place(comm, (char *)values, count, sizeof *values, MPI_DOUBLE, MPI_SUM, err);
}

souk_status souk_max_f64_all(const struct souk_comm *comm, double *values, int64_t count,
                             struct souk_error *err)
{
    return reduce_in_place(comm, (char *)values, count, sizeof *values, MPI_DOUBLE, MPI_MAX, err);
}

souk_status souk_broadcast_all(const struct souk_comm *comm, void *data, int64_t size_bytes,
                               int root, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int64_t done = 0; done < size_bytes && !status; done += CHUNK_MAX) {
        const int64_t left = size_bytes - done;
        const int n = (int)(left < CHUNK_MAX ? left : CHUNK_MAX);
        status = souk_mpi_check(MPI_Bcast((char *)data + done, n, MPI_BYTE, root, comm->mpi),
                                "MPI_Bcast", err);
    }
    return status;
}

/* Pieces of at most `per_piece` records, so that a count fits an int and a message stays small. */
static int64_t pieces(int64_t records, int64_t per_piece)
{
    return (records + per_piece - 1) / per_piece;
}

static int64_t total(const int64_t *counts, int n)
{
    int64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += counts[i];
    return sum;
}

/* Post one direction of an exchange: the records of each peer lie one behind the other. */
static souk_status post_pieces(const struct souk_comm *comm, char *base, const int64_t *counts,
                               MPI_Datatype record, size_t record_size, int64_t per_piece,
                               bool sending, MPI_Request *requests, int *posted,
                               struct souk_error *err)
{
    souk_status status = SOUK_OK;
    char *at = base;
    for (int peer = 0; peer < comm->size && !status; peer++) {
        for (int64_t done = 0; done < counts[peer] && !status; done += per_piece) {
            const int64_t left = counts[peer] - done;
            const int n = (int)(left < per_piece ? left : per_piece);
            char *piece = at + (size_t)done * record_size;
            MPI_Request *request = &requests[*posted];
            const int code =
                sending ? MPI_Isend(piece, n, record, peer, SOUK_TAG_EXCHANGE, comm->mpi, request)
                        : MPI_Irecv(piece, n, record, peer, SOUK_TAG_EXCHANGE, comm->mpi, request);
            status = souk_mpi_check(code, sending ? "MPI_Isend" : "MPI_Irecv", err);
            if (!status)
                ++*posted;
        }
        at += (size_t)counts[peer] * record_size;
    }
    return status;
}

souk_status souk_exchange_all(const struct souk_comm *comm, const void *send,
                              const int64_t *send_counts, size_t record_size, void **recv,
                              int64_t *recv_counts, struct souk_error *err)
{
    const int64_t per_piece = CHUNK_MAX / (int64_t)record_size;
    MPI_Datatype record = MPI_DATATYPE_NULL;
    MPI_Request *requests = NULL;
    int64_t message_count = 0;
    int posted = 0;
    souk_status status;

    *recv = NULL;
    status = souk_mpi_check(
        MPI_Alltoall(send_counts, 1, MPI_INT64_T, recv_counts, 1, MPI_INT64_T, comm->mpi),
        "MPI_Alltoall", err);
    if (status)
        return status;
    for (int peer = 0; peer < comm->size; peer++)
        message_count +=
            pieces(send_counts[peer], per_piece) + pieces(recv_counts[peer], per_piece);
    *recv = souk_alloc_array((size_t)total(recv_counts, comm->size), record_size);
    requests = souk_alloc_array((size_t)message_count, sizeof *requests);
    if (!*recv || !requests || message_count > INT_MAX)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to exchange %lld records of %zu bytes",
                           (long long)total(recv_counts, comm->size), record_size);
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    status = souk_mpi_check(MPI_Type_contiguous((int)record_size, MPI_BYTE, &record),
                            "MPI_Type_contiguous", err);
    if (!status)
        status = souk_mpi_check(MPI_Type_commit(&record), "MPI_Type_commit", err);
    if (!status)
        status = post_pieces(comm, *recv, recv_counts, record, record_size, per_piece, false,
                             requests, &posted, err);
    if (!status) /* MPI only reads what it sends; its C binding is shared with the receiving side */
        status = post_pieces(comm, (char *)(uintptr_t)send, send_counts, record, record_size,
                             per_piece, true, requests, &posted, err);
    const int waited = MPI_Waitall(posted, requests, MPI_STATUSES_IGNORE);
    if (!status)
        status = souk_mpi_check(waited, "MPI_Waitall", err);
out:
    if (record != MPI_DATATYPE_NULL)
        MPI_Type_free(&record);
    free(requests);
    if (status) {
        free(*recv);
        *recv = NULL;
    }
    return status;
}

souk_status souk_gather_all(const struct souk_comm *comm, const void *send, int64_t count,
                            size_t record_size, void **recv, int64_t *recv_counts,
                            struct souk_error *err)
{
    souk_status status;
    char *all = NULL, *at;

    *recv = NULL;
    status = souk_mpi_check(
        MPI_Allgather(&count, 1, MPI_INT64_T, recv_counts, 1, MPI_INT64_T, comm->mpi),
        "MPI_Allgather", err);
    if (status)
        return status;
    all = souk_alloc_array((size_t)total(recv_counts, comm->size), record_size);
    if (!all)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to gather %lld records of %zu bytes",
                           (long long)total(recv_counts, comm->size), record_size);
    status = souk_status_agree_all(comm, status, err);
    at = all;
    for (int root = 0; root < comm->size && !status; root++) {
        const int64_t bytes = recv_counts[root] * (int64_t)record_size;
        if (root == comm->rank && bytes > 0)
            memcpy(at, send, (size_t)bytes);
        status = souk_broadcast_all(comm, at, bytes, root, err);
        at += bytes;
    }
    if (status) {
        free(all);
        return status;
    }
    *recv = all;
    return SOUK_OK;
}
