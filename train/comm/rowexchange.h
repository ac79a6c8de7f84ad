/** @file
 *  Factor rows to the nodes that need them: lists built once (ghostlist.h), persistent requests,
 * one exchange per half-epoch, in chunks.
 *
 *      start          receive all chunks; for each chunk: pack own rows, send
 *      wait(chunk)    the chunk's ghosts are in the node's matrix, for every rank of the node
 *      finish         all is sent: own rows may change
 *
 *  Rows are received straight into their place among the ghosts. A row travels as d floats, or as d
 *  bfloat16, once to each node that needs it; the ranks of a node read each other's rows in place.
 */
#ifndef SOUK_COMM_ROWEXCHANGE_H
#define SOUK_COMM_ROWEXCHANGE_H

#include "train/comm/ghostlist.h"
#include "train/comm/nodematrix.h"

enum souk_wire { SOUK_WIRE_FP32, SOUK_WIRE_BF16 };

struct souk_rowexchange {
    struct souk_ghostlist list;
    struct souk_nodematrix *matrix; /**< borrowed */
    const float *own;               /**< borrowed, this rank's rows */
    int d, stride;
    enum souk_wire wire;
    bool tight;                      /**< the send buffer holds one chunk at a time */
    char *send_buffer, *recv_buffer; /**< borrowed; rows received go there with bf16 only */
    MPI_Datatype row;
    MPI_Request *requests; /**< to receive and then to send, each by chunk */
    int *recv_first;       /**< [chunks + 1], into requests */
    int *send_first;       /**< [chunks + 1] */
};

/** Bytes of a row on the wire. */
static inline int64_t souk_wire_row_bytes(enum souk_wire wire, int d)
{
    return (int64_t)d * (wire == SOUK_WIRE_BF16 ? 2 : 4);
}

/** Bytes of the two buffers that an exchange over this list takes. @param tight one chunk at a time
 */
int64_t souk_rowexchange_send_buffer_bytes(const struct souk_ghostlist *list, enum souk_wire wire,
                                           int d, bool tight);
int64_t souk_rowexchange_recv_buffer_bytes(const struct souk_ghostlist *list, enum souk_wire wire,
                                           int d);

/** Not collective: tie an exchange whose list is there to its matrix and its buffers. Several
 *  exchanges may share both, when no two of them run at a time.
 *  @param matrix [(node rows + ghosts) x stride] at least; @param stride >= d, in floats
 *  @param own [local rows x stride], in the matrix or elsewhere
 *  @param tight a chunk is sent before the next is packed: less memory, less overlap
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT, SOUK_ECOMM */
souk_status souk_rowexchange_bind(struct souk_rowexchange *x, struct souk_nodematrix *matrix,
                                  const float *own, int d, int stride, enum souk_wire wire,
                                  bool tight, void *send_buffer, void *recv_buffer,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_rowexchange_fini(struct souk_rowexchange *x);

/** Begin to send own rows and to receive ghosts. Own rows must not change until the finish, and the
 *  ranks of a node must not write theirs until all of them have read what they need. */
souk_status souk_rowexchange_start_all(struct souk_rowexchange *x,
                                       struct souk_error *err) SOUK_MUST_CHECK;

/** Collective on the node's ranks, in the order of the chunks. Wait for a chunk's ghosts; with the
 *  first chunk, for the own rows of the node's other ranks too. */
souk_status souk_rowexchange_wait_all(struct souk_rowexchange *x, int chunk,
                                      struct souk_error *err) SOUK_MUST_CHECK;

/** Let MPI move what is under way: between two stretches of computing. */
souk_status souk_rowexchange_progress(struct souk_rowexchange *x,
                                      struct souk_error *err) SOUK_MUST_CHECK;

souk_status souk_rowexchange_finish_all(struct souk_rowexchange *x,
                                        struct souk_error *err) SOUK_MUST_CHECK;

/** Whether this rank sends and receives nothing: all it needs is on its node. */
bool souk_rowexchange_is_empty(const struct souk_rowexchange *x);

/** Bytes that this rank sends to others in one exchange. */
int64_t souk_rowexchange_bytes(const struct souk_rowexchange *x);

#endif
