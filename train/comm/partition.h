/** @file
 *  Which rank owns which rows: blocks of at most 256 rows of one part, spread by cost.
 *
 *      part        0                    1            2 ...
 *      block       0    1    2          3    4       5        256 rows each, the last of a part
 * fewer owner       r0   r2   r1         r0   r1      r2       costliest first, to the least loaded
 *
 *  A rank's local rows are those of its blocks, in ascending order. All ranks hold the same table.
 */
#ifndef SOUK_COMM_PARTITION_H
#define SOUK_COMM_PARTITION_H

#include "train/comm/comm.h"

enum { SOUK_BLOCK_ROWS = 256 };

/** By cost in production; the others put work where no one would, for tests. */
enum souk_partition_rule { SOUK_PARTITION_COST, SOUK_PARTITION_LOPSIDED, SOUK_PARTITION_IDLE_RANK };

struct souk_partition {
    int parts;
    const int64_t *first; /**< [parts + 1], borrowed */
    int64_t blocks;
    int64_t *part_block;  /**< [parts + 1], first block of each part */
    int64_t *block_row;   /**< [blocks + 1], first row of each block */
    int32_t *owner;       /**< [blocks] */
    int64_t *local_start; /**< [blocks], first local row at the owner */
    int64_t owned;        /**< blocks of this rank */
    int64_t *owned_block; /**< [owned], ascending */
    int64_t local_rows;   /**< of this rank */
    double imbalance;     /**< largest load / mean load */
};

/** Not collective, but all ranks must pass the same. Makes the blocks; nobody owns them yet. */
souk_status souk_partition_init(struct souk_partition *p, const int64_t *first, int parts,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** Give blocks to ranks. Not collective, but all ranks must pass the same.
 *  @param cost [blocks], >= 0 */
souk_status souk_partition_assign(struct souk_partition *p, const struct souk_comm *comm,
                                  const int64_t *cost, enum souk_partition_rule rule,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_partition_fini(struct souk_partition *p);

/** Largest load / mean load. @param cost [blocks] */
double souk_partition_imbalance(const struct souk_partition *p, int ranks, const int64_t *cost);

/** The block of a global row. */
int64_t souk_partition_block(const struct souk_partition *p, int64_t row);

/** The part of a block. */
int souk_partition_part(const struct souk_partition *p, int64_t block);

/** Local row at its owner. */
static inline int64_t souk_partition_local(const struct souk_partition *p, int64_t block,
                                           int64_t row)
{
    return p->local_start[block] + row - p->block_row[block];
}

#endif
