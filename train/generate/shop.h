/** @file
 *  A made-up shop: its categories, its items, what is popular and when it came.
 *
 *      category 0..roots-1   roots; each later category has an earlier parent, at most 6 deep
 *      item i                a category, a popularity ~ 1 / (rank + 10) (Zipf, shifted), a birthday
 *      by category           items of each category with running sums of popularity: draws are
 * binary searches
 *
 *  All numbers come from (seed, row, column) and from IEEE additions and divisions in a fixed
 * order: the same seed gives the same bytes on every machine.
 */
#ifndef SOUK_GENERATE_SHOP_H
#define SOUK_GENERATE_SHOP_H

#include "shared/base/status.h"

#include <stdint.h>

struct souk_shop_plan {
    uint64_t seed;
    int64_t visitors, events, items, catalogue, property_rows, categories, days, start_ms;
    int64_t carts, transactions;
};

/** What each random number is for: the column of souk_random_bits(). */
enum souk_draw {
    SOUK_DRAW_CATEGORY = 1000,
    SOUK_DRAW_PARENT,
    SOUK_DRAW_BIRTH,
    SOUK_DRAW_ACTIVITY,
    SOUK_DRAW_TASTE,
    SOUK_DRAW_SESSION,
    SOUK_DRAW_ITEM,
    SOUK_DRAW_CHAIN,
    SOUK_DRAW_PRICE,
    SOUK_DRAW_VALUE,
};

struct souk_shop {
    struct souk_shop_plan plan;
    int32_t *parent;         /**< [categories], -1: a root */
    int32_t *category;       /**< [catalogue], of each item */
    int64_t *birth_ms;       /**< [items], when it can first be seen */
    int64_t *category_first; /**< [categories + 1], into by_category */
    int32_t *by_category;    /**< [items], most popular first in each category */
    double *sum_in_category; /**< [items], running popularity within the category */
    double *sum_overall;     /**< [items], running popularity over items 0.. */
};

/** @return SOUK_OK, SOUK_EUSAGE (counts that cannot be), SOUK_ENOMEM */
souk_status souk_shop_init(struct souk_shop *shop, const struct souk_shop_plan *plan,
                           struct souk_error *err) SOUK_MUST_CHECK;
void souk_shop_fini(struct souk_shop *shop);

/** An item by popularity: of one category (-1: of all), with u in [0, 1). -1: it has no item. */
int64_t souk_shop_draw(const struct souk_shop *shop, int32_t category, double u);

/** Numbers as they appear in the files: scattered, so that order tells nothing. */
int64_t souk_shop_item_id(const struct souk_shop *shop, int64_t item);
int64_t souk_shop_visitor_id(const struct souk_shop *shop, int64_t visitor);
int64_t souk_shop_category_id(const struct souk_shop *shop, int64_t category);

/** A number in [0, count) for a draw. */
int64_t souk_shop_pick(const struct souk_shop *shop, int64_t row, enum souk_draw draw, int64_t k,
                       int64_t count);
double souk_shop_uniform(const struct souk_shop *shop, int64_t row, enum souk_draw draw, int64_t k);

#endif
