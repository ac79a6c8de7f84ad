/** @file
 *  What kind of thing an event is, by the name of its type, as shops and data sets call it.
 */
#ifndef SOUK_EVENTS_EVENTCLASS_H
#define SOUK_EVENTS_EVENTCLASS_H

enum souk_event_class {
    SOUK_CLASS_VIEW,     /**< view, click, detail */
    SOUK_CLASS_CART,     /**< addtocart, add_to_cart, cart, basket */
    SOUK_CLASS_PURCHASE, /**< transaction, purchase, buy, order */
    SOUK_CLASS_OTHER,
    SOUK_CLASSES
};

/** Letters' case does not matter. */
enum souk_event_class souk_event_class_of(const char *type);

/** "view", "cart", "purchase", "other". */
const char *souk_event_class_name(enum souk_event_class class);

#endif
