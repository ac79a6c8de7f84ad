/** @file
 *  Factor rows to the ranks that need them: lists built once, one exchange per half-epoch.
 *
 *      local matrix   [ rows of this rank | ghost rows: of rank 0, of rank 1, ... ]  x stride
 * floats
 *
 *  Each rank tells each owner once which rows it needs. An exchange then packs what others need,
 *  and receives straight into the ghost rows.
 */
#ifndef SOUK_COMM_ROWEXCHANGE_H
#define SOUK_COMM_ROWEXCHANGE_H

#include "train/comm/partition.h"

struct souk_rowexchange {
    const struct souk_comm *comm;
    const struct souk_partition *partition;
    int stride;
    MPI_Datatype row;
    int64_t ghost_rows;
    int64_t *ghost_first; /**< [ranks + 1], ghosts by owner */
    int64_t *ghost;       /**< [ghost_rows], global rows, ascending within an owner */
    int64_t *send_first;  /**< [ranks + 1] */
    int64_t *send_row;    /**< [send_first[ranks]], local rows in the order they are sent */
    float *send_buffer;
    MPI_Request *requests; /**< [2 x ranks] */
    int posted;
};

/** Collective. @param needed [count] global rows, in any order, with repetitions; own rows among
 *  them are fine. Reordered by the call. */
souk_status souk_rowexchange_init_all(struct souk_rowexchange *x, const struct souk_comm *comm,
                                      const struct souk_partition *partition, int64_t *needed,
                                      int64_t count, int stride,
                                      struct souk_error *err) SOUK_MUST_CHECK;
void souk_rowexchange_fini(struct souk_rowexchange *x);

/** Row of the local matrix that holds a global row. The row was in `needed`, or is this rank's. */
int64_t souk_rowexchange_find(const struct souk_rowexchange *x, int64_t row);

/** Begin to send own rows and to receive ghosts. The matrix must not change until the finish.
 *  @param matrix [(local rows + ghost rows) x stride] */
souk_status souk_rowexchange_start_all(struct souk_rowexchange *x, float *matrix,
                                       struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_rowexchange_finish_all(struct souk_rowexchange *x,
                                        struct souk_error *err) SOUK_MUST_CHECK;

/** Bytes that this rank sends in one exchange. */
int64_t souk_rowexchange_bytes(const struct souk_rowexchange *x);

#endif
