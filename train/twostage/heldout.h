/** @file
 *  Candidates of users whose wishes are known, ranked by trees that have not seen these users: what
 *  the blend is chosen by, and what confidence is calibrated on.
 *
 *      windows of time     the latest one is held out; trees from the older ones: they are to it as
 *                          all of them are to what is to come
 *      leave-one-out, or   five folds of users, each ranked with trees from the other four
 *      a single window
 */
#ifndef SOUK_TWOSTAGE_HELDOUT_H
#define SOUK_TWOSTAGE_HELDOUT_H

#include "train/ranker/boosting.h"
#include "train/twostage/trainingrows.h"

/** Users come with all of their candidates, as a visitor would be ranked. */
struct souk_heldout {
    struct souk_rankdata data; /**< groups of this rank; features named */
    int *fold;                 /**< [groups] */
    double *forest;            /**< [rows], score by the trees */
};

/** The drawn rows of all users, or of those that a fold leaves to learn from. Not collective.
 *  @param fold -1: of all
 *  @param out  free with souk_rankdata_fini()
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT */
souk_status souk_training_rows_take(const struct souk_training_rows *rows,
                                    const struct souk_model_stages *stages, int fold,
                                    struct souk_rankdata *out,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** The held-out users, not yet scored: forest is 0. Not collective.
 *  @param out free with souk_heldout_fini()
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT */
souk_status souk_heldout_take(const struct souk_training_rows *rows,
                              const struct souk_model_stages *stages, struct souk_heldout *out,
                              struct souk_error *err) SOUK_MUST_CHECK;
void souk_heldout_fini(struct souk_heldout *h);

/** Collective. Train on what each fold leaves, and score the fold.
 *  @param score [rows of h->data], overwritten; 0 where nothing is left to learn from
 *  @return what souk_ranker_train_all() returns; the same on every rank */
souk_status souk_heldout_score_all(const struct souk_comm *comm,
                                   const struct souk_training_rows *rows,
                                   const struct souk_model_stages *stages,
                                   const struct souk_boosting_params *params,
                                   const struct souk_heldout *h, double *score,
                                   struct souk_error *err) SOUK_MUST_CHECK;

#endif
