#include "serve/events/eventclass.h"

#include <stddef.h>
#include <strings.h>

enum souk_event_class souk_event_class_of(const char *type)
{
    static const struct {
        const char *type;
        enum souk_event_class class;
    } known[] = {{"view", SOUK_CLASS_VIEW},         {"click", SOUK_CLASS_VIEW},
                 {"detail", SOUK_CLASS_VIEW},       {"addtocart", SOUK_CLASS_CART},
                 {"add_to_cart", SOUK_CLASS_CART},  {"cart", SOUK_CLASS_CART},
                 {"basket", SOUK_CLASS_CART},       {"transaction", SOUK_CLASS_PURCHASE},
                 {"purchase", SOUK_CLASS_PURCHASE}, {"buy", SOUK_CLASS_PURCHASE},
                 {"order", SOUK_CLASS_PURCHASE}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcasecmp(type, known[i].type) == 0)
            return known[i].class;
    return SOUK_CLASS_OTHER;
}

const char *souk_event_class_name(enum souk_event_class class)
{
    static const char *const names[SOUK_CLASSES] = {"view", "cart", "purchase", "other"};
    return names[class];
}
