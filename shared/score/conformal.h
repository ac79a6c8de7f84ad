/** @file
 *  How sure a score is: split conformal prediction over the scores of items that were true.
 *
 *      confidence(s) = (1 + number of calibration scores <= s) / (n + 1)
 *
 *  Calibration holds the score of one true candidate for each of n users (Vovk, Gammerman, Shafer
 *  2005; split off from training as in Papadopoulos et al. 2002). When the next user's true item is
 *  exchangeable with those n, then
 *
 *      P(confidence(its score) <= alpha) <= alpha
 *
 *  so that keeping what is above min_confidence = alpha keeps it with probability 1 - alpha at
 *  least, ties of scores included. Over draws of the calibration the share that is kept follows
 *  Beta(n + 1 - k, k), k = floor(alpha (n + 1)), where scores are continuous. docs/confidence.md.
 */
#ifndef SOUK_SCORE_CONFORMAL_H
#define SOUK_SCORE_CONFORMAL_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_conformal {
    int64_t count;
    double *score; /**< [count], ascending */
};

/** @param score [count], finite, in any order; copied. 0 scores are allowed
 *  @return SOUK_OK, SOUK_EINVAL, SOUK_ENOMEM; on failure empty, souk_conformal_fini() is harmless
 */
souk_status souk_conformal_init(struct souk_conformal *c, const double *score, int64_t count,
                                struct souk_error *err) SOUK_MUST_CHECK;
void souk_conformal_fini(struct souk_conformal *c);

/** In [1 / (n + 1), 1], never falling with the score. Without calibration 1 always. */
double souk_conformal_confidence(const struct souk_conformal *c, double score);

/** Whether min_confidence = alpha promises anything: n + 1 >= 1 / alpha. With fewer points no item
 *  at all falls to alpha, everything is kept, and the answer says "not guaranteed". */
bool souk_conformal_is_guaranteed(const struct souk_conformal *c, double alpha);

/** The least score that is kept: confidence(s) > alpha if and only if s >= this.
 *  -INFINITY: everything is kept; INFINITY: nothing is */
double souk_conformal_threshold(const struct souk_conformal *c, double alpha);

#endif
