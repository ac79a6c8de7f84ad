/** @file
 *  Tree-structured Parzen estimator (Bergstra et al. 2011), with product kernels over all
 *  dimensions as in BOHB (Falkner et al. 2018).
 *
 *      l  density of the best observations         propose the candidate, of 32 drawn from l,
 *      g  density of the others, and of the points       where l / g is largest
 *         that are under way (so that the trials of a batch differ)
 */
#ifndef SOUK_TUNE_TPE_H
#define SOUK_TUNE_TPE_H

#include "train/tune/sampler.h"

enum { SOUK_TPE_STARTUP = 10 }; /**< observations with a value before the estimator is used */

bool souk_tpe_is_ready(const struct souk_observations *seen);

/** As souk_sampler_propose(). */
souk_status souk_tpe_propose(const struct souk_space *space, const struct souk_observations *seen,
                             uint64_t seed, int64_t trial, double *point,
                             struct souk_error *err) SOUK_MUST_CHECK;

#endif
