/** @file
 *  A forest laid out for scoring by blocks, and the kernels that do it. Private to forestscorer.
 *
 *      feature -> codes     position of a value among the feature's thresholds:
 *                           code = number of thresholds < x, so that x <= threshold[j] iff code <=
 * j column               a feature's codes under one rule for missing values entry                a
 * node's effect on 16 leaves: where code > entry.code, `zeros` go
 *
 *  A node whose left leaves span several words of 16 has an entry in each. A categorical node has
 *  a column of its own, 0 where it sends left and 1 where right, filled tree by tree.
 */
#ifndef SOUK_SCORE_FORESTLAYOUT_H
#define SOUK_SCORE_FORESTLAYOUT_H

#include "shared/score/forest.h"

enum { SOUK_BLOCK_ROWS = 64, SOUK_WORD_LEAVES = 16, SOUK_CODE_MAX = INT16_MAX };

/** Rule for missing values. Codes of missing rows are `missing_code`: least of all where they go
 *  left, greatest where right, and that of 0 where NaN reads as 0. */
struct souk_codecolumn {
    unsigned missing; /**< SOUK_SPLIT_MISSING_ */
    int16_t missing_code;
};

/** A feature that numeric nodes split on. */
struct souk_codedfeature {
    int64_t first_threshold; /**< in threshold[], ascending, no two equal */
    int32_t feature, thresholds;
    int32_t first_column, columns;
};

struct souk_layoutentry {
    uint32_t column; /**< from layout.columns on: the tree's categorical nodes */
    int16_t code;
    uint16_t zeros;
};

struct souk_categorynode {
    int32_t category;    /**< which of category_feature[] */
    int32_t words;       /**< of the bitset */
    const uint32_t *bit; /**< [words], the forest's own */
};

struct souk_layouttree {
    int64_t first_word; /**< in word_entry[] */
    int32_t words;
    int32_t categories; /**< categorical nodes */
    int64_t first_category;
    int64_t first_leaf; /**< in leaf_value[], left to right */
};

struct souk_forestlayout {
    int trees, features, columns, category_features;
    int most_categories;                /**< of a tree */
    struct souk_codedfeature *feature;  /**< [features] */
    struct souk_codecolumn *column;     /**< [columns] */
    double *threshold;                  /**< of all features */
    int32_t *category_feature;          /**< [category_features], columns of a row */
    struct souk_layouttree *tree;       /**< [trees] */
    int64_t *word_entry;                /**< [words of all trees + 1], first entry of each word */
    struct souk_layoutentry *entry;     /**< by word */
    struct souk_categorynode *category; /**< categorical nodes, by tree */
    double *leaf_value;
};

/** @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT (a feature has more than SOUK_CODE_MAX thresholds);
 *          on failure empty, souk_forestlayout_fini() is harmless */
souk_status souk_forestlayout_init(struct souk_forestlayout *l,
                                   const struct souk_forest *f) SOUK_MUST_CHECK;
void souk_forestlayout_fini(struct souk_forestlayout *l);

/** What scoring a block writes, in a thread's scratch; rows beside each other. */
struct souk_scoreblock {
    int16_t *code;     /**< [columns + most_categories][SOUK_BLOCK_ROWS] */
    int32_t *category; /**< [category_features][SOUK_BLOCK_ROWS], -1: none that a bitset can have */
    double *value;     /**< [SOUK_BLOCK_ROWS], of one feature */
    double *sum;       /**< [SOUK_BLOCK_ROWS], the scores */
};

struct souk_forest_kernels {
    const char *name;
    /** Score the rows that `row` [SOUK_BLOCK_ROWS] points at, into b->sum. */
    void (*score)(const struct souk_forestlayout *l, const double *const *row,
                  const struct souk_scoreblock *b);
};

extern const struct souk_forest_kernels souk_forest_plain;
#if defined(__x86_64__)
extern const struct souk_forest_kernels souk_forest_avx2;   /**< AVX2 and BMI */
extern const struct souk_forest_kernels souk_forest_avx512; /**< AVX-512 F, BW, DQ, VL; BMI */
#endif

#endif
