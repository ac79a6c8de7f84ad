/** @file
 *  What a search says in the end: a table, JSON, and the configuration file of the best trial.
 *
 *  None of them holds a time, a path or a number of ranks: the same search gives the same bytes.
 */
#ifndef SOUK_TUNE_OUTCOME_H
#define SOUK_TUNE_OUTCOME_H

#include "train/tune/search.h"
#include "train/tune/tuneoptions.h"

#include <stdio.h>

struct souk_outcome {
    const struct souk_tune_options *options;
    const struct souk_search *search;
    const struct souk_validation *validation;
    int64_t best; /**< trial */
};

/** The best trials, best first. @return SOUK_OK, SOUK_EIO, SOUK_ENOMEM */
souk_status souk_outcome_print(const struct souk_outcome *o, FILE *f,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** Both appear by rename. @return SOUK_OK, SOUK_EIO, SOUK_ENOTFOUND, SOUK_EEXIST, SOUK_ENOMEM */
souk_status souk_outcome_write_json(const struct souk_outcome *o, const char *path,
                                    struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_outcome_write_config(const struct souk_outcome *o, const char *path,
                                      struct souk_error *err) SOUK_MUST_CHECK;

/** The text of that file. @return to be freed; NULL: no memory */
char *souk_outcome_config(const struct souk_outcome *o);

#endif
