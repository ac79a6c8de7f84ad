/** @file
 *  What is known of items (or users) beside their events, on its way from the rank that read it to
 *  the rank that writes the part of its id.
 *
 *      read      (local id index, payload bytes) in the order of the file
 *      deliver   part by part, when ids are numbered: each round one part per rank, so that memory
 *                holds what was read and one part of what was delivered
 *
 *  Within a part rows arrive in the order of the files, whatever the ranks: ranks read ascending
 *  ranges.
 */
#ifndef SOUK_INGEST_SIDETABLE_H
#define SOUK_INGEST_SIDETABLE_H

#include "train/comm/comm.h"
#include "train/ingest/numbering.h"

#include <stddef.h>
#include <stdint.h>

struct souk_sidetable {
    size_t count, id_cap, offset_cap, byte_cap;
    souk_lidx *id;    /**< [count], index in the ids' dictionary */
    uint64_t *offset; /**< [count + 1] into bytes */
    char *bytes;
    uint32_t *order;      /**< [count], rows by part; after souk_sidetable_sort() */
    uint64_t *part_first; /**< [parts + 1] into order */
};

/** Add a row: its payload is head then tail. @return SOUK_OK, SOUK_ELIMIT, SOUK_ENOMEM */
souk_status souk_sidetable_add(struct souk_sidetable *t, souk_lidx id, const void *head,
                               size_t head_len, const void *tail, size_t tail_len,
                               struct souk_error *err) SOUK_MUST_CHECK;
/** Safe on a zeroed struct. */
void souk_sidetable_fini(struct souk_sidetable *t);

/** Group rows by part, once the ids have their rows. */
souk_status souk_sidetable_sort(struct souk_sidetable *t, const struct souk_numbering *n,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** The rows of one part. */
struct souk_parcel {
    int64_t count;
    int64_t *row;         /**< [count], row within the part */
    const char **payload; /**< [count] */
    uint32_t *len;        /**< [count] */
    void *bytes;          /**< private */
};

/** Collective. Deliver, in round k, part k * size + rank to each rank (parts beyond the last:
 * none).
 *  @param out owned by the caller, empty with souk_parcel_fini() */
souk_status souk_sidetable_deliver_all(const struct souk_comm *comm, const struct souk_sidetable *t,
                                       const struct souk_numbering *n, int round,
                                       struct souk_parcel *out,
                                       struct souk_error *err) SOUK_MUST_CHECK;
void souk_parcel_fini(struct souk_parcel *p);

#endif
