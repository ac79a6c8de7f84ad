#include "serve/replica/modelslot.h"

#include <criterion/criterion.h>
#include <string.h>

static struct souk_modelslot slot;

static void make(void)
{
    souk_modelslot_init(&slot);
}

static void empty(void)
{
    while (souk_modelslot_remove_newest(&slot))
        ;
    souk_modelslot_fini(&slot);
}

TestSuite(modelslot, .init = make, .fini = empty);

static struct souk_held *take(const char *id, int64_t now_us)
{
    return souk_modelslot_take(&slot, id, id ? strlen(id) : 0, now_us);
}

Test(modelslot, holds_nothing_at_first)
{
    struct souk_held *held[SOUK_VERSIONS_HELD];
    cr_assert_null(take(NULL, 1));
    cr_assert_null(take("a", 1));
    cr_assert_eq(souk_modelslot_list(&slot, held), 0);
    cr_assert_not(souk_modelslot_is_full(&slot));
}

Test(modelslot, gives_the_version_that_is_asked_for)
{
    static struct souk_held a = {.id = "a"}, b = {.id = "b"}; /* outlive the test: .fini empties */
    souk_modelslot_put(&slot, &a, 1);
    souk_modelslot_put(&slot, &b, 2);
    cr_assert(souk_modelslot_is_full(&slot));
    cr_assert_eq(take("a", 3), &a);
    cr_assert_eq(take("b", 3), &b);
    cr_assert_eq(take(NULL, 3), &b, "no name means the newest");
    cr_assert_null(take("", 3));
    cr_assert_null(souk_modelslot_take(&slot, "abc", 3, 3));
    cr_assert_eq(souk_modelslot_take(&slot, "abc", 1, 3), &a, "a name has a length");
    souk_modelslot_give(&slot, &a);
    souk_modelslot_give(&slot, &a);
    souk_modelslot_give(&slot, &b);
    souk_modelslot_give(&slot, &b);
}

Test(modelslot, keeps_the_older_version_while_it_is_asked_for)
{
    static struct souk_held a = {.id = "a"}, b = {.id = "b"}; /* outlive the test: .fini empties */
    souk_modelslot_put(&slot, &a, 0);
    cr_assert_null(souk_modelslot_remove_older(&slot, 0, 1000), "the newest is not older");
    souk_modelslot_put(&slot, &b, 1000);
    cr_assert_null(souk_modelslot_remove_older(&slot, 500, 1400), "proxies need a moment");
    souk_modelslot_give(&slot, take("a", 2000));
    cr_assert_null(souk_modelslot_remove_older(&slot, 500, 2499));
    cr_assert_eq(souk_modelslot_remove_older(&slot, 500, 2500), &a);
    cr_assert_null(take("a", 3000));
    cr_assert_eq(take("b", 3000), &b);
    souk_modelslot_give(&slot, &b);
}

Test(modelslot, a_roll_back_is_a_change_of_order)
{
    static struct souk_held a = {.id = "a"}, b = {.id = "b"};
    struct souk_held *held[SOUK_VERSIONS_HELD];
    souk_modelslot_put(&slot, &a, 1);
    souk_modelslot_put(&slot, &b, 2);
    cr_assert(souk_modelslot_prefer(&slot, "a", 3));
    cr_assert(souk_modelslot_prefer(&slot, "a", 4), "it is the newest already");
    cr_assert_not(souk_modelslot_prefer(&slot, "c", 5));
    cr_assert_eq(souk_modelslot_list(&slot, held), 2);
    cr_assert_eq(held[0], &a);
    cr_assert_eq(held[1], &b);
    souk_modelslot_give(&slot, &a);
    souk_modelslot_give(&slot, &b);
    cr_assert_eq(souk_modelslot_remove_older(&slot, 0, 6), &b);
}
