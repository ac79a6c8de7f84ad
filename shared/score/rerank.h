/** @file
 *  A list put into another order: taste for categories, diversity, caps, and what the business
 *  wants.
 *
 *      n items, by score            p = 0 ... n-1, the place of each; equals in the order given
 *        relevance                  boost x (alpha (1 - p / n) + beta' match)
 *        the best, one by one       argmax of lambda relevance - (1 - lambda) likeness
 *        pins                       each at its place
 *        buried items               last, among themselves in the same way
 *        excluded items             never
 *
 *  match      sum over the visitor's categories of share x m; m is 1 for the item's category, .5
 *             for its parent or child in the tree, else 0
 *  beta'      beta x h / (h + h0), h the length of the visitor's history: a short one says little
 *  likeness   largest of the similarities to the items already taken (maximal marginal relevance,
 *             Carbonell and Goldstein 1998): the dot product of two items' vectors, where both have
 *             one; else the cosine of their category paths; else 0
 *  cap        no more items of one category than so many, pinned ones counted but not held back
 *
 *  Relevance goes by places, so that it means the same whatever makes the scores. Equals keep the
 *  order of their places. Pure and thread-safe; memory is 64 bytes an item.
 */
#ifndef SOUK_SCORE_RERANK_H
#define SOUK_SCORE_RERANK_H

#include "shared/base/status.h"
#include "shared/data/category.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_RERANK_ITEMS_MAX = 10000 };

struct souk_rerank_item {
    float score;
    int32_t category;    /**< -1: not known */
    const float *vector; /**< [dimensions] of unit length; NULL: none */
    float boost;         /**< 1: none; >= 0 */
    int pin;             /**< place from 1; 0: none */
    bool is_buried, is_excluded;
};

/** What the visitor likes. */
struct souk_rerank_taste {
    int64_t count;
    const int32_t *category; /**< [count], each once */
    const float *share;      /**< [count], >= 0, of sum 1 */
    double history;          /**< h */
};

struct souk_rerank_rule {
    int count;                                /**< items of the new list, at most */
    double alpha, beta;                       /**< 1, 0: by the scores alone */
    double half_history;                      /**< h0 */
    double lambda;                            /**< 1: no diversity; 0 to 1 */
    int cap;                                  /**< 0: none */
    int dimensions;                           /**< of the vectors */
    const struct souk_categories *categories; /**< NULL or empty: a tree without edges */
};

/** The rule that changes nothing but what the items themselves say. */
struct souk_rerank_rule souk_rerank_defaults(int count);

/** Reorder. A pin behind the end of the list comes last; of two for one place the first given gets
 *  it, and the other the next.
 *  @param items [count], 0 to SOUK_RERANK_ITEMS_MAX; scores are not NaN
 *  @param taste NULL: none
 *  @param order [min(rule->count, count)], filled in: indices of items
 *  @param taken how many
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT */
souk_status souk_rerank(const struct souk_rerank_item *items, int64_t count,
                        const struct souk_rerank_rule *rule, const struct souk_rerank_taste *taste,
                        int64_t *order, int64_t *taken) SOUK_MUST_CHECK;

/** How a category matches a taste, 0 to 1. */
double souk_rerank_match(const struct souk_categories *categories,
                         const struct souk_rerank_taste *taste, int32_t category);

#endif
