/** @file
 *  The files of one run: operands, what lies beside them in a folder, and what flags name.
 */
#ifndef SOUK_INGEST_INPUTS_H
#define SOUK_INGEST_INPUTS_H

#include "shared/base/status.h"

#include <stddef.h>

struct souk_file_list {
    char **names;
    size_t count, cap;
};

struct souk_inputs {
    struct souk_file_list events;
    struct souk_file_list properties;
    char *category_tree; /**< NULL: none */
};

/** Add an operand: a file of events, or a folder in RetailRocket's names (events.csv, and where
 * they are there item_properties*.csv and category_tree.csv).
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EIO, SOUK_ENOMEM */
souk_status souk_inputs_add_operand(struct souk_inputs *in, const char *path,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Replace what was found by what a flag names: a list of files, separated by commas. */
souk_status souk_inputs_set_properties(struct souk_inputs *in, const char *list,
                                       struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_inputs_set_category_tree(struct souk_inputs *in, const char *path,
                                          struct souk_error *err) SOUK_MUST_CHECK;

/** Safe on a zeroed struct. */
void souk_inputs_fini(struct souk_inputs *in);

#endif
