/** @file
 *  Which items of the model take part in a dense model, and their numbers there: all of them, or
 *  the most popular ones. Matrix numbers ascend with model rows.
 */
#ifndef SOUK_LINEAR_ITEMSELECTION_H
#define SOUK_LINEAR_ITEMSELECTION_H

#include "train/comm/ratings.h"

#include <stdint.h>

struct souk_itemselection {
    int64_t count;
    int32_t *number; /**< [model items], in the matrix, -1: left out */
    int64_t *row;    /**< [count], model row */
};

/** Not collective; the same on every rank. Items with more users come first, then those of lower
 *  model rows. @param limit at most so many items; 0: all
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT (more than 2^31 - 1 items) */
souk_status souk_itemselection_init(struct souk_itemselection *out,
                                    const struct souk_ratings *ratings, int64_t limit,
                                    struct souk_error *err) SOUK_MUST_CHECK;
void souk_itemselection_fini(struct souk_itemselection *s);

#endif
