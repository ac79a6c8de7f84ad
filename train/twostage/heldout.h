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

enum { SOUK_HELDOUT_FOLDS = 5 };

/** Users come with all of their candidates, as a visitor would be ranked. */
struct souk_heldout {
    struct souk_rankdata data;                    /**< groups of this rank; features named */
    int *fold;                                    /**< [groups] */
    double *forest;                               /**< [rows], score by the trees */
    struct souk_forest judge[SOUK_HELDOUT_FOLDS]; /**< the trees that gave it to each fold; without
                                                       trees where a fold leaves nothing */
};

/** The fold that holds a user of a window out, -1: none does.
 *  @param user hash of the id */
int souk_heldout_fold(const struct souk_training_rows *rows, int window, uint64_t user);

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

/** Collective. Train on what each fold leaves.
 *  @param judge [SOUK_HELDOUT_FOLDS] the trees, overwritten, without trees where nothing is left to
 *         learn from; free each with souk_forest_fini(), also after a failure
 *  @return what souk_ranker_train_all() returns; the same on every rank */
souk_status souk_heldout_learn_all(const struct souk_comm *comm,
                                   const struct souk_training_rows *rows,
                                   const struct souk_model_stages *stages,
                                   const struct souk_boosting_params *params,
                                   struct souk_forest *judge,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Score the users of one fold by the first trees of its judge. Not collective.
 *  @param trees at most so many; without any, scores stay as they are
 *  @param score [rows of h->data]; rows of other folds stay as they are
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_heldout_score(const struct souk_heldout *h, int fold,
                               const struct souk_forest *judge, int trees, double *score,
                               struct souk_error *err) SOUK_MUST_CHECK;

#endif
