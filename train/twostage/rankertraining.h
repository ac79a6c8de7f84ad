/** @file
 *  Rows -> ranker: trees of each objective, added up, and the blend with the best source.
 *
 *      held-out users -> number of trees, deviation of each objective's scores, blend (heldout.h,
 *                        fusion.h)
 *      all users      -> trees; forest = sum over the objectives of trees / deviation
 */
#ifndef SOUK_TWOSTAGE_RANKERTRAINING_H
#define SOUK_TWOSTAGE_RANKERTRAINING_H

#include "train/twostage/fusion.h"

enum { SOUK_RANKER_OBJECTIVES_MAX = 4 };

struct souk_ranker_training {
    char *forest_text;        /**< owned; of the same on every rank */
    int trees;                /**< of all objectives together */
    struct souk_heldout held; /**< ranked by trees that have not seen these users */
    struct souk_fusion fusion;
};

/** Collective.
 *  @param params     of the trees, but for the objective; `trees` is the most of each
 *  @param objectives [count], 1 to SOUK_RANKER_OBJECTIVES_MAX
 *  @param stages     of the models that made the rows
 *  @param out        free with souk_ranker_training_fini(); zeroed on failure
 *  @return what souk_ranker_train_all() returns; SOUK_ENOTFOUND without a row; the same on every
 *          rank */
souk_status souk_ranker_training_all(
    const struct souk_comm *comm, const struct souk_training_rows *rows,
    const struct souk_model_stages *stages, const struct souk_stage_rules *rules,
    const struct souk_boosting_params *params, const struct souk_rankobjective *objectives,
    int count, struct souk_ranker_training *out, struct souk_error *err) SOUK_MUST_CHECK;
void souk_ranker_training_fini(struct souk_ranker_training *t);

#endif
