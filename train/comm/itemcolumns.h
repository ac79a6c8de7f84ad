/** @file
 *  What is said of items beside their scores: the columns of a model's parts that answers tell and
 *  filters go by.
 *
 *      columns   COLUMN or COLUMN=SOURCE, ...   a source is a property of the change log, with its
 *                                               latest value before the cut, or an attribute of the
 *                                               catalogue
 *
 *  The columns `price` and `available` (in any case) are numbers, others what their source is:
 *  `n12340.000` is 12340, yes and true are 1. What is no number there is missing, and so is a value
 *  that is no UTF-8, or with which the item would have more than SOUK_ITEM_BYTES_MAX.
 */
#ifndef SOUK_COMM_ITEMCOLUMNS_H
#define SOUK_COMM_ITEMCOLUMNS_H

#include "shared/data/dataset.h"

/** What is taken by default: all attributes, and the properties that are named available, price,
 *  title, name, brand, image or url in any case; of RetailRocket's format 790 as the price. */
#define SOUK_ITEM_COLUMNS_DEFAULT "auto"

/** The columns of a part.
 *  @param part with items, attributes and properties read up to the cut
 *  @param wanted "COLUMN=SOURCE,...", "auto" or "none"; NULL: none
 *  @param out [items] each; empty with souk_attributes_fini(), also on failure
 *  @return SOUK_OK, SOUK_EUSAGE (a source that the dataset has not, a column that comes twice, too
 *          many), SOUK_ENOMEM */
souk_status souk_item_columns(const struct souk_dataset *dataset,
                              const struct souk_dataset_part *part, const char *wanted,
                              struct souk_attributes *out, struct souk_error *err) SOUK_MUST_CHECK;

#endif
