/** @file
 *  The losses behind rankobjective.h, one file for each kind, and what they share. Internal to
 *  train/ranker.
 *
 *  Every souk_<loss>_gradients() writes gradient and hessian [group->n]; scores are finite.
 */
#ifndef SOUK_RANKER_RANKOBJECTIVES_H
#define SOUK_RANKER_RANKOBJECTIVES_H

#include "train/ranker/rankobjective.h"

#define SOUK_RANK_GRADIENTS(loss)                                                                  \
    void souk_##loss##_gradients(                                                                  \
        const struct souk_rankobjective *o, struct souk_rankscratch *scratch,                      \
        const struct souk_rankgroup *group, int64_t iteration, double *gradient, double *hessian)
SOUK_RANK_GRADIENTS(lambdarank);
SOUK_RANK_GRADIENTS(yetirank);
SOUK_RANK_GRADIENTS(pairlogit);
SOUK_RANK_GRADIENTS(queryrmse);
SOUK_RANK_GRADIENTS(logistic);
SOUK_RANK_GRADIENTS(rmse);

/** @return SOUK_OK, SOUK_ENUMERIC: a score is not finite; the message names the document */
souk_status souk_rankgroup_check_scores(const struct souk_rankgroup *group,
                                        struct souk_error *err) SOUK_MUST_CHECK;

/** 1 / (1 + e^x), the derivative of -log(1 + e^-x): 0 and 1 at the ends, never NaN. */
double souk_rank_miss(double x);

/** Add one pair's log(1 + e^-D), D = sigmoid (s_winner - s_loser), times `weight`. */
void souk_rank_add_pair(double sigmoid, const double *score, const struct souk_rankpair *pair,
                        double *gradient, double *hessian);

/** The n documents by key, descending; equal keys in the order of the documents.
 *  @param order [n], written; @param spare [n] */
void souk_rank_order(const double *key, int n, int32_t *order, int32_t *spare);

/** The pairs of one noisy order of yetirank: neighbours whose labels differ, weighted by
 *  decay^position * |difference of labels| / permutations.
 *  @param scratch its key, order, spare and pairs are written
 *  @return pairs in scratch->pairs, below group->n */
int souk_yetirank_draw(const struct souk_rankobjective *o, struct souk_rankscratch *scratch,
                       const struct souk_rankgroup *group, int64_t iteration, int permutation);

#endif
