/** @file
 *  Rows -> ranker: objective, base and blend by rows that the trees have not seen, then trees from
 * all of them.
 *
 *      windows of time     the latest window, ranked with trees from the older ones: it is to them
 * as what is to come is to all of them leave-one-out, or   a fifth of the users, ranked with trees
 * from the others a single window
 */
#ifndef SOUK_TWOSTAGE_RANKERTRAINING_H
#define SOUK_TWOSTAGE_RANKERTRAINING_H

#include "shared/score/forest.h"
#include "train/ranker/boosting.h"
#include "train/twostage/trainingrows.h"

struct souk_ranker_training {
    char *forest_text; /**< owned by the caller, free(); of the same on every rank */
    int base_source;   /**< the best single source ... */
    bool base_lifted;  /**< ... with its lift or without */
    float blend;
    int objective; /**< index into the objectives tried */
    int trees;
    double base_metric, forest_metric, blend_metric; /**< NDCG of the held-out users' candidates */
    struct souk_forest judge; /**< owned by the caller, souk_forest_fini(): the trees that chose all
                                   this, which have not seen the held-out users */
};

/** Whether the users of a window are held out from the trees that choose, or this one is.
 *  @param user hash of the id */
bool souk_ranker_training_holds(const struct souk_training_rows *rows, int window, uint64_t user);

/** Collective.
 *  @param params of the trees, but for the objective
 *  @param objectives [count] that are tried; the one whose blend ranks the held-out window best is
 *         taken
 *  @param model that made the rows (any of them: for the features' names)
 *  @return what souk_ranker_train_all() returns; SOUK_ENOTFOUND without a row; the same on every
 *          rank */
souk_status
souk_ranker_training_all(const struct souk_comm *comm, const struct souk_training_rows *rows,
                         const struct souk_model *model, const struct souk_boosting_params *params,
                         const struct souk_rankobjective *objectives, int count,
                         struct souk_ranker_training *out, struct souk_error *err) SOUK_MUST_CHECK;

#endif
