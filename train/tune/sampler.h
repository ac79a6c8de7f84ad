/** @file
 *  Which point of the unit cube a trial tries.
 *
 *  A proposal is a function of the seed, the trial's number and what was seen before its batch:
 *  neither of time nor of who runs the trial. Not collective.
 */
#ifndef SOUK_TUNE_SAMPLER_H
#define SOUK_TUNE_SAMPLER_H

#include "train/tune/space.h"

#include <stdint.h>

enum souk_sampler_kind {
    SOUK_SAMPLER_GRID,
    SOUK_SAMPLER_RANDOM,
    SOUK_SAMPLER_SOBOL,
    SOUK_SAMPLER_TPE,
};

struct souk_sampler {
    enum souk_sampler_kind kind;
    const struct souk_space *space; /**< borrowed */
    uint64_t seed;
    int64_t trials;                  /**< GRID: how many there may be */
    int levels[SOUK_DIMENSIONS_MAX]; /**< GRID, filled in by init */
};

/** Trials that are done or under way. */
struct souk_observations {
    int64_t count;
    const double *points; /**< [count x dimensions] */
    const double *values; /**< [count], higher is better; NaN: failed, or not known yet */
};

/** @param trials for a grid: the grid is the largest that this many trials cover
 *  @return SOUK_OK, SOUK_EUSAGE (too few trials for a grid) */
souk_status souk_sampler_init(struct souk_sampler *s, enum souk_sampler_kind kind,
                              const struct souk_space *space, uint64_t seed, int64_t trials,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** How many trials there are to run: `trials`, or the size of the grid. */
int64_t souk_sampler_trials(const struct souk_sampler *s);

/** @param trial from 0; @param point [dimensions], out, in [0, 1]
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_sampler_propose(const struct souk_sampler *s, const struct souk_observations *seen,
                                 int64_t trial, double *point,
                                 struct souk_error *err) SOUK_MUST_CHECK;

#endif
