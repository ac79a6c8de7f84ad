/** @file
 *  The parts of a dataset, each written by the rank that owns it.
 */
#ifndef SOUK_INGEST_DATASETWRITER_H
#define SOUK_INGEST_DATASETWRITER_H

#include "shared/data/dataset.h"
#include "train/comm/comm.h"
#include "train/ingest/attributes.h"
#include "train/ingest/categorycoverage.h"
#include "train/ingest/numbering.h"
#include "train/ingest/placement.h"
#include "train/ingest/properties.h"

/** What goes into the parts; all borrowed. */
struct souk_dataset_content {
    const struct souk_numbering *users, *items;
    const struct souk_placement *placement;
    const struct souk_attribute_table *item_table, *user_table; /**< NULL: none */
    struct souk_property_log *properties;                       /**< NULL: none */
    struct souk_category_tally *tally; /**< items by category, counted on the way; NULL: not */
};

/** Collective. Write every part into the staging folder, in rounds of one part per rank.
 *  @param d  has_values, has_orders, session_gap_ms and id_width are read; files is filled in on
 *            every rank
 *  @return SOUK_OK, SOUK_EIO, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_dataset_write_parts_all(const struct souk_comm *comm, const char *folder,
                                         const struct souk_dataset_content *content,
                                         struct souk_dataset *d,
                                         struct souk_error *err) SOUK_MUST_CHECK;

#endif
