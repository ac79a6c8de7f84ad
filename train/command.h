/** @file
 *  A subcommand of souk-train. souk_train.c lists them all.
 */
#ifndef SOUK_TRAIN_COMMAND_H
#define SOUK_TRAIN_COMMAND_H

#include "train/comm/comm.h"

struct souk_command {
    const char *name;    /**< "als" */
    const char *summary; /**< one line of `souk-train --help` */
    /** Collective. argv[0] is "souk-train NAME". Returns the same status on every rank. */
    souk_status (*run)(struct souk_comm *comm, int argc, char **argv, struct souk_error *err);
};

extern const struct souk_command souk_command_all;
extern const struct souk_command souk_command_als;
extern const struct souk_command souk_command_category;
extern const struct souk_command souk_command_content;
extern const struct souk_command souk_command_covisit;
extern const struct souk_command souk_command_ease;
extern const struct souk_command souk_command_logistic;
extern const struct souk_command souk_command_popular;
extern const struct souk_command souk_command_ranker;
extern const struct souk_command souk_command_svd;

#endif
