#include "train/comm/hiding.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(hiding, hides_its_share_and_no_id_twice_alike)
{
    const struct souk_hiding h = {.items = .1, .users = .25, .seed = 1}, other = {.1, .25, 2};
    int items = 0, users = 0, moved = 0, both = 0;
    for (int i = 0; i < 20000; i++) {
        char id[16];
        snprintf(id, sizeof id, "x%d", i);
        items += souk_hiding_hides_item(&h, id);
        users += souk_hiding_hides_user(&h, id);
        both += souk_hiding_hides_item(&h, id) && souk_hiding_hides_user(&h, id);
        moved += souk_hiding_hides_item(&h, id) != souk_hiding_hides_item(&other, id);
    }
    cr_expect_float_eq(items, 2000, 150);
    cr_expect_float_eq(users, 5000, 200);
    cr_expect_float_eq(both, 500, 80, "users and items of one name are two draws");
    cr_expect(moved > 3000, "another seed hides others");
    const struct souk_hiding none = {0};
    cr_expect_not(souk_hiding_hides_item(&none, "a"));
}

Test(hiding, trims_events_of_hidden_users_and_items)
{
    struct souk_hiding h = {.items = .5, .users = .5, .seed = 1};
    char ids[] = "u0\0u1\0u2\0u3";
    int64_t offsets[] = {0, 2, 4, 4, 7}, item[] = {0, 1, 1, 0, 0, 1, 0}, hidden[] = {0, 1};
    int64_t time[] = {1, 2, 3, 4, 5, 6, 7};
    uint8_t type[] = {0, 1, 2, 3, 4, 5, 6};
    int32_t session[] = {0, 1, 2, 3, 4, 5, 6};
    float value[] = {0, 1, 2, 3, 4, 5, 6};
    struct souk_dataset_part part = {.users = {.count = 4, .stride = 3, .bytes = ids},
                                     .event_count = 7,
                                     .event_offsets = offsets,
                                     .item = item,
                                     .time_ms = time,
                                     .type = type,
                                     .session = session,
                                     .value = value};
    int64_t want[8], count = 0;
    for (int u = 0; u < 4; u++)
        for (int64_t e = offsets[u]; e < offsets[u + 1]; e++)
            if (!souk_hiding_hides_user(&h, ids + 3 * (size_t)u) && item[e] == 0)
                want[count++] = e;
    souk_hiding_trim(&h, hidden, &part);
    cr_assert_eq(part.event_count, count);
    cr_expect(count > 0 && count < 4);
    cr_expect_eq(offsets[4], count);
    for (int64_t e = 0; e < count; e++) {
        cr_expect_eq(item[e], 0);
        cr_expect_eq(time[e], want[e] + 1);
        cr_expect_eq(type[e], want[e]);
        cr_expect_eq(session[e], want[e]);
        cr_expect_eq(value[e], (float)want[e]);
    }
}

Test(hiding, is_read_from_parameters)
{
    struct souk_hiding h;
    cr_expect_eq(souk_hiding_of_parameters(NULL, &h, NULL), SOUK_OK);
    cr_expect_eq(souk_hiding_of_parameters("{}", &h, NULL), SOUK_OK);
    cr_expect_eq(h.items, 0);
    cr_expect_eq(souk_hiding_of_parameters(
                     "{\"hide-items\": 0.1, \"hide-users\": 0, \"hide-seed\": 5}", &h, NULL),
                 SOUK_OK);
    cr_expect_eq(h.items, .1);
    cr_expect_eq(h.users, 0);
    cr_expect_eq(h.seed, 5);
    const char *const bad[] = {"", "{\"hide-items\": 1}", "{\"hide-users\": \"a\"}",
                               "{\"hide-seed\": -1}", "{\"hide-seed\": 0.5}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(souk_hiding_of_parameters(bad[i], &h, NULL), SOUK_EFORMAT, "%s", bad[i]);
}
