#include "serve/monitor/slowlog.h"

#include <criterion/criterion.h>
#include <string.h>

enum { SECOND = 1000000 };

static struct souk_slow_log l;

Test(slowlog, takes_what_is_slow_and_only_that)
{
    int64_t skipped = -1;
    souk_slow_log_init(&l, 100);
    cr_expect_not(souk_slow_log_takes(&l, 99999, SECOND, &skipped));
    cr_expect(souk_slow_log_takes(&l, 100000, SECOND, &skipped));
    cr_expect_eq(skipped, 0);
    souk_slow_log_init(&l, 0);
    cr_expect_not(souk_slow_log_takes(&l, INT64_MAX, SECOND, &skipped));
}

Test(slowlog, a_storm_is_ten_lines_a_second_and_none_is_lost)
{
    int64_t lines = 0, counted = 0, skipped = 0;
    souk_slow_log_init(&l, 100);
    for (int k = 0; k < 50000; k++) /* 10,000 a second */
        if (souk_slow_log_takes(&l, 200000, SECOND + k * 100, &skipped)) {
            lines++;
            counted += skipped + 1;
        }
    cr_expect_eq(lines, 50);
    cr_expect(souk_slow_log_takes(&l, 200000, 10 * SECOND, &skipped));
    cr_expect_eq(counted + skipped, 50000);
}

Test(slowlog, an_id_cannot_end_its_value)
{
    char to[8];
    souk_slow_log_copy_id(to, sizeof to, "a\"b\\\n", 5);
    cr_expect_str_eq(to, "a?b??");
    souk_slow_log_copy_id(to, sizeof to, "0123456789", 10);
    cr_expect_str_eq(to, "0123456");
    souk_slow_log_copy_id(to, sizeof to, "", 0);
    cr_expect_str_eq(to, "");
}
