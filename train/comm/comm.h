/** @file
 *  Checked MPI: every call's code becomes a status, and statuses are agreed on before anyone
 * leaves.
 *
 *  MPI_COMM_WORLD stands in souk_comm_start() only; everything else takes a struct souk_comm.
 *  A function that communicates ends in `_all`: it is collective on the communicator, and returns
 *  the same status on every rank.
 */
#ifndef SOUK_COMM_COMM_H
#define SOUK_COMM_COMM_H

#include "shared/base/status.h"

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t souk_gidx; /**< global row */
typedef int32_t souk_lidx; /**< local row of a rank */
#define SOUK_MPI_GIDX MPI_INT64_T
#define SOUK_MPI_LIDX MPI_INT32_T

struct souk_comm {
    MPI_Comm mpi;
    int rank, size;
};

enum souk_tag { SOUK_TAG_EXCHANGE = 1, SOUK_TAG_FACTORS = 2, SOUK_TAG_STORE = 3 };

/** MPI_Init_thread (funneled), MPI_ERRORS_RETURN, log set up with the rank. The first call of main.
 */
souk_status souk_comm_start(int *argc, char ***argv, const char *program, struct souk_comm *comm,
                            struct souk_error *err) SOUK_MUST_CHECK;

/** Complain on one rank where status is an error, finalize, and return main's exit code.
 *  Collective; status is the same on all ranks. */
int souk_comm_finish(struct souk_comm *comm, souk_status status, const struct souk_error *err);

/** Collective. Ranks of the same colour get a communicator of their own, in the order of their
 *  ranks. @param out free with souk_comm_release(), also after a failure */
souk_status souk_comm_split_all(const struct souk_comm *comm, int colour, struct souk_comm *out,
                                struct souk_error *err) SOUK_MUST_CHECK;
/** Collective on the communicator. */
void souk_comm_release(struct souk_comm *comm);

/** SOUK_OK, or SOUK_ECOMM with the name of the call and MPI's own text. */
souk_status souk_mpi_check(int code, const char *call, struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. The worst status of all ranks; where it is an error, every rank gets the message of
 *  the lowest rank that has it. Call it after each stretch of work that can fail on some ranks
 * only, before the next collective call. */
souk_status souk_status_agree_all(const struct souk_comm *comm, souk_status mine,
                                  struct souk_error *err);

/** Collective. In place over `count` values. */
souk_status souk_sum_i64_all(const struct souk_comm *comm, int64_t *values, int64_t count,
                             struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_max_i64_all(const struct souk_comm *comm, int64_t *values, int64_t count,
                             struct souk_error *err) SOUK_MUST_CHECK;
/** As above, rounded in an order that MPI chooses: the last bits depend on the ranks. */
souk_status souk_sum_f64_all(const struct souk_comm *comm, double *values, int64_t count,
                             struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_max_f64_all(const struct souk_comm *comm, double *values, int64_t count,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Send bytes from `root` to all, in pieces where they are more than an int counts. */
souk_status souk_broadcast_all(const struct souk_comm *comm, void *data, int64_t size_bytes,
                               int root, struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Personalised exchange of fixed-size records, any amount.
 *  @param send        records for rank 0, then for rank 1, ...; borrowed
 *  @param send_counts [size] records for each rank
 *  @param record_size bytes, the same on all ranks, below 2^20
 *  @param recv        owned by the caller, free(): records from rank 0, then from rank 1, ...
 *  @param recv_counts [size], filled in
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_exchange_all(const struct souk_comm *comm, const void *send,
                              const int64_t *send_counts, size_t record_size, void **recv,
                              int64_t *recv_counts, struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Every rank's records, in rank order, on every rank.
 *  @param recv owned by the caller, free(); @param recv_counts [size] */
souk_status souk_gather_all(const struct souk_comm *comm, const void *send, int64_t count,
                            size_t record_size, void **recv, int64_t *recv_counts,
                            struct souk_error *err) SOUK_MUST_CHECK;

/** The rank that reads and writes part p: parts are dealt round-robin. */
static inline int souk_part_rank(const struct souk_comm *comm, int part)
{
    return part % comm->size;
}

#endif
