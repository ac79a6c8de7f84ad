/** @file
 *  How sure the scores of a two-stage model are, from wishes that followed training in time.
 *
 *      model of the latest label window     candidates of its users, scored by trees that have not
 *      trees of the other rows              seen these users' wishes (heldout.h)
 *                                               |
 *      one true candidate of each user      conformal table    `confidence`
 *      all candidates                       isotonic fit       `probability`
 *
 *  Each by audience (confidence.h); the scores of new visitors, which are popularity, as multiples
 *  of the mean of their candidates (popularunit.h). Users none of whose wishes is among the
 *  candidates count for the probability too: a visitor may be one of them.
 */
#ifndef SOUK_TWOSTAGE_CALIBRATION_H
#define SOUK_TWOSTAGE_CALIBRATION_H

#include "shared/score/confidence.h"
#include "train/evaluate/evaluation.h"
#include "train/twostage/rankertraining.h"

/** Points kept of an audience, drawn by hash(seed, user): more would not make thresholds surer. */
enum { SOUK_CALIBRATION_POINTS_MAX = 10000 };

/** Collective.
 *  @param asked who wanted what in the latest label window (souk_evaluation_ask_all())
 *  @param model of that window, its files in place
 *  @param rows  that the ranker learned from: they say who is in which fold
 *  @param ranker with its judges
 *  @param out   empty with souk_confidence_fini(); an audience without a point has none
 *  @return SOUK_OK, SOUK_ENOMEM, what reading returns; the same on every rank */
souk_status souk_calibration_make_all(const struct souk_comm *comm, struct souk_evaluation *asked,
                                      const struct souk_model *model,
                                      const struct souk_training_rows *rows,
                                      const struct souk_ranker_training *ranker, uint64_t seed,
                                      struct souk_confidence *out,
                                      struct souk_error *err) SOUK_MUST_CHECK;

#endif
