/** @file
 *  What sorts the items of a dataset into few values: the levels of a two-stage model
 *  (shared/model/levels.h), as of its cut.
 *
 *      category         the item's own in the category tree
 *      category_1, _2   the one above it at depth 1 and 2, or its own where that is not so deep
 *      department ...   attributes of the catalogue
 *
 *  An attribute is a level where it has 2 to 65,536 values, each of 4 items on average, and, if of
 *  numbers, whole ones only. Of more than SOUK_LEVELS_MAX those that most items have are taken, the
 *  tree's before them. Attributes carry no time; categories are those that hold at the cut.
 */
#ifndef SOUK_CATEGORY_ITEMLEVELS_H
#define SOUK_CATEGORY_ITEMLEVELS_H

#include "shared/model/levels.h"
#include "train/comm/comm.h"
#include "train/comm/ratings.h"

/** Which levels a model has. */
struct souk_level_names {
    int count;
    char name[SOUK_LEVELS_MAX][SOUK_LEVEL_NAME_BYTES + 1];
};

/** Collective. The same table on every rank; 8 bytes for each item and attribute of the own parts
 *  meanwhile.
 *  @param like have the levels of these, in their order, whatever the items of this cut say of
 * them: models of several cuts whose features are to be the same. NULL: what the items say
 *  @param out empty with souk_levels_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM, what reading a part returns; the same on every rank */
souk_status souk_item_levels_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                 const struct souk_ratings *ratings,
                                 const struct souk_level_names *like, struct souk_levels *out,
                                 struct souk_error *err) SOUK_MUST_CHECK;

#endif
