/** @file
 *  The last stage: features of a candidate -> the score that lists are ordered by.
 *
 *      score = forest(features) + weight * log(base + 2^-13)
 *
 *  The base is the score of a source over the visitor's best; which one, and its weight, depend on
 *  the visitor's segment (stagerules.h). A model without a ranker yet is ordered by the second term
 *  alone.
 */
#ifndef SOUK_SCORE_STAGESCORE_H
#define SOUK_SCORE_STAGESCORE_H

#include "shared/score/features.h"
#include "shared/score/forest.h"

/** Immutable after it is made: any number of threads score with it. */
struct souk_stage_ranker {
    const struct souk_model *model; /**< borrowed */
    struct souk_stage_rules rules;
    struct souk_forest forest;
    bool has_forest;
    int features;
};

/** @param out empty with souk_stage_ranker_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_EFORMAT (rules or forest; a forest of other features), SOUK_ENOMEM */
souk_status souk_stage_ranker_init(struct souk_stage_ranker *out, const struct souk_model *model,
                                   struct souk_error *err) SOUK_MUST_CHECK;
void souk_stage_ranker_fini(struct souk_stage_ranker *r);

/** The logarithm of a base. */
double souk_stage_base(float base);

/** The two terms of a score, and their sum.
 *  @param feature [features] */
double souk_stage_ranker_forest(const struct souk_stage_ranker *r, const float *feature);
double souk_stage_ranker_base(const struct souk_stage_ranker *r, const float *feature);
float souk_stage_ranker_score(const struct souk_stage_ranker *r, const float *feature);

#endif
