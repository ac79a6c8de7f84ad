/** @file
 *  What a visitor likes, and popular items of it: by the categories of a history, or by preferences
 *  of somebody who has none yet.
 *
 *      likes(i) = price(i) x sum over levels l of w_l x share_l(v) x users(i) / users(l, v)
 *
 *      v             the item's value of the level (shared/model/levels.h)
 *      share_l(v)    of the visitor's recent events at the level, or of the preferences there
 *      users         of the item, and of all items with the value, with a half-life of 28 days
 *      w_l           1; for the category .5 and .25 levels above it in the tree: relatives of what
 *                    the visitor likes count half at each step
 *      price(i)      the smaller of value / price and price / value of the item's mean value and
 *                    the price that is preferred; half where the item's is not known, 1 without one
 *
 *  Without any category users(i) stands for the sum. Needs the columns users_28d, LEVEL.users_28d
 *  and mean_value of a two-stage model. Same bits wherever it is computed.
 */
#ifndef SOUK_SCORE_TASTE_H
#define SOUK_SCORE_TASTE_H

#include "shared/math/topk.h"
#include "shared/model/modelfile.h"
#include "shared/score/profile.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_taste {
    const struct souk_profile_value *values; /**< of level l: from first[l], ascending; their
                                                  shares count */
    int64_t first[SOUK_LEVELS_MAX + 1];
    float price;                    /**< NaN: none is preferred */
    struct souk_profile_value *own; /**< memory of preferences, kept from one visitor to the next */
    int64_t capacity;
};

/** Where the facts of a model stand. */
struct souk_taste_columns {
    int users, value; /**< -1: not there */
    int level_users[SOUK_LEVELS_MAX];
    float weight[SOUK_LEVELS_MAX]; /**< 0 for a level without its column */
};

void souk_taste_init(struct souk_taste *t);
void souk_taste_fini(struct souk_taste *t);

/** w_l of a level. */
float souk_taste_level_weight(const struct souk_levels *levels, int level);

/** @return whether the model has what it takes: the column users_28d */
bool souk_taste_columns_of(const struct souk_model_stages *stages, struct souk_taste_columns *out);

/** Of a history, which must outlive it. */
void souk_taste_of_profile(struct souk_taste *t, const struct souk_profile *profile);

/** Of preferences, all categories alike.
 *  @param names   [count]: "GROCERY", sought at every level, or "department=GROCERY"
 *  @param price   NaN: none
 *  @param unknown how many names no item has
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT (more than 1,000 names) */
souk_status souk_taste_of_preferences(struct souk_taste *t, const struct souk_levels *levels,
                                      const char *const *names, int64_t count, float price,
                                      int64_t *unknown) SOUK_MUST_CHECK;

/** How much an item is liked, >= 0. @param item row within the part */
float souk_taste_score(const struct souk_taste *t, const struct souk_model *model,
                       const struct souk_taste_columns *columns, const struct souk_model_part *part,
                       int64_t item);

/** Offer the items of a part that are liked at all.
 *  @param seen items of a profile that are left out; NULL: none */
void souk_taste_scan(const struct souk_taste *t, const struct souk_model *model,
                     const struct souk_taste_columns *columns, const struct souk_model_part *part,
                     const struct souk_profile *seen, struct souk_topk *list);

#endif
