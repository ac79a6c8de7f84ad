/** @file
 *  What is known of an item's category at a model's cut: two columns for each level
 *  (shared/model/levels.h), beside those of itemfacts.h.
 *
 *      LEVEL.users_28d   users of the items with the item's value, half-life 28 days; pairs count
 *      LEVEL.share_56d   the item's users_56d over those of all items with its value
 *
 *  NaN where the item's value is not known, or 0 is divided by 0.
 */
#ifndef SOUK_TWOSTAGE_LEVELFACTS_H
#define SOUK_TWOSTAGE_LEVELFACTS_H

#include "shared/model/levels.h"
#include "train/comm/comm.h"
#include "train/comm/ratings.h"

enum { SOUK_LEVEL_FACTS = 2 }; /**< columns of a level */

/** Name of a level's column: "department.share_56d". @param name [size] */
void souk_level_facts_name(const struct souk_levels *levels, int level, int fact, char *name,
                           size_t size);

/** Collective. Add the columns of all levels behind those that there are.
 *  @param columns [local_count] of [souk_item_facts_count() x items of the part], as
 *         souk_item_facts_all() left them; they grow
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_level_facts_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                 const struct souk_levels *levels, float **columns,
                                 struct souk_error *err) SOUK_MUST_CHECK;

#endif
