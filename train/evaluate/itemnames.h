/** @file
 *  Ids of dataset items whose rows a rank met in its events, from the ranks that read their parts.
 */
#ifndef SOUK_EVALUATE_ITEMNAMES_H
#define SOUK_EVALUATE_ITEMNAMES_H

#include "shared/data/dataset.h"
#include "train/comm/comm.h"

#include <stdint.h>

/** Collective.
 *  @param items [rounds] item ids of the parts on duty; an empty table where there was none
 *  @param rows  [count] global item rows, ascending
 *  @param out   [count] their ids in the same order; free with souk_idtable_fini(); zeroed on
 * failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_item_names_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                const struct souk_idtable *items, const int64_t *rows,
                                int64_t count, struct souk_idtable *out,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
