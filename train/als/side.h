/** @file
 *  One side of the factorization on one rank: the rows it owns, their pairs, their factors, and the
 *  rows of the other side that they need.
 *
 *      users side                          items side
 *      pairs by user (CSR)                 pairs by item (CSR)
 *      column -> row of items' matrix      column -> row of users' matrix
 *      matrix [own | ghost] of users  <-- exchange: what other ranks' items need
 */
#ifndef SOUK_ALS_SIDE_H
#define SOUK_ALS_SIDE_H

#include "train/comm/partition.h"
#include "train/comm/ratings.h"
#include "train/comm/rowexchange.h"

#include <stdbool.h>

struct souk_side {
    struct souk_partition partition;
    int64_t rows;     /**< of all ranks */
    int64_t *offsets; /**< [local rows + 1] */
    int32_t *column;  /**< [pairs], row of the other side's matrix */
    float *weight;    /**< [pairs] */
    int64_t longest;  /**< pairs of the longest row */
    int stride;
    struct souk_rowexchange exchange; /**< of this side's factors to the ranks of the other side */
    float *matrix;                    /**< [(local rows + ghost rows) x stride], aligned */
};

enum souk_side_kind { SOUK_SIDE_USERS, SOUK_SIDE_ITEMS };

/** Collective. Partition both sides by cost and bring each pair to the owners of its row and of its
 *  column; then the ghost lists and the (zeroed) matrices.
 *  @param sides [2], by souk_side_kind; empty with souk_side_fini()
 *  @param pair_cost, row_cost what a pair and a row cost to solve */
souk_status souk_sides_init_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                enum souk_partition_rule rule, int factors, double pair_cost,
                                double row_cost, struct souk_side sides[2],
                                struct souk_error *err) SOUK_MUST_CHECK;
void souk_side_fini(struct souk_side *s);

/** Bytes that this rank holds for a side: factors, ghosts and pairs. */
int64_t souk_side_bytes(const struct souk_side *s);

static inline float *souk_side_row(const struct souk_side *s, int64_t local)
{
    return s->matrix + (size_t)local * (size_t)s->stride;
}

#endif
