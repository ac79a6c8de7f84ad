/** @file
 *  What a trial is measured on: windows cut from the end of training, so that nothing behind
 *  training's end is ever read.
 *
 *      from ................................ w1 ........ w0 ........ until | the test window
 *      window 0   training ........................... | targets |
 *      window 1   training ............. | targets |
 *
 *  A trial trains once per window and seed; its value is the mean. A window's figure is that of
 *  `souk-evaluate --split START --test-until END` on the saved model of `souk-train --until START`.
 */
#ifndef SOUK_TUNE_VALIDATION_H
#define SOUK_TUNE_VALIDATION_H

#include "train/comm/ratings.h"
#include "train/evaluate/evaluation.h"
#include "train/tune/assignment.h"
#include "train/tune/tunable.h"

#include <stdint.h>

enum { SOUK_VALIDATIONS_MAX = 64 }; /**< windows x seeds */

/** "ndcg@10" */
struct souk_goal {
    enum souk_metric metric;
    int k;
    bool discovery;
};

struct souk_validation_rule {
    struct souk_ratings_rule ratings; /**< of the whole training, its window included */
    int64_t length_ms;                /**< of a window; 0: a tenth of training */
    int windows, seeds;
    struct souk_goal goal;
};

struct souk_validation_window {
    struct souk_window training;
    int64_t until_ms; /**< targets are from the end of training until this */
    struct souk_ratings ratings;
    struct souk_evaluation evaluation;
};

struct souk_validation {
    const struct souk_comm *comm;       /**< borrowed: the ranks that train together */
    const struct souk_dataset *dataset; /**< borrowed */
    struct souk_goal goal;
    int count, seeds;
    struct souk_validation_window *windows; /**< [count], the latest first */
};

/** @return SOUK_OK, SOUK_EUSAGE */
souk_status souk_goal_parse(const char *text, struct souk_goal *goal,
                            struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Read the windows' data.
 *  @param out free with souk_validation_fini(), also after a failure
 *  @return SOUK_OK; SOUK_EUSAGE where the windows leave nothing to train on; SOUK_ENOTFOUND where
 * no window has a target (one without is left out, with a warning: `count` is then lower); what
 * reading returns; the same on every rank */
souk_status souk_validation_init_all(struct souk_validation *v, const struct souk_comm *comm,
                                     const struct souk_dataset *dataset,
                                     const struct souk_validation_rule *rule,
                                     struct souk_error *err) SOUK_MUST_CHECK;
void souk_validation_fini(struct souk_validation *v);

static inline int souk_validation_values(const struct souk_validation *v)
{
    return v->count * v->seeds;
}

/** Collective. Train and measure.
 *  @param values [souk_validation_values()], out: windows, and the seeds 1.. of each
 *  @return SOUK_OK, SOUK_ENUMERIC (the parameters do not work), SOUK_ENOMEM, SOUK_ECOMM */
souk_status souk_validation_measure_all(struct souk_validation *v,
                                        const struct souk_tunable *tunable,
                                        const struct souk_assignment *assignment, int epochs,
                                        double *values, struct souk_error *err) SOUK_MUST_CHECK;

#endif
