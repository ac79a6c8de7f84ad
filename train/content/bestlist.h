/** @file
 *  The best neighbours so far of each item of this rank, while the items that may become one pass
 * by part by part.
 */
#ifndef SOUK_CONTENT_BESTLIST_H
#define SOUK_CONTENT_BESTLIST_H

#include "train/comm/itemneighbours.h"

#include <stdint.h>

struct souk_best_lists {
    int64_t items, keep;
    int64_t *count;              /**< [items] */
    struct souk_neighbour *best; /**< [items x keep], a row's ascending by item */
};

/** @param out empty with souk_best_lists_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_best_lists_init(struct souk_best_lists *out, int64_t items, int64_t keep,
                                 struct souk_error *err) SOUK_MUST_CHECK;
void souk_best_lists_fini(struct souk_best_lists *b);

/** Offer candidates that were not offered before. Thread-safe for different items.
 *  @param candidates [count], with room for `keep` more; overwritten */
void souk_best_lists_offer(struct souk_best_lists *b, int64_t item,
                           struct souk_neighbour *candidates, int64_t count);

#endif
