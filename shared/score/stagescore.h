/** @file
 *  The last stage: features of a candidate -> the score that lists are ordered by.
 *
 *      score = forest(features) + blend * log(base + 2^-13)
 *
 *  The base is the score of the best single source (stagerules.h); its logarithm is on the forest's
 *  scale, that of log-odds. A model without a ranker yet is ordered by the second term alone.
 */
#ifndef SOUK_SCORE_STAGESCORE_H
#define SOUK_SCORE_STAGESCORE_H

#include "shared/score/confidence.h"
#include "shared/score/features.h"
#include "shared/score/forest.h"

/** Whose calibration holds for a visitor: one with events is scored by the ranker, one without is
 *  answered by popularity, which is another scale. */
static inline enum souk_segment souk_stage_segment(const struct souk_profile *profile)
{
    return profile->count > 0 ? SOUK_SEGMENT_WARM : SOUK_SEGMENT_COLD;
}

/** Immutable after it is made: any number of threads score with it. */
struct souk_stage_ranker {
    const struct souk_model *model; /**< borrowed */
    struct souk_stage_rules rules;
    struct souk_forest forest;
    bool has_forest;
    int features;
    struct souk_confidence confidence; /**< without points where the model has none */
};

/** @param out empty with souk_stage_ranker_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_EFORMAT (rules, forest or calibration; a forest of other features),
 *          SOUK_EVERSION (a newer calibration), SOUK_ENOMEM */
souk_status souk_stage_ranker_init(struct souk_stage_ranker *out, const struct souk_model *model,
                                   struct souk_error *err) SOUK_MUST_CHECK;
void souk_stage_ranker_fini(struct souk_stage_ranker *r);

/** The two terms of a score, and their sum.
 *  @param feature [features] */
double souk_stage_ranker_forest(const struct souk_stage_ranker *r, const float *feature);
double souk_stage_ranker_base(const struct souk_stage_ranker *r, const float *feature);
float souk_stage_ranker_score(const struct souk_stage_ranker *r, const float *feature);

#endif
