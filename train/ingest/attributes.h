/** @file
 *  Attribute tables: a catalogue of items, demographics of users. CSV with a header; the first
 * column is the id, every other one becomes a typed attribute.
 *
 *  A column is a number where every value that is not empty reads as a finite one, else text. An id
 *  that comes twice keeps its first row. Ids without events are taken in.
 */
#ifndef SOUK_INGEST_ATTRIBUTES_H
#define SOUK_INGEST_ATTRIBUTES_H

#include "shared/data/csv.h"
#include "shared/data/dataset.h"
#include "train/ingest/rejects.h"
#include "train/ingest/sidetable.h"

struct souk_attribute_table {
    struct souk_sidetable
        table; /**< payload: for each column its length (uint32), then its bytes */
    struct souk_rejects rejects;
    const char *file;
    int count;                                          /**< columns without the id */
    struct souk_attribute columns[SOUK_CSV_FIELDS_MAX]; /**< names and types */
};

/** Collective. Read a table; ids that are new enter the dictionary.
 *  @param file borrowed while t lives
 *  @param t    empty with souk_attribute_table_fini(), also on failure */
souk_status souk_attribute_table_read_all(const struct souk_comm *comm, const char *file,
                                          char separator, struct souk_dictionary *ids,
                                          struct souk_attribute_table *t,
                                          struct souk_error *err) SOUK_MUST_CHECK;
void souk_attribute_table_fini(struct souk_attribute_table *t);

/** Collective: the columns of this rank's part of a round.
 *  @param rows of the part
 *  @param out  [t->count], owned by the caller (souk_dataset_part_fini frees it); NULL without rows
 *              in this round */
souk_status souk_attribute_table_deliver_all(const struct souk_comm *comm,
                                             const struct souk_attribute_table *t,
                                             const struct souk_numbering *n, int round,
                                             int64_t rows, struct souk_attribute **out,
                                             struct souk_error *err) SOUK_MUST_CHECK;

#endif
