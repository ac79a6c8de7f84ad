/** @file
 *  Which rows are in which leaf: one list of row numbers, a piece of it for each leaf.
 *
 *      row    [ leaf 0 ........ | leaf 2 ... | leaf 1 ........ ]     ascending within a leaf
 *
 *  A split cuts a leaf's piece in two: left keeps the leaf's number, right gets the next one.
 */
#ifndef SOUK_RANKER_LEAFROWS_H
#define SOUK_RANKER_LEAFROWS_H

#include "train/ranker/split.h"

struct souk_leafrows {
    int64_t capacity;
    int32_t *row;   /**< [capacity], local rows */
    int32_t *spare; /**< [capacity] */
    int64_t *start; /**< [leaves] */
    int64_t *count; /**< [leaves] */
};

/** @param rows that there can be; @param leaves likewise
 *  @param l free with souk_leafrows_fini(), also after a failure; @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_leafrows_init(struct souk_leafrows *l, int64_t rows, int leaves,
                               struct souk_error *err) SOUK_MUST_CHECK;
void souk_leafrows_fini(struct souk_leafrows *l);

/** All rows in leaf 0, or those that `chosen` has. @param chosen [rows], or NULL */
void souk_leafrows_restart(struct souk_leafrows *l, const bool *chosen);

/** Rows of `leaf` that the split does not send left become leaf `fresh`. */
void souk_leafrows_split(struct souk_leafrows *l, const struct souk_binmatrix *matrix,
                         const struct souk_split *split, int leaf, int fresh);

#endif
