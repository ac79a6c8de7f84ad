/** @file
 *  RetailRocket's item properties: a change log of (timestamp, itemid, property, value) in files of
 *  any number, read by all ranks.
 *
 *  A row that repeats the value that the item's property already has says nothing new: it is
 * dropped and counted.
 */
#ifndef SOUK_INGEST_PROPERTIES_H
#define SOUK_INGEST_PROPERTIES_H

#include "shared/data/dataset.h"
#include "train/ingest/rejects.h"
#include "train/ingest/sidetable.h"

struct souk_property_log {
    struct souk_sidetable table;  /**< payload: time, property, value */
    struct souk_dictionary names; /**< of properties, as this rank met them */
    struct souk_rejects rejects;
    int32_t *code;         /**< [names], index into property_names */
    int name_count;        /**< of all ranks */
    char **property_names; /**< [name_count], ascending by bytes; the same on every rank */
    int64_t unchanged;     /**< rows dropped, on this rank */
};

/** Collective. Read the files; items that are new enter the dictionary.
 *  @param log empty with souk_property_log_fini(), also on failure */
souk_status souk_property_log_read_all(const struct souk_comm *comm, const char *const *files,
                                       int file_count, struct souk_dictionary *items,
                                       struct souk_property_log *log,
                                       struct souk_error *err) SOUK_MUST_CHECK;
void souk_property_log_fini(struct souk_property_log *log);

/** Collective: the rows of this rank's part of a round, sorted, without repetitions.
 *  @param items of the part; @param out owned by the caller (souk_dataset_part_fini frees it) */
souk_status souk_property_log_deliver_all(const struct souk_comm *comm,
                                          struct souk_property_log *log,
                                          const struct souk_numbering *n, int round, int64_t items,
                                          struct souk_properties *out,
                                          struct souk_error *err) SOUK_MUST_CHECK;

#endif
