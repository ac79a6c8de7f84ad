/** @file
 *  In which order a rank solves its rows: batches whose needed rows fit in memory, and within a
 *  batch the rows first that need nothing of the later chunks of the exchange.
 *
 *      local rows   [ batch 0            | batch 1            | ... ]      contiguous
 *      order        [ chunk 0 | chunk 1  | chunk 0 | chunk 1  | ... ]      rows of a batch by the
 *                                                                          last chunk they need
 *  One batch is the rule; more than one is --memory-limit's doing. All ranks have as many batches,
 *  some perhaps empty ones. A row's arithmetic does not depend on when it is solved.
 */
#ifndef SOUK_ALS_SCHEDULE_H
#define SOUK_ALS_SCHEDULE_H

#include "train/als/pairs.h"
#include "train/comm/ghostlist.h"

struct souk_schedule {
    int batches, chunks;
    int64_t *batch_row; /**< [batches + 1], first local row */
    int64_t *order;     /**< [local rows] */
    int64_t *ready;     /**< [batches x chunks + 1], into order */
};

/** Rows that fit, or: all. */
#define SOUK_SCHEDULE_UNLIMITED INT64_MAX

/** Collective. Cut the local rows into batches.
 *  @param pairs by local row: row r has pairs[offsets[r] .. offsets[r + 1])
 *  @param columns partition of the other side
 *  @param fit rows that a batch may need, own rows of the other side included
 *  @param elsewhere rows of other ranks that all batches together need; out where `fit` is a limit
 *  @param longest the most rows that one row needs on any rank; out where `fit` is a limit
 *  @return SOUK_OK, SOUK_ENOMEM; SOUK_ELIMIT where *longest is more than fit */
souk_status souk_schedule_init_all(struct souk_schedule *s, const struct souk_comm *comm,
                                   const struct souk_pair *pairs, const int64_t *offsets,
                                   int64_t rows, const struct souk_partition *columns, int chunks,
                                   int64_t fit, int64_t *elsewhere, int64_t *longest,
                                   struct souk_error *err) SOUK_MUST_CHECK;
void souk_schedule_fini(struct souk_schedule *s);

/** The columns that pairs name, each once. @param rows owned by the caller, free()
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_schedule_needed(const struct souk_pair *pairs, int64_t count, int64_t all_rows,
                                 struct souk_neededrow **rows, int64_t *distinct) SOUK_MUST_CHECK;

/** Order the rows of a batch. @param offsets [local rows + 1], @param column [pairs] of the node's
 *  matrix */
void souk_schedule_order(struct souk_schedule *s, int batch, const int64_t *offsets,
                         const int32_t *column, const struct souk_ghostlist *list);

#endif
