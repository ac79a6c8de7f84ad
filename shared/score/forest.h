/** @file
 *  A forest of boosted decision trees: the ranker of a model, one raw score per row.
 *
 *      score(row) = sum over trees, in order, of leaf_value[leaf that the row ends in]
 *
 *  in double, in this order always, so that training, serving, the plain walk and the batch scorer
 *  (forestscorer.h) agree to the bit, and LightGBM's own predictions are reproduced.
 *  foresttext.h reads and writes LightGBM's text format; treeshap.h explains a score.
 */
#ifndef SOUK_SCORE_FOREST_H
#define SOUK_SCORE_FOREST_H

#include "shared/score/tree.h"

#include <stddef.h>

enum {
    SOUK_FOREST_TREES_MAX = 1 << 20,
    SOUK_FEATURE_WORD_MAX = 1 << 20 /**< bytes of a feature's name or info */
};

struct souk_forest {
    int features;        /**< columns of a row */
    char **feature_name; /**< [features], no blank inside; `Column_3` by default */
    char **feature_info; /**< [features], `[low:high]`, categories `0:3:1`, or `none` */
    char *objective;     /**< such as `lambdarank` or `binary sigmoid:1`; NULL: not said */
    int trees;
    struct souk_tree *tree; /**< [trees] */
    size_t tree_capacity;
    int label_index; /**< the label's column in the training file; only kept */
    /* Text of the file that nothing here reads, each line ended; NULL where there is none. */
    char *header_extra; /**< unknown lines of the header */
    char *importances;  /**< `NAME=COUNT` lines; NULL: written from the splits */
    char *parameters;   /**< `[name: value]` lines of the training run */
    char *trailer;      /**< what follows the parameters, such as pandas_categorical */
};

enum souk_importance { SOUK_IMPORTANCE_SPLITS, SOUK_IMPORTANCE_GAIN };

/** An empty forest with default names and infos.
 *  @param features 1 to SOUK_FEATURES_MAX
 *  @return SOUK_OK, SOUK_EINVAL, SOUK_ENOMEM; on failure empty, souk_forest_fini() is harmless */
souk_status souk_forest_init(struct souk_forest *f, int features,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** Frees everything; a zeroed forest is fine. */
void souk_forest_fini(struct souk_forest *f);

/** Replace a feature's name or info, or the objective, by a copy.
 *  @param info or name: 1 to SOUK_FEATURE_WORD_MAX bytes without blanks or control characters
 *  @return SOUK_OK, SOUK_EINVAL, SOUK_ENOMEM; unchanged on failure */
souk_status souk_forest_set_name(struct souk_forest *f, int feature, const char *name,
                                 struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_forest_set_info(struct souk_forest *f, int feature, const char *info,
                                 struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_forest_set_objective(struct souk_forest *f, const char *objective,
                                      struct souk_error *err) SOUK_MUST_CHECK;

/** Take over a tree (its arrays; *tree is then zeroed) behind the others, after souk_tree_check().
 *  `importances` is dropped: it no longer holds.
 *  @return SOUK_OK, SOUK_EFORMAT, SOUK_ELIMIT, SOUK_ENOMEM; on failure *tree stays the caller's */
souk_status souk_forest_append(struct souk_forest *f, struct souk_tree *tree,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** Multiply what every leaf and node says. @param by finite */
void souk_forest_scale(struct souk_forest *f, double by);

/** Take over all trees of another forest, behind the own ones: the score becomes the sum of both.
 * An empty *f becomes `other`, whole.
 *  @param other empty with souk_forest_fini() afterwards, also after a failure
 *  @return as souk_forest_append(); SOUK_EINVAL (other features) */
souk_status souk_forest_join(struct souk_forest *f, struct souk_forest *other,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** Drop the trees from `trees` on (early stopping). @param trees 0 to f->trees */
void souk_forest_truncate(struct souk_forest *f, int trees);

/** The raw score, by the plain walk: the oracle of forestscorer.h. Thread-safe.
 *  @param row [features]; NaN is a missing value */
double souk_forest_predict(const struct souk_forest *f, const double *row);

/** How often each feature splits, or the sum of its gains.
 *  @param out [features], overwritten */
void souk_forest_importance(const struct souk_forest *f, enum souk_importance kind, double *out);

#endif
