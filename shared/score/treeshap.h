/** @file
 *  Why a row scores as it does: exact Shapley values of its features.
 *
 *  The game is that of Lundberg et al. 2018 (Consistent Individualized Feature Attribution for Tree
 *  Ensembles), path-dependent: a set S of features is worth the expected score when the row is
 *  followed at splits on S, and at all other splits both ways are taken by their share of the
 *  training rows. The values come from Algorithm 2 of that paper, in O(leaves * depth^2) a tree.
 *
 *      phi[0] + ... + phi[features - 1] + phi[features] = score of the row
 *
 *  phi[features] is the expected score: each leaf's value by its share of rows. Shares come from
 *  leaf_count alone, so that they add up whatever a file says of its inner nodes; a node without
 * any row sends one half each way. Categorical splits and missing values go where the walk sends
 * them.
 */
#ifndef SOUK_SCORE_TREESHAP_H
#define SOUK_SCORE_TREESHAP_H

#include "shared/score/forest.h"

struct souk_shap_step {
    int feature;      /**< of the path; -1 for its start */
    double zero, one; /**< share that passes when the feature is unknown, and when it is known */
    double weight;    /**< of the sets that have so many known features (the paper's w) */
};

/** What explanations of a forest need beside it. Immutable: threads share it. */
struct souk_treeshap {
    const struct souk_forest *forest;
    double **left_share; /**< [trees][nodes], of a node's rows */
    double expectation;
    size_t scratch_steps; /**< steps of scratch that one explanation needs */
};

/** @param f borrowed, unchanged until souk_treeshap_fini()
 *  @return SOUK_OK, SOUK_EINVAL (a tree of several leaves has no rows in any), SOUK_ENOMEM; on
 *          failure empty, souk_treeshap_fini() is harmless */
souk_status souk_treeshap_init(struct souk_treeshap *s, const struct souk_forest *f,
                               struct souk_error *err) SOUK_MUST_CHECK;
void souk_treeshap_fini(struct souk_treeshap *s);

/** Explain one row. Thread-safe with a scratch for each thread; allocates nothing.
 *  @param row     [features]
 *  @param scratch [scratch_steps]
 *  @param phi     [features + 1], overwritten */
void souk_treeshap_explain(const struct souk_treeshap *s, const double *row,
                           struct souk_shap_step *scratch, double *phi);

#endif
