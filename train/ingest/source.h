/** @file
 *  A rank's share of a CSV file, record by record.
 *
 *      file   | rank 0 ......|...... rank 1 ......|...... rank 2 |   cut at any byte
 *             ^header, record, rec|ord, record, rec|ord, ...
 *
 *  A record belongs to the range in which its first byte lies; the rank reads on past its range to
 *  the record's end. Where the first record of a range begins is exact for every input (csv.h).
 *  The file streams through one block of memory; a record may be as long as SOUK_RECORD_MAX_BYTES.
 */
#ifndef SOUK_INGEST_SOURCE_H
#define SOUK_INGEST_SOURCE_H

#include "shared/base/status.h"
#include "shared/data/csv.h"
#include "train/comm/comm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOUK_RECORD_MAX_BYTES = 16 << 20 };

struct souk_source {
    const char *path; /**< not owned */
    int fd;
    bool is_open;
    char separator;
    int64_t size_bytes;             /**< of the file */
    int64_t data_begin, data_line;  /**< where the first record behind the header begins */
    int64_t range_begin, range_end; /**< this rank's bytes of the records */
    int column_count;               /**< fields of the header, or of the first record without one */
    char **columns; /**< [column_count] names in the header; "1", "2", ... without one */

    char *block; /**< [block_size] bytes of the file */
    size_t block_size;
    int64_t block_offset; /**< of block[0] in the file */
    struct souk_csv csv;  /**< reads the block */
    bool done;            /**< the next record belongs to another rank, or there is none */
};

struct souk_record {
    struct souk_csv_field fields[SOUK_CSV_FIELDS_MAX]; /**< valid until the next record */
    int count; /**< SOUK_CSV_FIELDS_MAX + 1: more than that */
    bool open_quote;
    int64_t line; /**< of the record, counted from the range's first record: see close */
};

/** Collective. Open a file, read its header on every rank, find this rank's first record.
 *  @param path       borrowed while s lives
 *  @param has_header whether the first record names the columns
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EIO (not a regular file, unreadable), SOUK_EFORMAT (empty;
 *          a header that is binary or too long), SOUK_ENOMEM, SOUK_ECOMM; the same on every rank.
 *          On failure s is closed. */
souk_status souk_source_open_all(const struct souk_comm *comm, const char *path, char separator,
                                 bool has_header, struct souk_source *s,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** Index of a column by name (surrounding blanks do not count), -1 when there is none. */
int souk_source_column(const struct souk_source *s, const char *name);

/** Read the next record of this rank's range. Not collective.
 *  @param more false at the end of the range
 *  @return SOUK_OK, SOUK_EIO, SOUK_EFORMAT (a record over SOUK_RECORD_MAX_BYTES), SOUK_ENOMEM */
souk_status souk_source_next(struct souk_source *s, struct souk_record *record, bool *more,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** Bytes of the range that were read, for progress. */
int64_t souk_source_progress(const struct souk_source *s);

/** Collective, after all records were read (or reading failed somewhere: the lines are then of no
 *  use). Global line = record's line + *line_base. */
souk_status souk_source_close_all(const struct souk_comm *comm, struct souk_source *s,
                                  int64_t *line_base, struct souk_error *err) SOUK_MUST_CHECK;

/** Close without the others, where opening or reading failed. Safe on a zeroed struct. */
void souk_source_fini(struct souk_source *s);

#endif
