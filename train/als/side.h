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
#include "train/comm/spill.h"

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
    int64_t send_bytes, recv_bytes, list_bytes;
    void *send_buffer, *recv_buffer; /**< of both sides' batches; held by the first side */
    struct souk_nodematrix storage;
    float *matrix;           /**< [(node's rows + ghosts) x stride], what columns count from */
    uint16_t *halves;        /**< as matrix (halves.h); NULL: the solver reads the matrix itself */
    float unit;              /**< of the halves */
    float *own;              /**< [local rows x stride], in the matrix or in the spill */
    struct souk_spill spill; /**< own rows, column and weight, with a memory limit */
};

/** How the two sides are spread, held and exchanged. */
struct souk_sides_plan {
    int columns; /**< of a row, vector and all */
    struct souk_heldout heldout;
    enum souk_partition_rule rule;
    double pair_cost, row_cost; /**< what a pair and a row cost to solve */
    const int64_t *cost[2];     /**< [blocks] of each side, measured; NULL: from the above */
    bool shared_memory;         /**< the ranks of a node hold one copy */
    int ranks_per_node;         /**< 0, or see souk_node_init_all() */
    int chunks;                 /**< of an exchange, at least 1 */
    enum souk_wire wire;
    bool halves;          /**< the solver reads a copy in half precision */
    int64_t memory_limit; /**< bytes of a rank, 0: none */
    const char *scratch;  /**< folder for what does not fit */
};

/** Collective. Partition both sides by cost and bring each pair to the owners of its row and of its
 *  column; then the lists and the (zeroed) matrices. Where shared memory is short, a warning, and
 *  every rank holds its rows for itself. Where a rank would take more than the memory limit, own
 *  rows and pairs live in files of the scratch folder, and rows are solved in batches: what a batch
 *  needs is copied into one buffer that fits.
 *  @return SOUK_OK; SOUK_ELIMIT where the limit cannot be met (with the bytes that would do); what
 *          reading and communication return; the same on every rank
 *  @param node  empty with souk_node_fini() after the sides, also after a failure
 *  @param sides [2], zeroed, by souk_side_kind; empty with souk_sides_fini_all(), also then */
souk_status souk_sides_init_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                const struct souk_sides_plan *plan, struct souk_node *node,
                                struct souk_side sides[2], struct souk_error *err) SOUK_MUST_CHECK;
void souk_sides_fini_all(struct souk_side sides[2]);

/** Let go of the pages of what lies in files: between two batches. */
void souk_sides_release(const struct souk_side sides[2]);

/** Whether a pair of a side is held out of training. */
static inline bool souk_side_is_held(const struct souk_side *s, int64_t pair)
{
    return s->held && s->held[pair];
}

/** A row of this rank. */
static inline float *souk_side_row(const struct souk_side *s, int64_t local)
{
    return s->own + (size_t)local * (size_t)s->stride;
}

/** The row that a column of the other side names. */
static inline const float *souk_side_column(const struct souk_side *s, int32_t column)
{
    return s->matrix + (size_t)column * (size_t)s->stride;
}

#endif
