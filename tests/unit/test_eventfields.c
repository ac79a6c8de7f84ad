/* A visitor's events in a message: read as written, kept by time, refused where they do not fit. */
#include "shared/wire/eventfields.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { EVENTS = 5, ITEMS = 100, TYPES = 3 };

/* What a message says; a test spoils one of them. */
static int64_t item[SOUK_WIRE_EVENTS_MAX + 1] = {7, 99, 0, 7, 42};
static int64_t ms[SOUK_WIRE_EVENTS_MAX + 1] = {-5, 10, 10, 1600000000000, 1600000000001};
static uint8_t type[SOUK_WIRE_EVENTS_MAX + 1] = {0, 2, 1, 1, 0};
static float value[SOUK_WIRE_EVENTS_MAX + 1] = {0, 1.5F, -2, 0, 3e38F};

static struct souk_event_fields fields;
static struct souk_writer writer;

static void prepare(void)
{
    cr_assert_eq(souk_event_fields_init(&fields), SOUK_OK);
    souk_writer_init(&writer);
}

static void clean_up(void)
{
    souk_event_fields_fini(&fields);
    souk_writer_fini(&writer);
}

TestSuite(eventfields, .init = prepare, .fini = clean_up);

static bool read_back(void)
{
    struct souk_message m;
    char reason[64];
    cr_assert_not(writer.failed);
    cr_assert_eq(souk_message_parse(&m, writer.buffer.data, writer.buffer.size, reason, 64),
                 SOUK_WIRE_OK, "%s", reason);
    const bool good = souk_event_fields_read(&fields, &m, ITEMS, TYPES);
    souk_message_fini(&m);
    return good;
}

static bool write_and_read(int64_t count)
{
    souk_writer_clear(&writer);
    souk_writer_map(&writer, SOUK_WIRE_EVENT_FIELDS);
    souk_event_fields_write(&writer, count, item, ms, type, value);
    return read_back();
}

Test(eventfields, are_read_as_written)
{
    cr_assert(write_and_read(EVENTS));
    cr_assert_eq(fields.count, EVENTS);
    cr_expect_arr_eq(fields.item, item, EVENTS * sizeof *item);
    cr_expect_arr_eq(fields.ms, ms, EVENTS * sizeof *ms);
    cr_expect_arr_eq(fields.type, type, EVENTS * sizeof *type);
    cr_expect_arr_eq(fields.value, value, EVENTS * sizeof *value);
    cr_expect(write_and_read(0));
    cr_expect_eq(fields.count, 0);
}

Test(eventfields, may_be_absent)
{
    cr_assert(write_and_read(EVENTS));
    souk_writer_clear(&writer);
    souk_writer_map(&writer, 0);
    cr_expect(read_back());
    cr_expect_eq(fields.count, 0);
}

Test(eventfields, refuses_what_is_out_of_range_or_order)
{
    item[1] = ITEMS;
    cr_expect_not(write_and_read(EVENTS));
    cr_expect_eq(fields.count, 0);
    item[1] = -1;
    cr_expect_not(write_and_read(EVENTS));
    item[1] = 99;
    type[2] = TYPES;
    cr_expect_not(write_and_read(EVENTS));
    type[2] = 1;
    value[3] = NAN;
    cr_expect_not(write_and_read(EVENTS));
    value[3] = 0;
    ms[3] = 9;
    cr_expect_not(write_and_read(EVENTS));
    ms[3] = 1600000000000;
    cr_expect(write_and_read(EVENTS));
}

Test(eventfields, refuses_too_many)
{
    memset(ms, 0, sizeof ms);
    cr_expect(write_and_read(SOUK_WIRE_EVENTS_MAX));
    cr_expect_not(write_and_read(SOUK_WIRE_EVENTS_MAX + 1));
}

/* @param which of the four fields is one entry short, or as long as half an entry more */
static bool read_with_length(int which, int64_t bytes_more)
{
    const char *const keys[] = {"event_item", "event_ms", "event_type", "event_value"};
    const void *const data[] = {item, ms, type, value};
    const size_t size[] = {8, 8, 1, 4};
    souk_writer_clear(&writer);
    souk_writer_map(&writer, SOUK_WIRE_EVENT_FIELDS);
    for (int k = 0; k < 4; k++) {
        const int64_t more = k == which ? bytes_more : 0;
        souk_writer_put_binary(&writer, keys[k], data[k],
                               (size_t)((int64_t)(EVENTS * size[k]) + more));
    }
    return read_back();
}

Test(eventfields, refuses_fields_of_different_lengths)
{
    cr_expect(read_with_length(-1, 0));
    const int64_t size[] = {8, 8, 1, 4};
    for (int which = 0; which < 4; which++) {
        cr_expect_not(read_with_length(which, -size[which]));
        cr_expect_not(read_with_length(which, size[which]));
        cr_expect_not(read_with_length(which, size[which] > 1 ? 1 : -1));
    }
}

Test(eventfields, an_event_goes_behind_those_of_its_time)
{
    cr_assert(write_and_read(EVENTS));
    cr_expect(souk_event_fields_add(&fields, 50, 10, 2, 8));
    cr_expect(souk_event_fields_add(&fields, 51, INT64_MAX, 0, 0));
    cr_expect(souk_event_fields_add(&fields, 52, INT64_MIN, 1, 0));
    const int64_t want[] = {52, 7, 99, 0, 50, 7, 42, 51};
    cr_assert_eq(fields.count, EVENTS + 3);
    cr_expect_arr_eq(fields.item, want, sizeof want);
    cr_expect_eq(fields.type[4], 2);
    cr_expect_eq(fields.value[4], 8);
    for (int64_t at = 1; at < fields.count; at++)
        cr_expect_leq(fields.ms[at - 1], fields.ms[at]);
    while (fields.count < SOUK_WIRE_EVENTS_MAX)
        cr_assert(souk_event_fields_add(&fields, 1, 1, 0, 0));
    cr_expect_not(souk_event_fields_add(&fields, 1, 1, 0, 0));
}
