#include "shared/wire/wirestatus.h"
#include "tests/support/later_case.h"

#include <criterion/criterion.h>

static int64_t number(const char *name)
{
    int64_t value = -1;
    cr_assert(souk_message_int(&later_fleet.answer, name, INT64_MIN, INT64_MAX, &value));
    return value;
}

static bool says(const char *name)
{
    return souk_message_get(&later_fleet.answer, name) != NULL;
}

Test(userstats, count_what_is_known)
{
    const char *path = later_model(&later_als);
    double rate = 0;
    small_fleet_start(&later_fleet, path, 2, NULL);
    cr_expect_eq(later_ask("user_stats", "stranger", NULL, 0), SOUK_WIRE_NOT_FOUND);
    later_store("stranger", later_did, LATER_DID);
    cr_assert_eq(later_ask("user_stats", "stranger", NULL, 0), SOUK_WIRE_OK);
    cr_expect_eq(number("total_events"), LATER_DID);
    cr_expect_eq(number("purchases"), 1);
    cr_assert(souk_message_map_number(&later_fleet.answer.unpacked.data, "conversion_rate", &rate));
    cr_expect_float_eq(rate, 1. / 5, 1e-12);
    cr_expect_eq(number("unique_items_viewed"), 5);
    cr_expect_eq(number("first_seen_ms"), 1500);
    cr_expect_eq(number("last_seen_ms"), 4000);
    cr_expect_eq(number("session_events"), 0, "long ago");
    cr_expect_not(says("unique_categories_viewed"), "the model has no tree");
    later_store("u1", later_did, LATER_DID);
    cr_assert_eq(later_ask("user_stats", "u1", NULL, 0), SOUK_WIRE_OK);
    cr_expect_not(says("total_events"), "the model has pairs, not events");
    cr_expect_not(says("first_seen_ms"));
    cr_expect_eq(number("last_seen_ms"), 4000);
    cr_expect_geq(number("unique_items_viewed"), 5);
    later_fleet.store.is_away = true;
    cr_expect_eq(later_ask("user_stats", "stranger", NULL, 0), SOUK_WIRE_UNAVAILABLE);
    small_fleet_stop(&later_fleet);
    later_clean();
}

Test(userstats, of_two_stages_count_the_models_events)
{
    const char *path = later_model(&later_staged);
    small_fleet_start(&later_fleet, path, 3, NULL);
    cr_assert_eq(later_ask("user_stats", "u1", NULL, 0), SOUK_WIRE_OK);
    const int64_t before = number("total_events");
    cr_expect_gt(before, 0);
    later_store("u1", later_did, LATER_DID);
    cr_assert_eq(later_ask("user_stats", "u1", NULL, 0), SOUK_WIRE_OK);
    cr_expect_eq(number("total_events"), before + LATER_DID);
    small_fleet_stop(&later_fleet);
    later_clean();
}
