#include "train/comm/leaveout.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <string.h>

enum { A, B, C, D };
enum { VIEW, BUY };
static const struct souk_event_type types[] = {{.name = "view"},
                                               {.name = "buy", .is_target = true}};

/* The drawing of the header. */
static const int64_t items[] = {A, B, A, C, B, B, D};
static const uint8_t kinds[] = {VIEW, VIEW, BUY, VIEW, VIEW, BUY, VIEW};

Test(leaveout, chooses_the_last_wanted_event_of_an_item)
{
    cr_expect_eq(souk_leaveout_event(types, items, kinds, 7, 1), 5);
    cr_expect_eq(souk_leaveout_event(types, items, kinds, 7, 2), 2);
    cr_expect_eq(souk_leaveout_event(types, items, kinds, 7, 3), -1, "C and D are only seen");
    cr_expect_eq(souk_leaveout_event(types, items, kinds, 7, 0), -1);
    cr_expect_eq(souk_leaveout_event(types, items, kinds, 0, 1), -1);
}

Test(leaveout, an_item_has_one_place_however_often_it_is_wanted)
{
    const int64_t item[] = {A, B, A, B, B};
    const uint8_t kind[] = {BUY, BUY, BUY, BUY, VIEW};
    cr_expect_eq(souk_leaveout_event(types, item, kind, 5, 1), 3, "the view of B comes later");
    cr_expect_eq(souk_leaveout_event(types, item, kind, 5, 2), 2);
    cr_expect_eq(souk_leaveout_event(types, item, kind, 5, 3), -1);
}

Test(leaveout, a_user_keeps_something)
{
    const int64_t item[] = {B, B, B};
    const uint8_t kind[] = {VIEW, BUY, BUY}, seen[] = {VIEW, VIEW, VIEW};
    cr_expect_eq(souk_leaveout_event(types, item, kind, 3, 1), -1);
    cr_expect_eq(souk_leaveout_event(types, item, seen, 3, 1), -1, "nothing was wanted");
}

/* Items by their last wanted event, latest first. */
static int64_t plain_event(const int64_t *item, const uint8_t *type, int64_t count, int place)
{
    bool taken[8] = {false}, is_seen[8] = {false};
    int kinds_seen = 0;
    for (int64_t e = 0; e < count; e++) {
        kinds_seen += !is_seen[item[e]];
        is_seen[item[e]] = true;
    }
    for (int64_t e = count - 1; e >= 0; e--) {
        if (type[e] != BUY || taken[item[e]])
            continue;
        taken[item[e]] = true;
        if (--place == 0)
            return kinds_seen > 1 ? e : -1;
    }
    return -1;
}

Test(leaveout, is_what_a_plain_loop_finds)
{
    int64_t item[20];
    uint8_t type[20];
    for (uint64_t seed = 0; seed < 300; seed++) {
        const int64_t count = (int64_t)(seed % 20);
        for (int64_t e = 0; e < count; e++) {
            item[e] = (int64_t)(souk_random_bits(seed, 0, (uint64_t)e) % (seed % 8 + 1));
            type[e] = souk_random_bits(seed, 1, (uint64_t)e) % 3 == 0 ? BUY : VIEW;
        }
        for (int place = 1; place <= 5; place++)
            cr_expect_eq(souk_leaveout_event(types, item, type, count, place),
                         plain_event(item, type, count, place), "seed %d place %d", (int)seed,
                         place);
    }
}

/* Four users: that of the drawing, one with nothing, one of a single item, one of two. */
enum { EVENTS = 13 };
struct arrays {
    int64_t offsets[5], item[EVENTS], time[EVENTS], order[EVENTS];
    uint8_t type[EVENTS];
    int32_t session[EVENTS];
    float value[EVENTS];
};

static const struct arrays whole = {
    .offsets = {0, 7, 7, 9, 13},
    .item = {A, B, A, C, B, B, D, A, A, C, D, C, D},
    .type = {VIEW, VIEW, BUY, VIEW, VIEW, BUY, VIEW, BUY, BUY, BUY, BUY, VIEW, VIEW},
    .time = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
    .order = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
    .session = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
    .value = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
};

