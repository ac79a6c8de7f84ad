/** @file
 *  The scores of one part's items for any case: what an evaluation ranks by, and among what.
 *
 *      by         an ordering (ordering.h)
 *      among      all items of the model without the user's own; only hidden ones of those
 *
 *  A scorer is shared by all threads; each has a scratch of its own.
 */
#ifndef SOUK_EVALUATE_SCORER_H
#define SOUK_EVALUATE_SCORER_H

#include "shared/score/shard.h"
#include "shared/score/taste.h"
#include "train/comm/hiding.h"
#include "train/evaluate/candidates.h"
#include "train/evaluate/cases.h"
#include "train/evaluate/newest.h"
#include "train/evaluate/ordering.h"
#include "train/evaluate/visitors.h"

#include <stdbool.h>
#include <stdint.h>

/** All borrowed. */
struct souk_scoring_rule {
    struct souk_ordering by;
    bool include_seen;                        /**< a user's own items stay candidates */
    const struct souk_hiding *among;          /**< NULL: all items are candidates */
    bool sold_only;                           /**< only items with an event are candidates */
    const struct souk_newest *newest;         /**< for that order, and for sold_only */
    const struct souk_candidates *candidates; /**< of a two-stage model, else NULL */
    const struct souk_stage_ranker *ranker;   /**< beside them */
    const float *scores; /**< of all candidates where they are known already (candidatescores.h),
                              else NULL */
    uint64_t seed;       /**< of the random order */
};

struct souk_scorer {
    const struct souk_shard *shard; /**< of one part */
    const struct souk_cases *cases;
    const struct souk_visitors *visitors;
    const struct souk_scoring_rule *rule;
    int64_t *banned; /**< [banned_count] model rows of the part that are no candidates, ascending */
    int64_t banned_count;
    float *stand_in;                 /**< [items], in the place of popularity; NULL: none */
    uint64_t *hash;                  /**< [items], of the ids, for the random order; else NULL */
    struct souk_stage_part stage;    /**< with candidates */
    struct souk_taste_columns taste; /**< for the order by categories */
};

struct souk_scorer_scratch {
    int64_t *exclude;                /**< [longest history + items of the part] */
    float *stand_in;                 /**< [items], random order */
    float *score;                    /**< [items], NaN: no candidate */
    int64_t *candidate;              /**< [most candidates of a case], with candidates */
    float *feature;                  /**< [most candidates x features] */
    struct souk_stage_scratch stage; /**< with candidates */
    struct souk_model_part part;     /**< views of the shard with other scores in it */
    struct souk_shard shard;
};

/** @param shard of one part, that outlives the scorer
 *  @param out empty with souk_scorer_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, what souk_newest_score() returns */
souk_status souk_scorer_init(struct souk_scorer *out, const struct souk_shard *shard,
                             const struct souk_cases *cases, const struct souk_visitors *visitors,
                             const struct souk_scoring_rule *rule,
                             struct souk_error *err) SOUK_MUST_CHECK;
void souk_scorer_fini(struct souk_scorer *s);

/** @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_scorer_scratch_init(struct souk_scorer_scratch *t,
                                     const struct souk_scorer *s) SOUK_MUST_CHECK;
void souk_scorer_scratch_fini(struct souk_scorer_scratch *t);

/** Offer the candidates of case `at` to a list. -1: of a user of whom nothing is known. */
void souk_scorer_offer(const struct souk_scorer *s, struct souk_scorer_scratch *t, int64_t at,
                       struct souk_topk *list);

/** Put the scores of the candidates of case `at` into t->score. */
void souk_scorer_score(const struct souk_scorer *s, struct souk_scorer_scratch *t, int64_t at);

#endif
