#include "shared/base/clock.h"

#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

static int64_t parse(const char *text)
{
    int64_t ms = INT64_MIN;
    cr_assert(souk_time_parse(text, strlen(text), &ms), "%s", text);
    return ms;
}

static void assert_refused(const char *text)
{
    int64_t ms = 42;
    cr_assert_not(souk_time_parse(text, strlen(text), &ms), "%s", text);
    cr_assert_eq(ms, 42);
}

Test(clock, reads_each_form)
{
    cr_assert_eq(parse("1970-01-01"), 0);
    cr_assert_eq(parse("2011-11-09"), INT64_C(1320796800000));
    cr_assert_eq(parse("2011-11-09 08:26"), INT64_C(1320827160000));
    cr_assert_eq(parse("2011-11-09 08:26:05"), INT64_C(1320827165000));
    cr_assert_eq(parse("2011-11-09T08:26:05.250Z"), INT64_C(1320827165250));
    cr_assert_eq(parse("2011-11-09T08:26:05.2509999"), INT64_C(1320827165250));
    cr_assert_eq(parse("2011-11-09T08:26Z"), INT64_C(1320827160000));
    cr_assert_eq(parse("2000-02-29"), INT64_C(951782400000));
    cr_assert_eq(parse("1969-12-31T23:59:59.999Z"), -1);
}

Test(clock, refuses_what_does_not_exist)
{
    static const char *const texts[] = {
        "",
        "2011",
        "2011-11",
        "2011-1-9",
        "11-11-2011",
        "0000-01-01",
        "2011-13-01",
        "2011-00-01",
        "2011-04-31",
        "2011-02-29",
        "1900-02-29",
        "2011-11-00",
        "2011-11-09 24:00",
        "2011-11-09 08:60",
        "2011-11-09 08:26:60",
        "2011-11-09 ",
        "2011-11-09x",
        "2011-11-09 8:26",
        "2011-11-09 08:26:",
        "2011-11-09 08:26:05.",
        "2011/11/09",
        " 2011-11-09",
        "2011-11-09 08",
        "2011-11-09 08:26ZZ",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_refused(texts[i]);
}

Test(clock, stops_at_the_given_length)
{
    int64_t ms = 0;
    cr_assert(souk_time_parse("2011-11-09 08:26", 10, &ms));
    cr_assert_eq(ms, INT64_C(1320796800000));
}

Test(clock, writes_what_it_reads)
{
    static const int64_t times[] = {0,
                                    1,
                                    -1,
                                    999,
                                    -86400001,
                                    INT64_C(1320827165250),
                                    INT64_C(253402300799999),
                                    INT64_C(-62135596800000)};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char text[25];
        souk_time_format(times[i], text);
        cr_assert_eq(parse(text), times[i], "%s", text);
    }
}

/* The C library's calendar as the oracle, over every day from 1600 to 2400. */
Test(clock, agrees_with_the_calendar_of_the_c_library)
{
    for (int64_t day = -135140; day < 157054; day++) {
        char text[25], date[16];
        const time_t seconds = (time_t)(day * 86400);
        struct tm tm;
        cr_assert_not_null(gmtime_r(&seconds, &tm));
        cr_assert_eq(strftime(date, sizeof date, "%Y-%m-%d", &tm), 10u);
        cr_assert_eq(parse(date), day * SOUK_MS_PER_DAY);
        souk_time_format(day * SOUK_MS_PER_DAY, text);
        cr_assert_eq(strncmp(text, date, 10), 0);
    }
}

Test(clock, does_not_write_past_its_field)
{
    char text[25];
    souk_time_format(INT64_MAX, text);
    cr_assert_str_eq(text, "out of range");
    souk_time_format(INT64_MIN, text);
    cr_assert_str_eq(text, "out of range");
}

Test(clock, runs_forward)
{
    const int64_t first = souk_monotonic_us(), wall = souk_wall_ms();
    const struct timespec pause = {0, 2000000};
    cr_assert_eq(nanosleep(&pause, NULL), 0);
    cr_assert_geq(souk_monotonic_us() - first, 2000);
    cr_assert_lt(souk_monotonic_us() - first, 60000000);
    cr_assert_gt(wall, INT64_C(1700000000000));
}
