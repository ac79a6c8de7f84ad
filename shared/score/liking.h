/** @file
 *  What somebody without a history may like: popular items, those of preferred categories first,
 *  then those of their relatives, then all others.
 *
 *      likes(i) = near(i) x fit(i) x (1 + p(i)) / 2
 *
 *      near   1 under a preferred category, 1/2 under the parent of one, 1/4 under its parent, 1/8
 *             elsewhere; 1 everywhere without a preferred category that the model knows
 *      fit    1 where the price is in the preferred range or none is preferred, else how near it
 *             is: price / min or max / price; 1/2 where it is not known
 *      p      popularity, brought into [0, 1) in the order it has: (a float's bits are a logarithm)
 *
 *  So a step of nearness weighs more than any popularity. Of an item's own facts and the
 *  preferences alone: the same bits wherever it is computed.
 */
#ifndef SOUK_SCORE_LIKING_H
#define SOUK_SCORE_LIKING_H

#include "shared/score/itemfilter.h"

struct souk_liking {
    float *near_category;        /**< [categories]; NULL: 1 everywhere */
    double price_min, price_max; /**< infinite: no bound */
};

/** @param preferred [count], indices; negative ones are of no item
 *  @param out empty with souk_liking_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_liking_init(struct souk_liking *out, const struct souk_categories *categories,
                             const int32_t *preferred, int64_t count, double price_min,
                             double price_max) SOUK_MUST_CHECK;
void souk_liking_fini(struct souk_liking *l);

/** @param score [count], popularity of items first + i of the part; liking, out */
void souk_liking_weigh(const struct souk_liking *l, const struct souk_model_part *part,
                       const struct souk_item_facts *facts, int64_t first, int64_t count,
                       float *score);

#endif
