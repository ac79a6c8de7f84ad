/** @file
 *  One evaluation, from a question to its figures. souk-evaluate asks it of a model's files,
 *  souk-tune of models in memory: the figures are the same.
 *
 *      question -> cases                 once
 *      model    -> visitors -> ranking -> summary      for every model that is asked
 */
#ifndef SOUK_EVALUATE_EVALUATION_H
#define SOUK_EVALUATE_EVALUATION_H

#include "train/evaluate/candidaterecall.h"
#include "train/evaluate/cases.h"
#include "train/evaluate/curves.h"
#include "train/evaluate/discrimination.h"
#include "train/evaluate/featureimportance.h"
#include "train/evaluate/measure.h"
#include "train/evaluate/newest.h"
#include "train/evaluate/partsource.h"
#include "train/evaluate/ranking.h"
#include "train/evaluate/reorder.h"
#include "train/evaluate/summary.h"
#include "train/evaluate/sureness.h"
#include "train/evaluate/visitors.h"

#include <stdbool.h>

struct souk_evaluation {
    struct souk_question question; /**< texts borrowed */
    struct souk_cutoffs cutoffs;
    struct souk_bootstrap bootstrap;
    bool quiet;              /**< no progress, no log */
    bool has_curves;         /**< also curves and discrimination */
    bool has_stages;         /**< also the last three, of a two-stage model in its own order */
    struct souk_ordering by; /**< what the model's items are ranked by */
    double min_confidence; /**< lists end where confidence does not exceed this; needs a calibrated
                                model in its own order. 0: they do not */
    struct souk_reorder reorder; /**< what then becomes of the lists; zero: nothing */
    const struct souk_dataset *dataset;
    struct souk_cases cases;
    struct souk_newest newest; /**< for that order */
    struct souk_visitors visitors;
    struct souk_stage_ranker ranker;     /**< of a two-stage model */
    struct souk_candidates candidates;   /**< beside it */
    struct souk_candidate_scores scores; /**< of these, in a staged order; else empty */
    struct souk_ranking ranking;
    struct souk_summary summary;
    struct souk_curves curves;
    struct souk_discrimination discrimination;
    struct souk_candidate_recalls sources;
    struct souk_sureness sureness;
    struct souk_feature_importance importance;
};

/** Collective. Who is asked, and what counts as right. question, cutoffs, bootstrap and quiet are
 *  set, the rest is zero.
 *  @param dataset must outlive the evaluation; @param parts of the models that will be asked
 *  @return SOUK_ENOTFOUND where nobody has a target; the same on every rank */
souk_status souk_evaluation_ask_all(struct souk_evaluation *e, const struct souk_comm *comm,
                                    const struct souk_dataset *dataset, int parts,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Ask a model, with has_curves, has_stages and by set; fills visitors, ranking and
 * what is below.
 *  @param source must outlive them */
souk_status souk_evaluation_answer_all(struct souk_evaluation *e, const struct souk_comm *comm,
                                       const struct souk_part_source *source,
                                       struct souk_error *err) SOUK_MUST_CHECK;

/** What is left of an answer when its lists are gone. */
struct souk_answer {
    int64_t items, events; /**< that the model was trained on */
    struct souk_summary summary;
    struct souk_curves curves; /**< depth 0: none */
    struct souk_discrimination discrimination;
    struct souk_candidate_recalls sources; /**< count 0: not looked at */
    struct souk_sureness sureness;         /**< of a calibrated model */
    struct souk_feature_importance importance;
};

/** Move the figures out, and forget the lists. @param out empty with souk_answer_fini() */
void souk_evaluation_take(struct souk_evaluation *e, struct souk_answer *out);
void souk_answer_fini(struct souk_answer *a);

/** What the answer was measured with. */
struct souk_measure souk_evaluation_measure(const struct souk_evaluation *e);

/** Forget the answer, not the cases: another model can be asked. */
void souk_evaluation_forget(struct souk_evaluation *e);
void souk_evaluation_fini(struct souk_evaluation *e);

#endif
