/** @file
 *  What a subcommand of souk-train trains on: the dataset that its options name, and the ratings
 *  that they leave of it.
 */
#ifndef SOUK_COMM_TRAINSET_H
#define SOUK_COMM_TRAINSET_H

#include "train/comm/trainoptions.h"

struct souk_trainset {
    struct souk_dataset *dataset;
    struct souk_ratings ratings;
};

/** Collective.
 *  @param weighting NULL: the dataset's own
 *  @param out empty with souk_trainset_fini(), also after a failure
 *  @return SOUK_OK, SOUK_EUSAGE (a time that is none, an empty window, ratings that the dataset has
 *          not), and what opening and souk_ratings_load_all() return; the same on every rank */
souk_status souk_trainset_load_all(const struct souk_comm *comm,
                                   const struct souk_train_options *options,
                                   const enum souk_weighting *weighting, struct souk_trainset *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;
void souk_trainset_fini(struct souk_trainset *set);

#endif
