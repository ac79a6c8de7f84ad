/** @file
 *  One tree, leaf by leaf: the leaf whose best split gains most is split next.
 *
 *      every rank    rows of a leaf -> histogram of all columns
 *      reduce-scatter                -> histogram of this rank's columns, over all rows
 *      every rank    best split of its columns; the best of all ranks; its own rows left and right
 *
 *  What a rank gets of a histogram begins with an entry whose gradient is the leaf's rows: no
 *  message of its own for them. Of two new leaves the one with fewer rows, by the estimate of
 *  split.h, gets a histogram, the other what its parent has more.
 *  All ranks hold the same tree at every step.
 */
#ifndef SOUK_RANKER_GROWER_H
#define SOUK_RANKER_GROWER_H

#include "train/ranker/gradients.h"
#include "train/ranker/leafrows.h"

struct souk_grower_rules {
    int leaves;    /**< at most, >= 2 */
    int max_depth; /**< nodes on a path; 0: no bound but the forest's */
    struct souk_split_rules split;
};

/** A node of a grown tree; children as in shared/score/tree.h. */
struct souk_grownnode {
    struct souk_split split;
    int32_t left, right;
};

struct souk_growntree {
    int leaves;                  /**< nodes = leaves - 1 */
    struct souk_grownnode *node; /**< [rules.leaves - 1] */
    int64_t *leaf_rows;          /**< [rules.leaves], of all ranks */
};

/** What growing needs from tree to tree; private but for `rows` and `tree`. */
struct souk_grower {
    struct souk_comm comm;
    struct souk_grower_rules rules;
    const struct souk_binning *binning;  /**< borrowed */
    const struct souk_binmatrix *matrix; /**< borrowed */
    struct souk_leafrows rows;           /**< of the tree grown last: which row is in which leaf */
    struct souk_growntree tree;          /**< likewise */
    struct souk_histwork work;
    int64_t *first;            /**< [columns + 1], where their bins stand in `mine` */
    struct souk_histbin *mine; /**< [ranks + all bins], of this rank's rows */
    struct souk_histbin *pool; /**< [leaves x (1 + own bins)], of all rows */
    int *reduce_counts;        /**< [ranks], doubles that each rank receives */
    int *first_column;         /**< [ranks + 1] */
    struct souk_split *found;  /**< [ranks x 2], best splits of two leaves */
    struct souk_leaf *leaf;    /**< [leaves] */
};

/** Collective, in that all ranks pass the same but for their rows.
 *  @param g free with souk_grower_fini(), also after a failure; @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_grower_init_all(struct souk_grower *g, const struct souk_comm *comm,
                                 const struct souk_binning *binning,
                                 const struct souk_binmatrix *matrix,
                                 const struct souk_grower_rules *rules,
                                 struct souk_error *err) SOUK_MUST_CHECK;
void souk_grower_fini(struct souk_grower *g);

/** Collective. Grow g->tree from the rows that g->rows has in leaf 0.
 *  @param allowed [columns] that may split, or NULL: all
 *  @return SOUK_OK, SOUK_ECOMM */
souk_status souk_grower_grow_all(struct souk_grower *g, const struct souk_derivatives *d,
                                 const bool *allowed, struct souk_error *err) SOUK_MUST_CHECK;

/** Gradient and Hessian of a leaf of the tree grown last, over all ranks' rows.
 *  @param units those that it was grown with; @param sum gradient, Hessian */
void souk_grower_leaf_sum(const struct souk_grower *g, const struct souk_gradients *units, int leaf,
                          double sum[2]);

/** The leaf of a row of bins. @param bins [columns] */
int souk_growntree_leaf(const struct souk_growntree *tree, const uint8_t *bins);

#endif
