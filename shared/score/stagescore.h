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

#include "shared/score/confidence.h"
#include "shared/score/features.h"
#include "shared/score/forestscorer.h"

/** Whose calibration holds for a visitor. @param items that the visitor has had */
static inline enum souk_audience souk_stage_audience(const struct souk_stage_rules *rules,
                                                     int64_t items)
{
    if (items == 0)
        return SOUK_AUDIENCE_NEW;
    return souk_stage_segment(rules, (float)items) == SOUK_SEGMENT_WARM ? SOUK_AUDIENCE_WARM
                                                                        : SOUK_AUDIENCE_COLD;
}

/** Immutable after it is made: any number of threads score with it. */
struct souk_stage_ranker {
    const struct souk_model *model; /**< borrowed */
    struct souk_stage_rules rules;
    struct souk_forest forest;
    struct souk_forestscorer *scorer; /**< of the forest; NULL: there is none */
    int features;
    struct souk_confidence confidence; /**< without points where the model has none */
};

/** What a thread needs to score many rows. */
struct souk_stage_scratch {
    double *score; /**< [SOUK_STAGE_SCORE_ROWS] */
    void *block;   /**< of the forest's scorer */
};

enum { SOUK_STAGE_SCORE_ROWS = 64 }; /**< rows that the forest takes at a time */

/** @param out empty with souk_stage_ranker_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_EFORMAT (rules, forest or calibration; a forest of other features),
 *          SOUK_EVERSION (a newer calibration), SOUK_ENOMEM */
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

/** @return SOUK_OK, SOUK_ENOMEM; on failure empty, souk_stage_scratch_fini() is harmless */
souk_status souk_stage_scratch_init(struct souk_stage_scratch *t,
                                    const struct souk_stage_ranker *r) SOUK_MUST_CHECK;
void souk_stage_scratch_fini(struct souk_stage_scratch *t);

/** Scores of many rows, several times faster, with the bits of souk_stage_ranker_score().
 *  Allocates nothing. Thread-safe with a scratch for each thread.
 *  @param feature [count x features]; @param score [count], overwritten */
void souk_stage_ranker_score_rows(const struct souk_stage_ranker *r, const float *feature,
                                  int64_t count, struct souk_stage_scratch *scratch, float *score);

#endif
