/** @file
 *  What items of baskets say about each other, for some of the items at a time.
 *
 *      C_ij = sum over baskets with both of strength_i x strength_j x decay(distance)
 *      n_i  = sum over baskets with i of strength_i^2
 *      b_ij = C_ij / (n_i^source_exponent x n_j^exponent)        both .5: the cosine of two columns
 *
 *      decay(d) = max(0, 1 - (d - 1) / window)       d: from moment to moment, 1 within a moment
 *
 *  Pairs more than `reach` entries apart do not count: a basket of n has at most n x reach of them.
 *  Sums are exact (shared/math/fixed.h): the same bits on any number of ranks and threads.
 */
#ifndef SOUK_COVISIT_COOCCURRENCE_H
#define SOUK_COVISIT_COOCCURRENCE_H

#include "train/comm/itemneighbours.h"
#include "train/covisit/basket.h"

#include <stdbool.h>

struct souk_cooccurrence_rule {
    int64_t window; /**< moments; 0: no decay */
    int64_t reach;  /**< entries; INT64_MAX: all */
    double scale;   /**< of the fixed-point sums: 2^shift */
    int shift;
    const double *source_norm; /**< [items], n_i^-source_exponent, 0 where n_i is 0 */
    const double *target_norm; /**< [items], n_j^-exponent */
};

struct souk_cooccurrence {
    const struct souk_cooccurrence_rule *rule;
    const struct souk_baskets *baskets;
    int64_t items;
    int64_t *place; /**< [items], of those looked for: 0, 1, ..., else -1 */
    int64_t *first; /**< [looked for + 1], into at */
    int64_t *at;    /**< where each of them stands in the baskets */
    int64_t *sums;  /**< [threads x items], 0 between calls */
};

/** Find the items that `wanted` is set for. @param wanted [items]
 *  @param out empty with souk_cooccurrence_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_cooccurrence_init(struct souk_cooccurrence *out,
                                   const struct souk_cooccurrence_rule *rule,
                                   const struct souk_baskets *baskets, int64_t items,
                                   const bool *wanted, struct souk_error *err) SOUK_MUST_CHECK;
void souk_cooccurrence_fini(struct souk_cooccurrence *c);

/** The `candidates` of a struct souk_neighbour_source, for an item that was looked for.
 *  @param context struct souk_cooccurrence */
int64_t souk_cooccurrence_candidates(void *context, int thread, int64_t row,
                                     struct souk_neighbour *out);

#endif
