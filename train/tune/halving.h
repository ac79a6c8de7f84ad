/** @file
 *  Asynchronous successive halving (ASHA; Li et al. 2018), decided in batches: which trial goes on
 *  for how many epochs.
 *
 *      rung        0     1     2        a trial that is among the best 1 / eta of its rung goes on
 *      epochs      3     9    15        to the next; the last rung is the whole training
 *
 *  Without halving there is one rung, of as many epochs as the trial itself says. Decisions depend
 * on finished trials only. Not collective.
 */
#ifndef SOUK_TUNE_HALVING_H
#define SOUK_TUNE_HALVING_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_RUNGS_MAX = 16 };

struct souk_halving {
    int rungs, eta;
    int epochs[SOUK_RUNGS_MAX]; /**< [rungs]; 0: the trial's own */
};

struct souk_trial {
    double *point;                /**< [dimensions]; owned by the search */
    int started;                  /**< rungs that it was sent to */
    int finished;                 /**< rungs that it came back from */
    double value[SOUK_RUNGS_MAX]; /**< [finished]; NaN: it failed */
    int epochs;                   /**< of the last finished rung */
};

/** One rung that min_epochs times eta steps reach, up to max_epochs.
 *  @param enabled false: one rung, and the other arguments do not count
 *  @return SOUK_OK, SOUK_EUSAGE (min_epochs over max_epochs, too many rungs) */
souk_status souk_halving_init(struct souk_halving *h, bool enabled, int min_epochs, int max_epochs,
                              int eta, struct souk_error *err) SOUK_MUST_CHECK;

/** The trial to send to its next rung, from the top rung down, the best first.
 *  @param is_last no new trial will come: where no other has got there, the best of the highest
 *         rung goes on to the end
 *  @return -1: none */
int64_t souk_halving_promote(const struct souk_halving *h, const struct souk_trial *trials,
                             int64_t count, bool is_last);

/** The best trial of the highest rung that has a value: -1 where all failed. Ties go to the lower
 *  number. */
int64_t souk_halving_best(const struct souk_halving *h, const struct souk_trial *trials,
                          int64_t count);

#endif
