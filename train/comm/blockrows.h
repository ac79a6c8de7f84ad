/** @file
 *  Rows between their two homes: blocks at the ranks that compute them, parts at the ranks that
 * read and write them.
 *
 *      owner's matrix  [rows of its blocks, ascending x stride]     partition.h
 *             | collect                    ^ deal
 *             v                            |
 *      rows of each part  [rows of the part x stride]               souk_part_rank()
 */
#ifndef SOUK_COMM_BLOCKROWS_H
#define SOUK_COMM_BLOCKROWS_H

#include "train/comm/partition.h"

/** Collective. Bring own rows to the ranks of their parts.
 *  @param matrix [local rows x stride]
 *  @param rows   [parts], filled with [rows of the part x stride], aligned, for the parts of this
 *                rank and NULL for others; empty with souk_blockrows_free()
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_blockrows_collect_all(const struct souk_comm *comm,
                                       const struct souk_partition *partition, const float *matrix,
                                       int stride, float **rows,
                                       struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. The reverse: rows of this rank's parts to their owners.
 *  @param rows [parts], those of this rank's parts are read; @param matrix [local rows x stride] */
souk_status souk_blockrows_deal_all(const struct souk_comm *comm,
                                    const struct souk_partition *partition, float *const *rows,
                                    int stride, float *matrix,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Zeroed rows for the parts of this rank, NULL for others. @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_blockrows_alloc(const struct souk_comm *comm,
                                 const struct souk_partition *partition, int stride, float **rows,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** Free each part's rows, and leave NULL. @param rows [parts] or NULL */
void souk_blockrows_free(float **rows, int parts);

#endif
