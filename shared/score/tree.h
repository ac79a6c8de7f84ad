/** @file
 *  One decision tree, in the layout of LightGBM's text format.
 *
 *      node 0 is the root; a child c >= 0 is node c, a child c < 0 is leaf ~c
 *
 *              [0] x[split_feature[0]] <= threshold[0] ?
 *             /   \
 *           ~0    [1]                 left_child  = {~0, ~1}
 *                /   \                right_child = { 1, ~2}
 *              ~1     ~2
 *
 *  A tree of one leaf has no node. A numeric split sends x <= threshold left. A categorical one
 *  sends the categories of its bitset left, and all else right (missing, negative, unknown); its
 *  threshold is the number of the bitset, words cat_threshold[cat_boundaries[k] ..
 *  cat_boundaries[k + 1]), 32 categories each. Missing values of a numeric split, by its decision
 *  type: NONE reads NaN as 0; ZERO sends 0 and NaN, and NAN sends NaN, to the default side. This
 *  is LightGBM 4's rule to the bit.
 */
#ifndef SOUK_SCORE_TREE_H
#define SOUK_SCORE_TREE_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SOUK_TREE_LEAVES_MAX = 131072, /**< LightGBM's own bound */
    SOUK_TREE_DEPTH_MAX = 1024,    /**< nodes on a path: what walks down recursively is bounded */
    SOUK_TREE_WORDS_MAX = 1 << 24, /**< of cat_threshold */
    SOUK_FEATURES_MAX = 1 << 20
};

/** Bits of decision_type. */
enum {
    SOUK_SPLIT_CATEGORICAL = 1,
    SOUK_SPLIT_DEFAULT_LEFT = 2,
    SOUK_SPLIT_MISSING_NONE = 0 << 2,
    SOUK_SPLIT_MISSING_ZERO = 1 << 2,
    SOUK_SPLIT_MISSING_NAN = 2 << 2,
    SOUK_SPLIT_MISSING_MASK = 3 << 2
};

/** What a ZERO split takes for 0: |x| <= this (LightGBM's float constant). */
#define SOUK_SPLIT_ZERO ((double)1e-35f)

struct souk_tree {
    int leaves;              /**< 1 to SOUK_TREE_LEAVES_MAX; nodes = leaves - 1 */
    int cat_splits;          /**< categorical splits; each has a bitset */
    int32_t *split_feature;  /**< [nodes] */
    double *threshold;       /**< [nodes], finite */
    uint8_t *decision_type;  /**< [nodes], SOUK_SPLIT_ bits */
    int32_t *left_child;     /**< [nodes] */
    int32_t *right_child;    /**< [nodes] */
    double *split_gain;      /**< [nodes] */
    double *internal_value;  /**< [nodes], what the node would answer as a leaf */
    double *internal_weight; /**< [nodes], sum of hessians */
    int64_t *internal_count; /**< [nodes], rows of training */
    double *leaf_value;      /**< [leaves], finite, shrinkage applied */
    double *leaf_weight;     /**< [leaves], sum of hessians */
    int64_t *leaf_count;     /**< [leaves], rows of training */
    int32_t *cat_boundaries; /**< [cat_splits + 1], from 0, ascending */
    uint32_t *cat_threshold; /**< [cat_boundaries[cat_splits]], bit c % 32 of word c / 32 */
    double shrinkage;        /**< the rate that leaf_value includes; only kept */
    char *extra;             /**< lines of the text format that nothing here reads; NULL: none */
};

/** Make room: all arrays zeroed, for their owner to fill; shrinkage 1.
 *  @param words of cat_threshold in all; cat_boundaries[cat_splits] is set to it
 *  @return SOUK_OK, SOUK_EINVAL (a count below its least or above its bound), SOUK_ENOMEM; on
 *          failure the tree is empty, and souk_tree_fini() is harmless */
souk_status souk_tree_init(struct souk_tree *t, int leaves, int cat_splits, int words,
                           struct souk_error *err) SOUK_MUST_CHECK;

/** Frees all arrays; a zeroed tree is fine. */
void souk_tree_fini(struct souk_tree *t);

/** Whether the tree can be walked: every node and leaf is reached once from the root, within
 *  SOUK_TREE_DEPTH_MAX; features are below `features`, decision types known, bitsets in range,
 *  numbers finite, weights and counts not negative.
 *  @return SOUK_OK, SOUK_EFORMAT with the reason, SOUK_ENOMEM */
souk_status souk_tree_check(const struct souk_tree *t, int features,
                            struct souk_error *err) SOUK_MUST_CHECK;

/** Whether node `node` sends the value x of its feature left. */
bool souk_tree_goes_left(const struct souk_tree *t, int node, double x);

/** The leaf that a row ends in. Thread-safe. @param row [features] */
int souk_tree_leaf(const struct souk_tree *t, const double *row);

/** Nodes on the longest path; 0 for one leaf. The tree must have been checked. */
int souk_tree_depth(const struct souk_tree *t);

#endif
