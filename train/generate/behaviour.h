/** @file
 *  What visitors do: sessions of views, some of which lead to a cart and to a purchase.
 *
 *      visitor   half have one event; the others have 2 and more, with a long tail
 *      taste     three categories of his own, and now and then anything popular
 *      session   1 to 8 events about one category, minutes apart, by season and time of day
 *      chain     view, addtocart (, transaction) of one item, one behind the other
 */
#ifndef SOUK_GENERATE_BEHAVIOUR_H
#define SOUK_GENERATE_BEHAVIOUR_H

#include "train/generate/shop.h"

enum souk_event_kind { SOUK_EVENT_VIEW, SOUK_EVENT_CART, SOUK_EVENT_TRANSACTION };

struct souk_shop_event {
    int64_t time_ms;
    int32_t visitor, item;
    uint8_t kind;
};

/** All events, sorted by time. Counts are exactly the plan's; every visitor and every item occurs.
 *  No two events of a visitor have the same time.
 *  @param events [plan.events], owned by the caller, free()
 *  @return SOUK_OK, SOUK_EUSAGE (more carts than visits can hold), SOUK_ENOMEM */
souk_status souk_behaviour_make(struct souk_shop *shop, struct souk_shop_event **events,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