static struct souk_dataset_part part_of(struct arrays *a)
{
    return (struct souk_dataset_part){.users = {.count = 4},
                                      .event_count = EVENTS,
                                      .event_offsets = a->offsets,
                                      .item = a->item,
                                      .time_ms = a->time,
                                      .type = a->type,
                                      .session = a->session,
                                      .value = a->value,
                                      .order = a->order};
}

/* @param kept [count] the places of the events that are left, of each array */
static void expect_kept(const struct arrays *a, const struct souk_dataset_part *part,
                        const int64_t *offsets, const int *kept, int64_t count)
{
    cr_assert_eq(part->event_count, count);
    cr_expect_eq(memcmp(a->offsets, offsets, sizeof a->offsets), 0);
    for (int64_t e = 0; e < count; e++) {
        const int from = kept[e];
        cr_expect_eq(a->item[e], whole.item[from], "event %d", (int)e);
        cr_expect_eq(a->type[e], whole.type[from]);
        cr_expect_eq(a->time[e], from);
        cr_expect_eq(a->session[e], from);
        if (part->value)
            cr_expect_eq(a->value[e], (float)from);
        if (part->order)
            cr_expect_eq(a->order[e], from);
    }
}

Test(leaveout, trims_every_array_of_a_part)
{
    struct arrays a = whole;
    struct souk_dataset_part part = part_of(&a);
    const int64_t offsets[] = {0, 4, 4, 6, 8};
    const int kept[] = {0, 2, 3, 6, 7, 8, 9, 11};
    souk_leaveout_trim(types, 1, &part);
    expect_kept(&a, &part, offsets, kept, 8);
}

Test(leaveout, trims_the_item_before_the_latest)
{
    struct arrays a = whole;
    struct souk_dataset_part part = part_of(&a);
    const int64_t offsets[] = {0, 5, 5, 7, 9};
    const int kept[] = {1, 3, 4, 5, 6, 7, 8, 10, 12};
    part.value = NULL; /* not every dataset has them */
    part.order = NULL;
    souk_leaveout_trim(types, 2, &part);
    expect_kept(&a, &part, offsets, kept, 9);
}

Test(leaveout, place_0_changes_nothing)
{
    struct arrays a = whole;
    struct souk_dataset_part part = part_of(&a);
    const int kept[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    souk_leaveout_trim(types, 0, &part);
    expect_kept(&a, &part, whole.offsets, kept, EVENTS);
}

static void expect_place(const char *parameters, int want)
{
    int place = -1;
    cr_expect_eq(souk_leaveout_of_parameters(parameters, &place, NULL), SOUK_OK);
    cr_expect_eq(place, want);
}

Test(leaveout, is_read_from_parameters)
{
    struct souk_error err;
    int place;
    expect_place(NULL, 0);
    expect_place("{\"seed\": 1}", 0);
    expect_place("{\"leave-out\": 0}", 0);
    expect_place("{\"leave-out\": 2, \"seed\": 1}", 2);
    expect_place("{\"leave-out\": 1000}", 1000);
    cr_expect_eq(souk_leaveout_of_parameters("{", &place, &err), SOUK_EFORMAT);
    cr_expect_not_null(strstr(err.msg, "not JSON"), "%s", err.msg);
    const char *const bad[] = {"{\"leave-out\": \"1\"}", "{\"leave-out\": 1.5}",
                               "{\"leave-out\": null}",  "{\"leave-out\": -1}",
                               "{\"leave-out\": 1001}",  "{\"leave-out\": 9223372036854775807}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(souk_leaveout_of_parameters(bad[i], &place, &err), SOUK_EFORMAT, "%s", bad[i]);
        cr_expect_not_null(strstr(err.msg, "from 0 to 1000"), "%s", err.msg);
        cr_expect_eq(place, 0);
    }
    cr_expect_eq(souk_leaveout_of_parameters("", &place, NULL), SOUK_EFORMAT);
}
