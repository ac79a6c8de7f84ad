/** @file
 *  The search itself: batches of trials, proposed from what the batches before found out, run side
 *  by side by groups of ranks.
 *
 *      batch    decide (halving, sampler)  ->  jobs         a function of finished batches only
 *      wave     one job for every group    ->  results      journal, progress, tracker
 *      ...
 *
 *  Nothing depends on the number of ranks or groups, or on time: a batch has a fixed size.
 */
#ifndef SOUK_TUNE_SEARCH_H
#define SOUK_TUNE_SEARCH_H

#include "train/tune/halving.h"
#include "train/tune/journal.h"
#include "train/tune/sampler.h"
#include "train/tune/validation.h"

enum { SOUK_BATCH_MAX = 1024 };

/** What one job led to; sent between ranks as it is. */
struct souk_result {
    int64_t trial;
    int rung, epochs;
    bool failed;       /**< the parameters do not work */
    bool is_from_disk; /**< looked up in the journal */
    double seconds;
    double values[SOUK_VALIDATIONS_MAX]; /**< [souk_validation_values()] */
    char reason[128];                    /**< of the failure */
};

/** All borrowed. */
struct souk_search_plan {
    const struct souk_comm *world;
    int group, groups; /**< of this rank; the groups' own communicators are the validations' */
    struct souk_validation *validation;
    const struct souk_tunable *tunable;
    const struct souk_sampler *sampler;
    const struct souk_halving *halving;
    int batch;
    struct souk_journal *journal; /**< of rank 0, else NULL */
    /** Told on rank 0 of every result; may be NULL. */
    void (*tell)(void *context, const struct souk_result *result,
                 const struct souk_assignment *assignment);
    void *context;
};

struct souk_search {
    const struct souk_space *space;
    int64_t limit, count; /**< trials that there may be, and that there are */
    int value_count;
    struct souk_trial *trials; /**< [count] */
    double *points;            /**< [limit x dimensions] */
    double *values;            /**< [limit x value_count], of each trial's last rung */
};

/** Collective. The same on every rank.
 *  @param out free with souk_search_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENUMERIC (every trial failed; the first one's reason), what training and
 *          evaluation return, SOUK_EINTEGRITY (the journal's trials are not this search's) */
souk_status souk_search_run_all(const struct souk_search_plan *plan, struct souk_search *out,
                                struct souk_error *err) SOUK_MUST_CHECK;
void souk_search_fini(struct souk_search *s);

/** What a trial set. */
void souk_search_assignment(const struct souk_search *s, int64_t trial,
                            struct souk_assignment *out);

/** Mean of the values of a trial's last rung; NaN: it failed. */
double souk_search_value(const struct souk_search *s, int64_t trial);

#endif
