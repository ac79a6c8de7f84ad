/** @file
 *  Observed pairs on their way from the ranks of their parts to the owners of their rows.
 */
#ifndef SOUK_ALS_PAIRS_H
#define SOUK_ALS_PAIRS_H

#include "train/comm/partition.h"
#include "train/comm/ratings.h"

#include <stdbool.h>

enum souk_side_kind { SOUK_SIDE_USERS, SOUK_SIDE_ITEMS };

/** A pair seen from one side: `row` is of that side, `column` of the other; both global. */
struct souk_pair {
    int64_t row, column;
    float weight;
};

/** Pairs that are held out of training. */
struct souk_heldout {
    double share; /**< 0: none */
    uint64_t seed;
};

/** Whether a pair is: a function of the seed, the user's and the item's global row. */
bool souk_pair_is_held(const struct souk_heldout *heldout, enum souk_side_kind kind,
                       const struct souk_pair *pair);

/** Collective. Bring each pair to the owner of its row.
 *  @param received [*count], owned by the caller, free(); NULL on failure */
souk_status souk_pairs_send_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                enum souk_side_kind kind, const struct souk_partition *partition,
                                struct souk_pair **received, int64_t *count,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** Sort by local row and, within a row, by column: the order of the arithmetic.
 *  @param pairs replaced; as it was on failure
 *  @param offsets [local rows + 1], zeroed; out
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_pairs_sort(const struct souk_partition *partition, struct souk_pair **pairs,
                            int64_t count, int64_t *offsets) SOUK_MUST_CHECK;

#endif
