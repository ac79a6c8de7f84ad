/** @file
 *  A permutation of all rows of a ranking table, whichever ranks hold them.
 *
 *      canonical row = rows of the groups with lower numbers + place in the group
 *      canonical row c  --(a bijection that is a function of the seed)-->  target row
 *
 *  Nothing is sorted or drawn in turn: a rank computes where each of its values goes, and sends it
 *  there. Who receives what depends on the seed and the table, not on ranks.
 */
#ifndef SOUK_RANKER_ROWPERMUTATION_H
#define SOUK_RANKER_ROWPERMUTATION_H

#include "train/ranker/rankdata.h"

/** Where a group's rows are. */
struct souk_rowplace {
    int64_t number; /**< of the group, global */
    int64_t rows;
    int64_t row;   /**< its first one, at its rank */
    int64_t first; /**< its first one, canonical */
    int32_t rank, unused;
};

struct souk_rowpermutation {
    const struct souk_comm *comm;
    const struct souk_rankdata *data;
    int64_t total, groups;       /**< of all ranks */
    struct souk_rowplace *place; /**< [groups], by number */
    int64_t *canonical;          /**< [rows of this rank] */
};

/** Collective. Holds 40 bytes for each group of all ranks, and 8 for each row of this rank.
 *  @param data borrowed, as is comm
 *  @param p souk_rowpermutation_fini() it, also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_rowpermutation_init_all(struct souk_rowpermutation *p,
                                         const struct souk_comm *comm,
                                         const struct souk_rankdata *data,
                                         const struct souk_rankdata_totals *totals,
                                         struct souk_error *err) SOUK_MUST_CHECK;
void souk_rowpermutation_fini(struct souk_rowpermutation *p);

/** Collective. The values of a feature, permuted over all rows.
 *  @param column [rows of this rank], written
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_rowpermutation_column_all(const struct souk_rowpermutation *p, int feature,
                                           uint64_t seed, float *column,
                                           struct souk_error *err) SOUK_MUST_CHECK;

/** The bijection of [0, total): a Feistel network of ten rounds over the next even number of bits,
 *  repeated until it lands inside (Black and Rogaway 2002, "cycle-walking").
 *  @param row 0 to total - 1 */
int64_t souk_rowpermutation_target(uint64_t seed, int64_t row, int64_t total);

#endif
