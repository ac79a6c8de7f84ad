/** @file
 *  The score of every candidate of every case, as the lists are ordered by: what confidence is
 *  calibrated on, and measured with.
 *
 *      candidates    c0       c1  c2  c3  ...      candidates->offsets, item
 *      score         1.25    -.5   2   .5
 *      wanted        0        0    1   0           a target of its case
 */
#ifndef SOUK_EVALUATE_CANDIDATESCORES_H
#define SOUK_EVALUATE_CANDIDATESCORES_H

#include "train/evaluate/scorer.h"

struct souk_candidate_scores {
    const struct souk_candidates *candidates; /**< borrowed */
    float *score; /**< [candidates]; NaN where the case may not be offered it, or is not scored */
    uint8_t *wanted; /**< [candidates] */
};

/** Collective. Streams the items past once.
 *  @param rules   [count] of the same candidates, in the model's own order, with the rankers that
 *                 score them; they outlive `out`
 *  @param rule_of [cases] index into rules, -1: the case is not scored; NULL: rules[0] scores all
 *  @param out  free with souk_candidate_scores_fini(); zeroed on failure
 *  @return what reading returns, SOUK_ENOMEM; the same on every rank */
souk_status souk_candidate_scores_all(const struct souk_comm *comm,
                                      const struct souk_part_source *source,
                                      const struct souk_visitors *visitors,
                                      const struct souk_scoring_rule *rules, int count,
                                      const int *rule_of, struct souk_candidate_scores *out,
                                      struct souk_error *err) SOUK_MUST_CHECK;
/** Mark what is wanted again: for cases whose targets have become fewer.
 *  @param wanted_row [wanted items of the cases], model row, -1: not in the model */
void souk_candidate_scores_mark(struct souk_candidate_scores *s, const int64_t *wanted_row);
void souk_candidate_scores_fini(struct souk_candidate_scores *s);

/** Whose calibration holds for a case. */
static inline enum souk_audience souk_candidates_audience(const struct souk_candidates *c,
                                                          int64_t at)
{
    return souk_stage_audience(&c->rules, c->profiles[at].count);
}

#endif
