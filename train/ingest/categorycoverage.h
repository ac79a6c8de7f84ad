/** @file
 *  How much of the category tree the items use: each item counts with its latest `categoryid`.
 */
#ifndef SOUK_INGEST_CATEGORYCOVERAGE_H
#define SOUK_INGEST_CATEGORYCOVERAGE_H

#include "shared/data/category.h"
#include "shared/data/dataset.h"
#include "train/comm/comm.h"
#include "train/ingest/dictionary.h"

#include <stddef.h>
#include <stdint.h>

struct souk_category_coverage {
    int64_t categories, roots, max_depth; /**< of the tree */
    int64_t used;                         /**< categories that an item has */
    int64_t items;                        /**< items whose category is in the tree */
};

/** Items by their latest category, of the parts that this rank writes. */
struct souk_category_tally {
    struct souk_dictionary categories;
    int64_t *items; /**< [categories.count] */
    size_t cap;
};

/** @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_category_tally_init(struct souk_category_tally *t,
                                     struct souk_error *err) SOUK_MUST_CHECK;
/** Safe on a zeroed struct. */
void souk_category_tally_fini(struct souk_category_tally *t);

/** Add the items of one part.
 *  @param property index of `categoryid` in the property names
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT */
souk_status souk_category_tally_add(struct souk_category_tally *t, const struct souk_properties *p,
                                    int64_t items, int32_t property,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Compare all ranks' tallies with the tree.
 *  @param tree rank 0 has it; @param out filled in on rank 0, zeroed elsewhere
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_category_coverage_all(const struct souk_comm *comm,
                                       const struct souk_category_tally *t,
                                       const struct souk_categories *tree,
                                       struct souk_category_coverage *out,
                                       struct souk_error *err) SOUK_MUST_CHECK;

#endif
