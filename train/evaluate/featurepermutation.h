/** @file
 *  What the order of the trees loses without each feature, on the candidates of some users of an
 *  evaluation: permutation importance (train/ranker/importance.h) of a two-stage model.
 *
 *  Users who are scored by the ranker and have a true candidate are drawn by hash(seed, user), as
 *  many as have SOUK_PERMUTATION_ROWS candidates together; the figures do not depend on ranks.
 */
#ifndef SOUK_EVALUATE_FEATUREPERMUTATION_H
#define SOUK_EVALUATE_FEATUREPERMUTATION_H

#include "train/evaluate/candidatescores.h"

enum {
    SOUK_PERMUTATION_ROWS = 50000, /**< about */
    SOUK_PERMUTATION_K = 10        /**< of NDCG@k */
};

/** Collective. Streams the items past once.
 *  @param scores of the evaluation: what was wanted; @param ranker with a forest
 *  @param drop [ranker->features] of NDCG, written; below 0 by chance. 0 for a feature that no tree
 *         splits on
 *  @param is_known false where nobody was drawn
 *  @return what reading and souk_importance_all() return; the same on every rank */
souk_status souk_feature_permutation_all(const struct souk_comm *comm,
                                         const struct souk_part_source *source,
                                         const struct souk_candidate_scores *scores,
                                         const struct souk_stage_ranker *ranker, uint64_t seed,
                                         double *drop, bool *is_known,
                                         struct souk_error *err) SOUK_MUST_CHECK;

#endif
