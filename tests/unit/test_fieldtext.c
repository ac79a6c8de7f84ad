#include "train/ingest/fieldtext.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_integer(const char *text, int64_t wanted)
{
    int64_t value = -1;
    return souk_parse_integer(text, strlen(text), &value) && value == wanted;
}

static bool is_decimal(const char *text, double wanted)
{
    double value = -1;
    return souk_parse_decimal(text, strlen(text), &value) && value == wanted;
}

static bool is_time(const char *text, enum souk_time_unit unit, int64_t wanted)
{
    int64_t ms = -1;
    return souk_parse_time(text, strlen(text), unit, &ms) && ms == wanted;
}

Test(fieldtext, reads_integers_of_every_length)
{
    char text[32];
    for (int64_t value = 1; value < INT64_MAX / 11; value = value * 11 + 7) {
        snprintf(text, sizeof text, "%" PRId64, value);
        cr_expect(is_integer(text, value), "%s", text);
        snprintf(text, sizeof text, "%" PRId64, -value);
        cr_expect(is_integer(text, -value), "%s", text);
    }
    cr_expect(is_integer("9223372036854775807", INT64_MAX));
    cr_expect(is_integer("-9223372036854775808", INT64_MIN));
    cr_expect(is_integer(" 0042\t", 42));
}

Test(fieldtext, refuses_what_is_no_integer)
{
    static const char *const bad[] = {"",          " ",
                                      "-",         "12x",
                                      "x12",       "1.0",
                                      "1234567/",  "1234567:",
                                      "12345678:", "9223372036854775808",
                                      "0x10",      "1 2",
                                      "1e3",       "123456789012345678901234567890"};
    int64_t value;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(souk_parse_integer(bad[i], strlen(bad[i]), &value), "%s", bad[i]);
    cr_expect_not(souk_parse_integer("12\0"
                                     "3",
                                     4, &value));
}

Test(fieldtext, reads_decimals_as_the_library_does)
{
    static const char *const good[] = {
        "2.55",  "0.1", "1e3",  "-12.5",           "123456789.123456",
        "3.",    ".5",  "1E-7", "0.30000001",      "179769313486231570000",
        "+7.25", " 4 ", "0",    "999999999999999", "1234567890123456789.5"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(is_decimal(good[i], strtod(good[i], NULL)), "%s", good[i]);
}

Test(fieldtext, refuses_what_is_no_finite_decimal)
{
    static const char *const bad[] = {"",    ".",   "nan",   "inf", "-Infinity", "1e999",
                                      "0x1", "1,5", "1.2.3", "--1", "1e",        "12 3"};
    double value;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(souk_parse_decimal(bad[i], strlen(bad[i]), &value), "%s", bad[i]);
}

Test(fieldtext, tells_seconds_from_milliseconds_and_microseconds_by_size)
{
    cr_expect(is_time("1600000000", SOUK_TIME_UNIT_AUTO, INT64_C(1600000000000)));
    cr_expect(is_time("1600000000000", SOUK_TIME_UNIT_AUTO, INT64_C(1600000000000)));
    cr_expect(is_time("1600000000000000", SOUK_TIME_UNIT_AUTO, INT64_C(1600000000000)));
    cr_expect(is_time("1600000000.25", SOUK_TIME_UNIT_AUTO, INT64_C(1600000000250)));
    cr_expect(is_time("-1", SOUK_TIME_UNIT_AUTO, -1000));
    cr_expect(is_time("0", SOUK_TIME_UNIT_AUTO, 0));
}

Test(fieldtext, takes_the_unit_that_is_named)
{
    cr_expect(is_time("1600000000", SOUK_TIME_UNIT_MS, 1600000000));
    cr_expect(is_time("100000000000", SOUK_TIME_UNIT_S, INT64_C(100000000000000)));
    cr_expect(is_time("-1", SOUK_TIME_UNIT_US, -1));
}

Test(fieldtext, takes_iso_times)
{
    cr_expect(is_time("2011-11-09", SOUK_TIME_UNIT_AUTO, INT64_C(1320796800000)));
    cr_expect(is_time("2011-11-09 08:26:00", SOUK_TIME_UNIT_MS, INT64_C(1320827160000)));
}

Test(fieldtext, refuses_times_that_are_none_or_out_of_range)
{
    static const char *const bad[] = {
        "",         "14x", "2011-13-01", "1e300", "99999999999999999999", "999999999999999999",
        "yesterday"};
    int64_t ms;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(souk_parse_time(bad[i], strlen(bad[i]), SOUK_TIME_UNIT_AUTO, &ms), "%s",
                      bad[i]);
    cr_expect_not(souk_parse_time("9999999999999", 13, SOUK_TIME_UNIT_S, &ms));
}
