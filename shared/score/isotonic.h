/** @file
 *  Scores as probabilities: the non-decreasing function that fits labels best.
 *
 *      value(score) = the f that minimises sum of weight * (label - f(score))^2, f non-decreasing
 *
 *  by pooling adjacent violators (Ayer et al. 1955; for probabilities, Zadrozny and Elkan 2002).
 *  Equal scores are pooled first and get one value. The fit is kept as knots: the first and the
 *  last score of each pool, with the pool's value. Between knots it is linear, beyond them
 *  constant, so that it is non-decreasing and continuous.
 */
#ifndef SOUK_SCORE_ISOTONIC_H
#define SOUK_SCORE_ISOTONIC_H

#include "shared/base/status.h"

#include <stdint.h>

struct souk_isotonic {
    int64_t count;
    double *score; /**< [count], of the knots, ascending, no two equal */
    double *value; /**< [count], not falling */
};

/** @param score  [count], finite; @param label [count], finite (0 and 1 give probabilities)
 *  @param weight [count], positive and finite; NULL: 1 each
 *  @return SOUK_OK, SOUK_EINVAL (no points, or one that is wrong), SOUK_ENOMEM; on failure empty,
 *          souk_isotonic_fini() is harmless */
souk_status souk_isotonic_fit(struct souk_isotonic *f, const double *score, const double *label,
                              const double *weight, int64_t count,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** Copy knots that were stored. @return SOUK_OK, SOUK_EFORMAT (not as above), SOUK_ENOMEM */
souk_status souk_isotonic_load(struct souk_isotonic *f, const double *score, const double *value,
                               int64_t count, struct souk_error *err) SOUK_MUST_CHECK;
void souk_isotonic_fini(struct souk_isotonic *f);

/** The value at a score; NaN without knots. */
double souk_isotonic_value(const struct souk_isotonic *f, double score);

#endif
