#include "train/comm/holdout.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(holdout, takes_the_last_share)
{
    const int64_t time[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    cr_expect_eq(souk_holdout_first(time, 10, .2), 8);
    cr_expect_eq(souk_holdout_first(time, 10, .25), 8);
    cr_expect_eq(souk_holdout_first(time, 10, 0), 10);
    cr_expect_eq(souk_holdout_first(time, 4, .2), 4, "fewer than one event");
    cr_expect_eq(souk_holdout_first(time, 0, .5), 0);
}

Test(holdout, keeps_events_of_one_moment_together)
{
    const int64_t order[] = {1, 5, 5, 5, 9}, first[] = {5, 5, 5, 9}, single[] = {5, 5, 5};
    cr_expect_eq(souk_holdout_first(order, 5, .4), 1, "the cut moves before the order");
    cr_expect_eq(souk_holdout_first(first, 4, .5), 3, "something is left to train on");
    cr_expect_eq(souk_holdout_first(single, 3, .5), 3, "a single moment is not held out");
}

Test(holdout, trims_every_array_of_a_part)
{
    int64_t offsets[] = {0, 4, 4, 5, 9}, item[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    int64_t time[] = {1, 2, 3, 4, 1, 1, 1, 2, 2};
    uint8_t type[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    int32_t session[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    float value[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    struct souk_dataset_part part = {.users = {.count = 4},
                                     .event_count = 9,
                                     .event_offsets = offsets,
                                     .item = item,
                                     .time_ms = time,
                                     .type = type,
                                     .session = session,
                                     .value = value};
    souk_holdout_trim(&part, .5);
    const int64_t want_offsets[] = {0, 2, 2, 3, 5}, want_item[] = {0, 1, 4, 5, 6};
    cr_expect_eq(part.event_count, 5);
    cr_expect_eq(memcmp(offsets, want_offsets, sizeof want_offsets), 0);
    cr_expect_eq(memcmp(item, want_item, sizeof want_item), 0);
    for (int e = 0; e < 5; e++) {
        cr_expect_eq(type[e], item[e]);
        cr_expect_eq(session[e], item[e]);
        cr_expect_eq(value[e], (float)item[e]);
    }
}

Test(holdout, is_read_from_parameters)
{
    double share = -1;
    cr_expect_eq(souk_holdout_of_parameters(NULL, &share, NULL), SOUK_OK);
    cr_expect_eq(share, 0);
    cr_expect_eq(souk_holdout_of_parameters("{\"seed\": 1}", &share, NULL), SOUK_OK);
    cr_expect_eq(share, 0);
    cr_expect_eq(souk_holdout_of_parameters("{\"holdout\": 0.25}", &share, NULL), SOUK_OK);
    cr_expect_eq(share, .25);
    const char *const bad[] = {"", "{", "{\"holdout\": \"a\"}", "{\"holdout\": 1}",
                               "{\"holdout\": -0.1}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(souk_holdout_of_parameters(bad[i], &share, NULL), SOUK_EFORMAT, "%s", bad[i]);
}
