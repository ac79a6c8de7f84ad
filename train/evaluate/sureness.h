/** @file
 *  Whether a calibrated model's confidence and probability hold on the users of an evaluation.
 *
 *      coverage    share of a user's true candidates that min_confidence = alpha keeps, mean over
 *                  users who have one: 1 - alpha was promised for users like those of calibration
 *      kept        candidates of a user that it keeps, mean over all users
 *      bins        candidates by their stated probability, each with about as many wanted ones
 *
 *  For each audience (stagescore.h). The figures do not depend on ranks.
 */
#ifndef SOUK_EVALUATE_SURENESS_H
#define SOUK_EVALUATE_SURENESS_H

#include "train/evaluate/candidatescores.h"
#include "train/evaluate/summary.h"

enum { SOUK_ALPHAS = 9, SOUK_PROBABILITY_BINS = 10 };

struct souk_kept_set {
    double alpha;
    bool is_guaranteed;          /**< enough points were calibrated for this alpha */
    struct souk_figure coverage; /**< NaN without users; 95 % interval of the mean */
    double kept;
};

struct souk_probability_bin {
    double predicted, observed; /**< mean probability; share that was wanted */
    double low, high;           /**< Wilson's 95 % interval of observed */
    int64_t cases;
};

struct souk_sureness_audience {
    int64_t points;                         /**< of the calibration */
    int64_t users;                          /**< of the evaluation */
    int64_t true_users;                     /**< of them with a true candidate */
    double candidates;                      /**< of a user, mean */
    struct souk_kept_set sets[SOUK_ALPHAS]; /**< by ascending alpha */
    int bins;                               /**< by ascending probability */
    struct souk_probability_bin bin[SOUK_PROBABILITY_BINS];
};

struct souk_sureness {
    bool is_calibrated; /**< the model says something of its scores */
    struct souk_sureness_audience audience[SOUK_AUDIENCES];
};

/** Collective.
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_sureness_all(const struct souk_comm *comm,
                              const struct souk_candidate_scores *scores,
                              const struct souk_confidence *confidence, struct souk_sureness *out,
                              struct souk_error *err) SOUK_MUST_CHECK;

#endif
