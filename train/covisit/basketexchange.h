/** @file
 *  Baskets to the ranks that own their items. A basket travels whole, once to each rank that owns
 *  any of its items: pairs of items, of which it has many more, are made where they are summed.
 *
 *      panel t of T      the t-th share of the items of every part
 *      in each panel     a rank receives the baskets that hold one of its items of the panel
 *
 *  The number of panels is chosen so that no rank receives more than a buffer at a time.
 */
#ifndef SOUK_COVISIT_BASKETEXCHANGE_H
#define SOUK_COVISIT_BASKETEXCHANGE_H

#include "train/covisit/basket.h"

enum { SOUK_BASKET_PANELS_MAX = 1024 };

struct souk_basket_exchange {
    const struct souk_comm *comm;
    const struct souk_ratings *ratings;
    const struct souk_baskets *baskets; /**< of this rank; borrowed */
    int panels;
    int64_t largest;  /**< entries that a rank receives in a panel, at most */
    int32_t *place;   /**< [items], panel x ranks + owner */
    int64_t *counts;  /**< [panels x ranks], entries that this rank sends */
    int64_t *visited; /**< [panels x ranks], scratch: basket that was counted last */
};

/** Collective. @param buffer_bytes > 0, the same on every rank
 *  @param out empty with souk_basket_exchange_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_basket_exchange_plan_all(const struct souk_comm *comm,
                                          const struct souk_ratings *ratings,
                                          const struct souk_baskets *baskets, int64_t buffer_bytes,
                                          struct souk_basket_exchange *out,
                                          struct souk_error *err) SOUK_MUST_CHECK;
void souk_basket_exchange_fini(struct souk_basket_exchange *x);

/** Collective. Baskets of one item stay where they are.
 *  @param out empty with souk_baskets_fini(); zeroed on failure */
souk_status souk_basket_exchange_all(struct souk_basket_exchange *x, int panel,
                                     struct souk_baskets *out,
                                     struct souk_error *err) SOUK_MUST_CHECK;

/** First row of a panel in a part of `items` items; that of the next one is where it ends. */
static inline int64_t souk_basket_panel_first(int64_t items, int panel, int panels)
{
    return items * panel / panels;
}

#endif
