/** @file
 *  Two answers to the same question, compared user by user: the paired bootstrap.
 *
 *      difference in replicate r = figure of A in r - figure of B in r
 *
 *  In a replicate a user weighs the same for both, since the weight is a function of (seed, user,
 *  replicate): what both find easy or hard cancels, and the interval is that of the difference.
 */
#ifndef SOUK_EVALUATE_AGAINST_H
#define SOUK_EVALUATE_AGAINST_H

#include "train/evaluate/metrics.h"
#include "train/evaluate/summary.h"

#include <stdbool.h>

struct souk_set_difference {
    bool is_paired; /**< both count as many users and targets; else not to be trusted */
    struct souk_figure *figures; /**< [cutoffs][SOUK_METRICS], A - B */
};

struct souk_against {
    struct souk_set_difference sets[SOUK_SETS_MAIN];
};

/** Both of the same cases, cutoffs and bootstrap.
 *  @param out free with souk_against_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_against_make(const struct souk_summary *a, const struct souk_summary *b,
                              const struct souk_cutoffs *cutoffs,
                              const struct souk_bootstrap *bootstrap, struct souk_against *out,
                              struct souk_error *err) SOUK_MUST_CHECK;
void souk_against_fini(struct souk_against *d);

#endif
