/** @file
 *  The options of souk-train als.
 */
#ifndef SOUK_ALS_ALSOPTIONS_H
#define SOUK_ALS_ALSOPTIONS_H

#include "shared/base/options.h"
#include "train/als/als.h"
#include "train/als/pairweight.h"
#include "train/comm/checkpointplan.h"
#include "train/comm/trainoptions.h"
#include "train/track/track.h"

struct souk_als_options {
    struct souk_options *parsed; /**< owns the texts */
    struct souk_train_options train;
    struct souk_checkpoint_options checkpoint;
    struct souk_track_options tracking;
    int64_t factors, epochs, seed, cg_steps, block, threads, popularity_half_life_ms, half_life_ms;
    int64_t chunks, ranks_per_node, memory_limit;
    int objective, solver, partition, shared_memory, wire, rating;
    const char *scratch;
    bool rebalance;
    double alpha, offset, regularization, alpha0, lambda, nu, power;
    double rating_regularization, validation_share;
    const char *init_from;
};

/** Parse the command line, and refuse options that do not go together. @param done as for
 *  souk_options_parse()
 *  @param o zeroed; free o->parsed with souk_options_free(), also after a failure
 *  @return SOUK_OK, SOUK_EUSAGE, SOUK_ENOMEM, and what reading --config returns */
souk_status souk_als_options_parse(int argc, char **argv, bool speak, bool *done,
                                   struct souk_als_options *o,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Not resolved (alsmodel.h). Texts are borrowed. */
struct souk_als_parameters souk_als_options_parameters(const struct souk_als_options *o);

struct souk_pairweight_rule souk_als_options_pairweight(const struct souk_als_options *o);

#endif
