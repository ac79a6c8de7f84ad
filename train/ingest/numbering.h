/** @file
 *  From the ranks' dictionaries to global rows.
 *
 *      rank 0: "b" "a" "c"      each id goes once to the rank that      part 0: "a"        row 0
 *      rank 1: "d" "a"     -->  owns its part (souk_part_of,       -->  part 1: "b" "d"    rows 1,
 * 2 souk_part_rank); that rank sorts        part 2: "c"        row 3 the part and sends the rows
 * back
 *
 *  The rows do not depend on the number of ranks.
 */
#ifndef SOUK_INGEST_NUMBERING_H
#define SOUK_INGEST_NUMBERING_H

#include "shared/data/idtable.h"
#include "train/comm/comm.h"
#include "train/ingest/dictionary.h"

#include <stdint.h>

struct souk_numbering {
    int parts;
    souk_gidx *first;            /**< [parts + 1], first global row of each part */
    souk_gidx *row;              /**< [dictionary's count], global row of a local index */
    struct souk_idtable *tables; /**< [parts], ids by row; empty for parts of other ranks */
    int64_t *owned_first;        /**< [parts], rows of the same rank's parts before this one: a rank
                                      counts the rows that it owns 0, 1, ... across its parts */
    int64_t owned_count;         /**< rows that this rank owns */
    int longest;                 /**< bytes of the longest id over all ranks */
};

/** Collective; parts agrees on all ranks. Ids with which a rank has no event may be in d, too: they
 *  get rows like any other.
 *  @param n owned by the caller, empty with souk_numbering_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_numbering_make_all(const struct souk_comm *comm, const struct souk_dictionary *d,
                                    int parts, struct souk_numbering *n,
                                    struct souk_error *err) SOUK_MUST_CHECK;
/** Safe on a zeroed struct. */
void souk_numbering_fini(struct souk_numbering *n);

/** The part of a global row, by binary search over n->first. */
int souk_numbering_part(const struct souk_numbering *n, souk_gidx row);

/** How the rank that owns this part counts one of its rows. */
static inline int64_t souk_numbering_owned(const struct souk_numbering *n, int part, souk_gidx row)
{
    return n->owned_first[part] + (row - n->first[part]);
}

#endif
