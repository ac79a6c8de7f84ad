#include "train/ingest/eventtypes.h"

#include <criterion/criterion.h>
#include <string.h>

static const char DEFAULTS[] = "view=1,addtocart=4,transaction=8";

Test(eventtypes, has_the_defaults_and_wants_transactions)
{
    struct souk_event_types t;
    cr_assert_eq(souk_event_types_init(&t, DEFAULTS, NULL, false, NULL, NULL), SOUK_OK);
    cr_assert_eq(t.count, 3);
    cr_expect_eq(t.types[souk_event_types_find(&t, "addtocart", 9)].weight, 4.0);
    cr_expect_not(t.types[0].is_target);
    cr_expect(t.types[2].is_target);
    cr_expect_eq(souk_event_types_find(&t, "views", 5), -1);
    cr_expect_eq(souk_event_types_find(&t, "vie", 3), -1);
    cr_expect_eq(souk_event_types_find(&t, "view\0x", 6), -1);
}

Test(eventtypes, changes_weights_of_known_types_only)
{
    struct souk_event_types t;
    cr_assert_eq(souk_event_types_init(&t, DEFAULTS, "view=.5", false, "view,addtocart", NULL),
                 SOUK_OK);
    cr_expect_eq(t.types[0].weight, 0.5);
    cr_expect_eq(t.types[1].weight, 4.0);
    cr_expect(t.types[0].is_target && t.types[1].is_target && !t.types[2].is_target);
    cr_expect_eq(souk_event_types_init(&t, DEFAULTS, "click=1", false, NULL, NULL), SOUK_EUSAGE);
}

Test(eventtypes, takes_names_of_its_own_where_it_may)
{
    struct souk_event_types t;
    cr_assert_eq(souk_event_types_init(&t, DEFAULTS, "click=1,buy=10", true, NULL, NULL), SOUK_OK);
    cr_assert_eq(t.count, 2);
    cr_expect(t.types[0].is_target && t.types[1].is_target);
}

Test(eventtypes, refuses_bad_lists)
{
    static const char *const bad[] = {"view", "view=", "view=x", "=1", "view=-1", "view=nan", ""};
    struct souk_event_types t;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(souk_event_types_init(&t, DEFAULTS, bad[i], true, NULL, NULL), SOUK_EUSAGE,
                     "%s", bad[i]);
    cr_expect_eq(souk_event_types_init(&t, DEFAULTS, NULL, true, "buy", NULL), SOUK_EUSAGE);
}
