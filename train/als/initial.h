/** @file
 *  Initial factors: a function of (seed, id), whoever owns the row.
 */
#ifndef SOUK_ALS_INITIAL_H
#define SOUK_ALS_INITIAL_H

#include "train/als/als.h"

/** Collective. The owners learn the hash of each of their rows' ids from the rank of its part.
 *  ials: normal with deviation .1 / sqrt(factors); implicit: uniform in [0, .01). */
souk_status souk_initial_factors_all(const struct souk_comm *comm,
                                     const struct souk_ratings *ratings, enum souk_side_kind kind,
                                     const struct souk_als_parameters *parameters,
                                     struct souk_side *side,
                                     struct souk_error *err) SOUK_MUST_CHECK;

#endif
