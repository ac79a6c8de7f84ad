/* Filters and preferences in a message: read as written, handed on as they came, refused where they
 * could not mean what they say. */
#include "shared/wire/filterfields.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct souk_writer writer, other;
static struct souk_message message;
static struct souk_filter_fields fields;
static bool parsed;

static void prepare(void)
{
    souk_writer_init(&writer);
    souk_writer_init(&other);
}

static void give_message(void)
{
    if (parsed)
        souk_message_fini(&message);
    parsed = false;
}

static void clean_up(void)
{
    give_message();
    souk_writer_fini(&writer);
    souk_writer_fini(&other);
}

TestSuite(filterfields, .init = prepare, .fini = clean_up);

static void begin(const char *key, size_t count)
{
    souk_writer_clear(&writer);
    souk_writer_map(&writer, 1);
    souk_writer_key(&writer, key);
    souk_writer_map(&writer, count);
}

/* @return NULL, or why not */
static const char *read_back(const struct souk_writer *w, const char *key)
{
    char reason[64];
    give_message();
    cr_assert_not(w->failed);
    parsed = true;
    cr_assert_eq(souk_message_parse(&message, w->buffer.data, w->buffer.size, reason, 64),
                 SOUK_WIRE_OK, "%s", reason);
    return souk_filter_fields_read(&message, key, &fields);
}

static void put_ids(const char *key, size_t count, size_t bytes)
{
    static const char digits[200] = "11111111111111111111111111111111111111111111111111111111111111"
                                    "11111111111111111111111111111111111111111111111111111111111111"
                                    "1111111111111111";
    souk_writer_key(&writer, key);
    souk_writer_array(&writer, count);
    for (size_t i = 0; i < count; i++)
        souk_writer_text(&writer, digits, bytes);
}

static void put_all(void)
{
    begin("filters", 5);
    put_ids("categories", 2, 3);
    souk_writer_put_int(&writer, "price_min", -3);
    souk_writer_put_real(&writer, "price_max", 4.5);
    souk_writer_put_bool(&writer, "available", true);
    put_ids("exclude", SOUK_WIRE_EXCLUDE_MAX, 1);
}

static void expect_all(void)
{
    cr_expect_eq(fields.category_count, 2);
    cr_expect_eq(fields.categories[1].via.str.size, 3);
    cr_expect(fields.has_price && fields.available);
    cr_expect_eq(fields.price_min, -3);
    cr_expect_eq(fields.price_max, 4.5);
    cr_expect_eq(fields.exclude_count, SOUK_WIRE_EXCLUDE_MAX);
}

Test(filterfields, are_read_as_written_and_handed_on_as_they_came)
{
    put_all();
    cr_assert_null(read_back(&writer, "filters"));
    expect_all();
    souk_writer_map(&other, 1);
    souk_filter_fields_put(&other, "filters", &fields);
    cr_assert_null(read_back(&other, "filters"));
    expect_all();
    cr_expect_eq(other.buffer.size, writer.buffer.size);
}

Test(filterfields, let_everything_through_where_they_are_absent_or_empty)
{
    begin("other", 0);
    cr_assert_null(read_back(&writer, "filters"));
    cr_expect_null(fields.map);
    begin("filters", 0);
    cr_assert_null(read_back(&writer, "filters"));
    cr_expect_not_null(fields.map);
    cr_expect(!fields.has_price && !fields.available && fields.category_count == 0 &&
              fields.exclude_count == 0);
    cr_expect(isinf(fields.price_min) && isinf(fields.price_max));
}

/* One field of a map. */
static const char *read_one(const char *map, const char *key, const char *text)
{
    begin(map, 1);
    souk_writer_put_string(&writer, key, text);
    return read_back(&writer, map);
}

Test(filterfields, refuse_what_they_do_not_know)
{
    cr_expect_not_null(read_one("filters", "catgories", "x"));
    cr_expect_not_null(read_one("filters", "categories", "x"));
    cr_expect_not_null(read_one("filters", "price_min", "1"));
    cr_expect_not_null(read_one("filters", "price_max", "1"));
    cr_expect_not_null(read_one("filters", "available", "yes"));
    cr_expect_not_null(read_one("filters", "exclude", "x"));
    begin("preferences", 1);
    souk_writer_put_bool(&writer, "available", true);
    cr_expect_not_null(read_back(&writer, "preferences"), "of filters only");
    souk_writer_clear(&writer);
    souk_writer_map(&writer, 1);
    souk_writer_put_string(&writer, "filters", "all");
    cr_expect_not_null(read_back(&writer, "filters"));
    begin("filters", 2);
    souk_writer_put_int(&writer, "price_min", 5);
    souk_writer_put_int(&writer, "price_max", 4);
    cr_expect_not_null(read_back(&writer, "filters"));
}

Test(filterfields, refuse_lists_that_are_too_long)
{
    begin("filters", 1);
    put_ids("exclude", SOUK_WIRE_EXCLUDE_MAX + 1, 1);
    cr_expect_not_null(read_back(&writer, "filters"));
    begin("preferences", 1);
    put_ids("categories", SOUK_WIRE_CATEGORIES_MAX + 1, 1);
    cr_expect_not_null(read_back(&writer, "preferences"));
    for (size_t bytes = 0; bytes < 130; bytes += 129) {
        begin("filters", 1);
        put_ids("categories", 1, bytes);
        cr_expect_not_null(read_back(&writer, "filters"), "%zu bytes", bytes);
    }
    begin("filters", 1);
    put_ids("categories", SOUK_WIRE_CATEGORIES_MAX, 128);
    cr_expect_null(read_back(&writer, "filters"));
}
