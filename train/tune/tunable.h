/** @file
 *  What a search can tune: a model that trains in this process, told by its command line what to
 *  train. tunables.c lists them all.
 */
#ifndef SOUK_TUNE_TUNABLE_H
#define SOUK_TUNE_TUNABLE_H

#include "train/comm/modelwriter.h"
#include "train/comm/ratings.h"

#include <stddef.h>

/** A model in memory. */
struct souk_trained {
    const struct souk_model_content *content;
    void *model;
    void (*free_model)(void *model);
};

struct souk_tunable {
    const char *name; /**< "als" */

    /** The default search space for this data (space.h).
     *  @param span_ms     from the first event trained on to the last
     *  @param with_epochs whether the number of epochs is searched for as well */
    void (*write_space)(const struct souk_ratings *ratings, int64_t span_ms, bool with_epochs,
                        char *text, size_t size);

    /** Whether a command line is right, and the epochs that it asks for.
     *  @return SOUK_OK, SOUK_EUSAGE, and what reading SOUK_CONFIG returns */
    souk_status (*check)(int argc, char **argv, int *epochs, struct souk_error *err);

    /** Collective. Train what a command line that passed the check asks for.
     *  @param epochs instead of the command line's
     *  @param out    out->free_model(out->model) where that is set, also after a failure
     *  @return SOUK_OK, SOUK_ENUMERIC (these parameters do not work), SOUK_ENOMEM, SOUK_ECOMM */
    souk_status (*train_all)(const struct souk_comm *comm, const struct souk_ratings *ratings,
                             int argc, char **argv, int epochs, struct souk_trained *out,
                             struct souk_error *err);
};

/** "als|...", for --model. */
#define SOUK_TUNABLE_NAMES "als"
extern const struct souk_tunable *const souk_tunables[];

#endif
