/** @file
 *  L-BFGS with a strong Wolfe line search (Nocedal and Wright, Numerical Optimization, 2nd ed.,
 *  algorithms 7.4, 7.5, 3.5 and 3.6), for smooth convex functions whose sums are spread over ranks.
 *
 *  Every rank holds the whole of x and does the same arithmetic on it. Where evaluate_all() returns
 *  the same bits on every rank, all take the same path, and nothing else is sent.
 */
#ifndef SOUK_LOGISTIC_LBFGS_H
#define SOUK_LOGISTIC_LBFGS_H

#include "train/comm/comm.h"

#include <stdbool.h>

struct souk_lbfgs_problem {
    int n;
    void *context;
    /** Collective where the sums are. @param x [n]; @param gradient [n], written */
    souk_status (*evaluate_all)(void *context, const double *x, double *value, double *gradient,
                                struct souk_error *err);
};

struct souk_lbfgs_options {
    int history;      /**< pairs kept, >= 1 */
    int iterations;   /**< at most, >= 0 */
    double tolerance; /**< stops where max |g| <= tolerance * max(1, max |g| at the start) */
};

struct souk_lbfgs_result {
    double value;    /**< at x */
    double slope;    /**< max |g| at x */
    int iterations;  /**< steps taken */
    int evaluations; /**< of value and gradient */
    bool converged;  /**< false: out of iterations, or no step lowers the value any more */
};

/** Collective.
 *  @param x [n]: where to start; receives the best point
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ENUMERIC (a value or slope that is not finite at the start),
 *          or what evaluate_all() returns; the same on every rank */
souk_status souk_lbfgs_minimize_all(const struct souk_comm *comm,
                                    const struct souk_lbfgs_problem *problem,
                                    const struct souk_lbfgs_options *options, double *x,
                                    struct souk_lbfgs_result *result,
                                    struct souk_error *err) SOUK_MUST_CHECK;

#endif
