#include "serve/proxy/lately.h"
#include "shared/wire/writer.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct souk_lately lately;
static struct souk_writer writer;
static struct souk_message message;
static char reason[160];

static void begin(size_t events)
{
    cr_assert_eq(souk_lately_init(&lately), SOUK_OK);
    souk_writer_init(&writer);
    souk_writer_map(&writer, 1);
    souk_writer_key(&writer, "events");
    souk_writer_array(&writer, events);
}

/* @param ms -1: none */
static void put(const char *item, const char *type, int64_t ms)
{
    souk_writer_map(&writer, 2 + (ms >= 0));
    souk_writer_put_string(&writer, "item", item);
    souk_writer_put_string(&writer, "type", type);
    if (ms >= 0)
        souk_writer_put_int(&writer, "ms", ms);
}

static bool take(void)
{
    cr_assert_eq(
        souk_message_parse(&message, writer.buffer.data, writer.buffer.size, reason, sizeof reason),
        SOUK_WIRE_OK, "%s", reason);
    return souk_lately_take(&lately, souk_message_get(&message, "events"), 500, reason,
                            sizeof reason);
}

static void end(void)
{
    souk_message_fini(&message);
    souk_writer_fini(&writer);
    lately.recent = (struct souk_recent_list){.count = 0}; /* the events were ours */
    souk_lately_fini(&lately);
}

static void expect(int at, const char *item, int64_t ms, bool requested)
{
    const struct souk_lately_event *e = &lately.events[at];
    cr_assert_lt(at, lately.count);
    cr_expect_eq(strlen(item), e->item_len);
    cr_expect_eq(memcmp(e->item, item, e->item_len), 0, "place %d: %.*s", at, (int)e->item_len,
                 e->item);
    cr_expect_eq(e->ms, ms);
    cr_expect_eq(e->number >= 0, requested);
}

static struct souk_recent_event stored[] = {{"a", "view", 100, 0},
                                            {"b", "view", 200, 0},
                                            {"b", "cart", 200, 0},
                                            {"c", "view", 300, 0},
                                            {"d", "view", 600, 0}};

static void store(void)
{
    lately.recent.events = stored;
    lately.recent.count = 5;
}

Test(lately, merges_both_by_time)
{
    begin(3);
    put("x", "view", -1);
    put("y", "view", 50);
    put("z", "view", 200);
    cr_assert(take());
    store();
    souk_lately_add_recent(&lately, 101);
    cr_expect_eq(lately.count, 7);
    expect(0, "y", 50, true);
    expect(1, "b", 200, false);
    expect(2, "b", 200, false);
    cr_expect_eq(lately.events[2].type_len, 4);
    cr_expect_eq(memcmp(lately.events[2].type, "cart", 4), 0, "as they were stored");
    expect(3, "z", 200, true);
    expect(4, "c", 300, false);
    expect(5, "x", 500, true);
    expect(6, "d", 600, false);
    end();
}

Test(lately, counts_an_event_in_both_once)
{
    begin(3);
    put("b", "cart", 200);
    put("c", "view", 301);
    put("d", "view", 600);
    cr_assert(take());
    store();
    souk_lately_add_recent(&lately, 0);
    cr_expect_eq(lately.count, 3 + 3);
    expect(1, "b", 200, false);
    expect(2, "b", 200, true);
    end();
}

Test(lately, keeps_the_latest_where_there_are_too_many)
{
    static struct souk_recent_event many[SOUK_RECENT_EVENTS_MAX];
    for (int i = 0; i < SOUK_RECENT_EVENTS_MAX; i++)
        many[i] = (struct souk_recent_event){"m", "view", 1000 + i, 0};
    begin(2);
    put("x", "view", 1);
    put("y", "view", 2);
    cr_assert(take());
    lately.recent.events = many;
    lately.recent.count = SOUK_RECENT_EVENTS_MAX;
    souk_lately_add_recent(&lately, 0);
    cr_expect_eq(lately.count, SOUK_WIRE_CONTEXT_MAX);
    expect(0, "x", 1, true);
    expect(2, "m", 1002, false);
    expect(SOUK_WIRE_CONTEXT_MAX - 1, "m", 1000 + SOUK_RECENT_EVENTS_MAX - 1, false);
    end();
}

Test(lately, names_the_event_that_is_wrong)
{
    begin(2);
    put("x", "view", 1);
    put("", "view", 2);
    cr_expect_not(take());
    cr_expect(strstr(reason, "number 1 has no 'item'"), "%s", reason);
    end();
    begin(1);
    souk_writer_nil(&writer);
    cr_expect_not(take());
    cr_expect(strstr(reason, "is not a map"), "%s", reason);
    end();
}
