/** @file
 *  The options of souk-tune.
 */
#ifndef SOUK_TUNE_TUNEOPTIONS_H
#define SOUK_TUNE_TUNEOPTIONS_H

#include "shared/base/options.h"
#include "train/comm/trainoptions.h"
#include "train/track/track.h"
#include "train/tune/validation.h"

struct souk_tune_options {
    struct souk_options *parsed;     /**< owns the texts */
    struct souk_train_options train; /**< out: the file of the best */
    struct souk_track_options tracking;
    int model, sampler;
    const char *objective, *space, *json, *journal;
    int64_t trials, seed, batch, eta, min_epochs, validation_ms, windows, model_seeds;
    int64_t ranks_per_trial, threads;
    bool halving, resume;
    struct souk_goal goal; /**< objective and discovery */
};

/** Parse the command line. @param done as for souk_options_parse()
 *  @param out free out->parsed with souk_options_free() */
souk_status souk_tune_parse(int argc, char **argv, bool speak, bool *done,
                            struct souk_tune_options *out, struct souk_error *err) SOUK_MUST_CHECK;

#endif
