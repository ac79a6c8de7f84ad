/** @file
 *  The lists of an evaluation put into another order (shared/score/rerank.h): what diversity, caps
 *  and business rules cost.
 *
 *      list of `depth` items  ->  the best k of them under the rule
 *
 *  A model with factors is diversified by its items' directions, another one by category paths. A
 *  pin of an item that is not in the list does nothing.
 */
#ifndef SOUK_EVALUATE_REORDER_H
#define SOUK_EVALUATE_REORDER_H

#include "shared/score/businessrules.h"
#include "train/evaluate/ranking.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_reorder {
    double diversity;  /**< 1 - lambda of rerank.h; 0: none */
    int64_t cap;       /**< items of a category; 0: none */
    int64_t depth;     /**< items to choose from */
    const char *rules; /**< file of business rules; NULL: none */
};

/** Whether there is anything to do. */
bool souk_reorder_is_wanted(const struct souk_reorder *r);

/** Reorder all lists of this rank, and cut them.
 *  @param count items of the new lists, at most
 *  @return SOUK_OK, SOUK_ENOMEM, what reading the rules returns */
souk_status souk_reorder_lists(const struct souk_reorder *r, int count,
                               struct souk_ranking *ranking,
                               struct souk_error *err) SOUK_MUST_CHECK;

#endif
