/* Rates on a clock of the test's own. The oracle: a bucket that is filled in real numbers. */
#include "serve/access/ratelimit.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>

/* As the definition has it: tokens, refilled at the rate up to the burst. */
struct bucket {
    double tokens, rate, burst;
    int64_t then_us;
};

static bool bucket_take(struct bucket *b, int64_t now_us)
{
    b->tokens = fmin(b->burst, b->tokens + (double)(now_us - b->then_us) * b->rate / 1e6);
    b->then_us = now_us;
    if (b->tokens < 1 - 1e-9)
        return false;
    b->tokens -= 1;
    return true;
}

static bool take(struct souk_rate_limit *r, int64_t now_us)
{
    if (souk_rate_limit_wait_us(r, now_us) > 0)
        return false;
    souk_rate_limit_take(r, now_us);
    return true;
}

Test(ratelimit, is_a_token_bucket)
{
    const struct {
        double rate;
        int64_t burst;
    } cases[] = {{1, 1}, {100, 100}, {8, 3}, {2000, 50}, {.25, 2}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct souk_rate_limit limit;
        struct bucket oracle = {(double)cases[c].burst, cases[c].rate, (double)cases[c].burst, 0};
        int64_t now_us = 0;
        souk_rate_limit_init(&limit, cases[c].rate, cases[c].burst);
        for (uint64_t i = 0; i < 20000; i++) {
            /* mean gap .8 of that of the rate, so that both answers come */
            now_us += (int64_t)(1.6 * souk_random_uniform(7, c, i) * 1e6 / cases[c].rate);
            const bool expected = bucket_take(&oracle, now_us);
            cr_assert_eq(take(&limit, now_us), expected, "rate %g, request %d at %ld us",
                         cases[c].rate, (int)i, (long)now_us);
        }
    }
}

Test(ratelimit, the_wait_is_exactly_long_enough)
{
    struct souk_rate_limit limit;
    souk_rate_limit_init(&limit, 3, 2);
    const int64_t now_us = 5000000;
    cr_assert(take(&limit, now_us) && take(&limit, now_us));
    const int64_t wait_us = souk_rate_limit_wait_us(&limit, now_us);
    cr_expect(wait_us > 333000 && wait_us <= 333334, "%ld", (long)wait_us);
    cr_expect_not(take(&limit, now_us + wait_us - 1));
    cr_expect(take(&limit, now_us + wait_us));
}

Test(ratelimit, none_lets_all_pass)
{
    struct souk_rate_limit limit;
    souk_rate_limit_init(&limit, 0, 0);
    for (int i = 0; i < 100000; i++)
        cr_assert(take(&limit, 0));
}

Test(ratelimit, the_bounds_do_not_overflow)
{
    struct souk_rate_limit limit;
    const int64_t late_us = INT64_C(400) * 365 * 86400 * 1000000 / 2; /* 200 years of uptime */
    souk_rate_limit_init(&limit, SOUK_RATE_MIN, SOUK_BURST_MAX);
    for (int i = 0; i < SOUK_BURST_MAX; i++)
        cr_assert(take(&limit, late_us), "%d", i);
    cr_expect_gt(souk_rate_limit_wait_us(&limit, late_us), 0);
    cr_expect_eq(souk_rate_burst(.5), 1);
    cr_expect_eq(souk_rate_burst(99.5), 100);
}
