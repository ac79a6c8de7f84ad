/** @file
 *  One side of the factorization on one rank: the rows it owns, their pairs, their factors, and the
 *  rows of the other side that they need.
 *
 *      users side                          items side
 *      pairs by user (CSR)                 pairs by item (CSR)
 *      column -> row of items' matrix      column -> row of users' matrix
 *      matrix of the node's ranks:         [ own rows of each rank | ghosts ]
 *      gather: brings into the *other* side's ghosts what this side's rows need, batch by batch
 */
#ifndef SOUK_ALS_SIDE_H
#define SOUK_ALS_SIDE_H

#include "train/als/pairs.h"
#include "train/als/schedule.h"
#include "train/comm/rowexchange.h"

#include <stdbool.h>

struct souk_side {
    struct souk_partition partition;
    int64_t rows;     /**< of all ranks */
    int64_t *offsets; /**< [local rows + 1] */
    int32_t *column;  /**< [pairs], row of the other side's matrix */
    float *weight;    /**< [pairs] */
    bool *held;       /**< [pairs], whether held out of training; NULL: none is */
    int64_t longest;  /**< pairs of the longest row */
    int stride;
    struct souk_schedule schedule;   /**< of this side's rows */
    struct souk_rowexchange *gather; /**< [schedule.batches] */
    int64_t elsewhere;               /**< rows of the other side that live on other ranks */
    int64_t ghosts;                  /**< of the other side: the most of a batch */
    int64_t send_bytes, recv_bytes;
    void *send_buffer, *recv_buffer; /**< of all batches */
    struct souk_nodematrix storage;
    float *matrix;     /**< [(node's rows + ghosts) x stride], aligned; what columns count from */
    int64_t own_first; /**< matrix row of this rank's first row */
};

/** How the two sides are spread, held and exchanged. */
struct souk_sides_plan {
    int columns; /**< of a row, vector and all */
    struct souk_heldout heldout;
    enum souk_partition_rule rule;
    double pair_cost, row_cost; /**< what a pair and a row cost to solve */
    bool shared_memory;         /**< the ranks of a node hold one copy */
    int ranks_per_node;         /**< 0, or see souk_node_init_all() */
    int chunks;                 /**< of an exchange, at least 1 */
    enum souk_wire wire;
    int64_t ghosts_that_fit; /**< rows of other ranks in a batch, or SOUK_SCHEDULE_UNLIMITED */
};

/** Collective. Partition both sides by cost and bring each pair to the owners of its row and of its
 *  column; then the lists and the (zeroed) matrices. Where shared memory is short, a warning, and
 *  every rank holds its rows for itself.
 *  @param node  empty with souk_node_fini() after the sides, also after a failure
 *  @param sides [2], zeroed, by souk_side_kind; empty with souk_sides_fini_all(), also then */
souk_status souk_sides_init_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                const struct souk_sides_plan *plan, struct souk_node *node,
                                struct souk_side sides[2], struct souk_error *err) SOUK_MUST_CHECK;
void souk_sides_fini_all(struct souk_side sides[2]);

/** Bytes that this rank holds for a side: its factors, its ghosts, and its pairs. */
int64_t souk_side_bytes(const struct souk_side *s, const struct souk_side *other);

/** Whether a pair of a side is held out of training. */
static inline bool souk_side_is_held(const struct souk_side *s, int64_t pair)
{
    return s->held && s->held[pair];
}

/** A row of this rank. */
static inline float *souk_side_row(const struct souk_side *s, int64_t local)
{
    return s->matrix + (size_t)(s->own_first + local) * (size_t)s->stride;
}

/** The row that a column of the other side names. */
static inline const float *souk_side_column(const struct souk_side *s, int32_t column)
{
    return s->matrix + (size_t)column * (size_t)s->stride;
}

#endif
