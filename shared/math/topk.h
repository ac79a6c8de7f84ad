/** @file
 *  The best n of a stream of scored items: score descending, then id ascending by bytes.
 *
 *  A bounded heap with the worst hit on top. No allocation while scores are offered.
 */
#ifndef SOUK_MATH_TOPK_H
#define SOUK_MATH_TOPK_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_hit {
    float score;
    int64_t item;   /**< global row */
    const char *id; /**< borrowed from the model's id table */
};

struct souk_topk {
    int capacity, count;
    struct souk_hit *hits; /**< [capacity] */
};

souk_status souk_topk_init(struct souk_topk *t, int capacity) SOUK_MUST_CHECK;
void souk_topk_fini(struct souk_topk *t);
void souk_topk_clear(struct souk_topk *t);

/** Scores at or below this cannot enter without a tie-break; -INFINITY while there is room. */
float souk_topk_threshold(const struct souk_topk *t);

/** Whether a comes before b in a list. */
bool souk_hit_before(const struct souk_hit *a, const struct souk_hit *b);

void souk_topk_offer(struct souk_topk *t, const struct souk_hit *hit);

/** Sort best first; after this, no offer before a clear. */
void souk_topk_sort(struct souk_topk *t);

#endif
