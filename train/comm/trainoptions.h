/** @file
 *  Options that every subcommand of souk-train takes: what to train on, and where the model goes.
 */
#ifndef SOUK_COMM_TRAINOPTIONS_H
#define SOUK_COMM_TRAINOPTIONS_H

#include "shared/base/options.h"
#include "train/comm/itemcolumns.h"
#include "train/comm/ratings.h"

#include <stdint.h>

/** Targets of the rows below; plain data. */
struct souk_train_options {
    const char *dataset, *out;
    const char *from, *until;
    const char *event_weights, *item_columns;
    int64_t min_user_items, min_item_users;
    int64_t leave_out;
    double holdout, hide_items, hide_users;
    int64_t hide_seed;
};

/** Rows for the start of a subcommand's table. @param o a struct souk_train_options lvalue */
#define SOUK_TRAIN_OPTION_ROWS(o)                                                                  \
    {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "data", false},                        \
        {"dataset",                                                                                \
         0,                                                                                        \
         SOUK_OPTION_TEXT,                                                                         \
         &(o).dataset,                                                                             \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "DIR",                                                                                    \
         "dataset that souk-ingest made",                                                          \
         true},                                                                                    \
        {"out",                                                                                    \
         'o',                                                                                      \
         SOUK_OPTION_TEXT,                                                                         \
         &(o).out,                                                                                 \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "DIR",                                                                                    \
         "model to write; an older model of this name is replaced",                                \
         true},                                                                                    \
        {"from",                                                                                   \
         0,                                                                                        \
         SOUK_OPTION_TEXT,                                                                         \
         &(o).from,                                                                                \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "TIME",                                                                                   \
         "train on events from here on (default: the first)",                                      \
         false},                                                                                   \
        {"until",                                                                                  \
         0,                                                                                        \
         SOUK_OPTION_TEXT,                                                                         \
         &(o).until,                                                                               \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "TIME|none",                                                                              \
         "train on events before this (default: the dataset's split; none: all events)",           \
         false},                                                                                   \
        {"event-weights",                                                                          \
         0,                                                                                        \
         SOUK_OPTION_TEXT,                                                                         \
         &(o).event_weights,                                                                       \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "NAME=W,...",                                                                             \
         "what an event of each type is worth; 0: it does not count",                              \
         false},                                                                                   \
        {"item-columns",                                                                           \
         0,                                                                                        \
         SOUK_OPTION_TEXT,                                                                         \
         &(o).item_columns,                                                                        \
         SOUK_ITEM_COLUMNS_DEFAULT,                                                                \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "COLUMN[=SOURCE],...|auto|none",                                                          \
         "what answers tell of items and filters go by: attributes and properties (auto: all "     \
         "attributes; properties named available, price, title, name, brand, image, url)",         \
         false},                                                                                   \
        {"min-user-items",                                                                         \
         0,                                                                                        \
         SOUK_OPTION_INT,                                                                          \
         &(o).min_user_items,                                                                      \
         "1",                                                                                      \
         1,                                                                                        \
         1e9,                                                                                      \
         NULL,                                                                                     \
         "N",                                                                                      \
         "leave out users with fewer items",                                                       \
         false},                                                                                   \
        {"min-item-users",                                                                         \
         0,                                                                                        \
         SOUK_OPTION_INT,                                                                          \
         &(o).min_item_users,                                                                      \
         "1",                                                                                      \
         1,                                                                                        \
         1e9,                                                                                      \
         NULL,                                                                                     \
         "N",                                                                                      \
         "leave out items with fewer users",                                                       \
         false},                                                                                   \
        {"holdout",                                                                                \
         0,                                                                                        \
         SOUK_OPTION_REAL,                                                                         \
         &(o).holdout,                                                                             \
         "0",                                                                                      \
         0,                                                                                        \
         .99,                                                                                      \
         NULL,                                                                                     \
         "SHARE",                                                                                  \
         "leave out the last share of each user's events, for souk-evaluate --protocol per-user",  \
         false},                                                                                   \
        {"leave-out",                                                                              \
         0,                                                                                        \
         SOUK_OPTION_INT,                                                                          \
         &(o).leave_out,                                                                           \
         "0",                                                                                      \
         0,                                                                                        \
         1000,                                                                                     \
         NULL,                                                                                     \
         "N",                                                                                      \
         "leave out each user's Nth latest wanted item with all its events, for souk-evaluate "    \
         "--protocol leave-one-out",                                                               \
         false},                                                                                   \
        {"hide-users",                                                                             \
         0,                                                                                        \
         SOUK_OPTION_REAL,                                                                         \
         &(o).hide_users,                                                                          \
         "0",                                                                                      \
         0,                                                                                        \
         .99,                                                                                      \
         NULL,                                                                                     \
         "SHARE",                                                                                  \
         "leave out this share of the users, for souk-evaluate --protocol strong",                 \
         false},                                                                                   \
        {"hide-items",                                                                             \
         0,                                                                                        \
         SOUK_OPTION_REAL,                                                                         \
         &(o).hide_items,                                                                          \
         "0",                                                                                      \
         0,                                                                                        \
         .99,                                                                                      \
         NULL,                                                                                     \
         "SHARE",                                                                                  \
         "leave out the events of this share of the items, for souk-evaluate --protocol "          \
         "item-holdout",                                                                           \
         false},                                                                                   \
    {                                                                                              \
        "hide-seed", 0, SOUK_OPTION_INT, &(o).hide_seed, "1", 0, 1e15, NULL, "N",                  \
            "chooses the hidden users and items", false                                            \
    }

/** The rule that the options ask for. Texts are borrowed from them.
 *  @return SOUK_OK, SOUK_EUSAGE (a time that is none, an empty window) */
souk_status souk_train_rule(const struct souk_train_options *o, const struct souk_dataset *dataset,
                            struct souk_ratings_rule *rule, struct souk_error *err) SOUK_MUST_CHECK;

/** The options that make the model, for its manifest: all but where files are and when the state is
 * saved, so that a model's id does not depend on its place, or on an interruption. @param json
 * owned by the caller, free()
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_train_parameters(const struct souk_options *options, char **json,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
