/** @file
 *  The options of souk-evaluate, parsed and checked against the dataset and the model.
 */
#ifndef SOUK_EVALUATE_EVALUATEOPTIONS_H
#define SOUK_EVALUATE_EVALUATEOPTIONS_H

#include "shared/base/options.h"
#include "shared/data/dataset.h"
#include "shared/model/modelfile.h"
#include "train/evaluate/cases.h"
#include "train/evaluate/metrics.h"
#include "train/evaluate/reorder.h"
#include "train/evaluate/scorer.h"
#include "train/evaluate/summary.h"
#include "train/track/track.h"

struct souk_evaluate_settings {
    struct souk_options *options; /**< owns the texts below */
    const char *dataset, *model;
    const char *rank_by; /**< an order's name */
    const char *against; /**< a model's path, or an order's name; NULL: none */
    const char *split, *until, *k;
    struct souk_question question;
    struct souk_cutoffs cutoffs;
    struct souk_bootstrap bootstrap;
    struct souk_reorder reorder;
    double mmr;
    int64_t replicates, seed;
    double min_confidence;
    int protocol, scope;
    bool has_curves;
    const char *report, *json, *recommendations, *targets, *per_user;
    struct souk_track_options tracking;
};

/** Parse the command line. @param done as for souk_options_parse()
 *  @param out free out->options with souk_options_free() */
souk_status souk_evaluate_parse(int argc, char **argv, bool speak, bool *done,
                                struct souk_evaluate_settings *out,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** Fill in the question from what dataset and model say, and refuse what does not fit together: a
 *  model of another dataset, a model that has seen the test window, a protocol without what it
 *  needs. */
souk_status souk_evaluate_resolve(struct souk_evaluate_settings *settings,
                                  const struct souk_dataset *dataset,
                                  const struct souk_model *model,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** What the model to compare with must be to be asked the same question. */
souk_status souk_evaluate_resolve_against(const struct souk_evaluate_settings *settings,
                                          const struct souk_dataset *dataset,
                                          const struct souk_model *other,
                                          struct souk_error *err) SOUK_MUST_CHECK;

#endif
