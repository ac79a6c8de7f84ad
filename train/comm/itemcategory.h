/** @file
 *  The category of each item of a part: the latest value of the property `categoryid`, else the
 *  attribute `category` of the catalogue.
 */
#ifndef SOUK_COMM_ITEMCATEGORY_H
#define SOUK_COMM_ITEMCATEGORY_H

#include "shared/data/dataset.h"

/** @param part with items, attributes and properties read up to the stage's cut
 *  @param category [items] of indices into the dataset's categories, -1 unknown; owned by the
 * caller, free(); NULL where the dataset has no category tree
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_item_category(const struct souk_dataset *dataset,
                               const struct souk_dataset_part *part, int32_t **category,
                               struct souk_error *err) SOUK_MUST_CHECK;

#endif
