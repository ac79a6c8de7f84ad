/* Quantiles by hand, and what fails a run. */
#include "serve/client/loadreport.h"

#include <criterion/criterion.h>
#include <string.h>

static void fill(struct souk_samples *s, int64_t from, int64_t to)
{
    for (int64_t us = from; us <= to; us++)
        cr_assert_eq(souk_samples_add(s, us), SOUK_OK);
}

Test(loadreport, quantiles_are_by_nearest_rank)
{
    struct souk_load_counts c = {0};
    cr_assert_eq(souk_samples_quantile(&c.answered, .5), 0);
    fill(&c.answered, 1, 20);
    cr_assert_eq(souk_samples_quantile(&c.answered, 0), 1);
    cr_assert_eq(souk_samples_quantile(&c.answered, .5), 10);
    cr_assert_eq(souk_samples_quantile(&c.answered, .95), 19);
    cr_assert_eq(souk_samples_quantile(&c.answered, .951), 20);
    cr_assert_eq(souk_samples_quantile(&c.answered, 1), 20);
    souk_load_counts_fini(&c);
}

Test(loadreport, lanes_add_up)
{
    struct souk_load_counts sum = {0},
                            lane = {.sent = 3, .whole = 2, .wrong = 1, .first_wrong = "u"};
    lane.by_status[SOUK_WIRE_OVERLOADED] = 1;
    fill(&lane.answered, 7, 8);
    fill(&lane.refused, 5, 5);
    cr_assert_eq(souk_load_counts_add(&sum, &lane), SOUK_OK);
    cr_assert_eq(souk_load_counts_add(&sum, &lane), SOUK_OK);
    souk_load_counts_sort(&sum);
    cr_assert_eq(sum.sent, 6);
    cr_assert_eq(sum.by_status[SOUK_WIRE_OVERLOADED], 2);
    cr_assert_str_eq(sum.first_wrong, "u");
    cr_assert_eq(sum.answered.count, 4);
    cr_assert_eq(sum.answered.us[1], 7);
    cr_assert_eq(sum.answered.us[2], 8);
    cr_assert_eq(sum.refused.count, 2);
    souk_load_counts_fini(&sum);
    souk_load_counts_fini(&lane);
}

static void assert_fails(const struct souk_load_report *r, const struct souk_load_limits *limits,
                         const char *reason)
{
    struct souk_error err = {0};
    cr_assert_eq(souk_load_judge(r, limits, &err), SOUK_ELIMIT);
    cr_assert(strstr(err.msg, reason), "%s", err.msg);
}

Test(loadreport, judges_what_was_promised)
{
    const struct souk_load_limits none = {.max_late = 1}, strict = {.9, .1};
    struct souk_load_report r = {.counts = {.sent = 10, .whole = 9, .late = 1}};
    cr_assert_eq(souk_load_judge(&r, &strict, NULL), SOUK_OK);
    r.counts.late = 2;
    assert_fails(&r, &strict, "--max-late");
    cr_assert_eq(souk_load_judge(&r, &none, NULL), SOUK_OK);
    r.counts.late = r.counts.very_late = 1;
    assert_fails(&r, &strict, "later than + 50 ms");
    cr_assert_eq(souk_load_judge(&r, &none, NULL), SOUK_OK);
    r.counts.whole = 8;
    assert_fails(&r, &strict, "--min-whole");
    cr_assert_eq(souk_load_judge(&r, &none, NULL), SOUK_OK);
}

Test(loadreport, no_limit_forgives_a_wrong_answer)
{
    const struct souk_load_limits none = {.max_late = 1};
    struct souk_load_report r = {.counts = {.sent = 10, .whole = 9, .wrong = 1}};
    assert_fails(&r, &none, "1 are wrong");
    r.counts = (struct souk_load_counts){.sent = 10, .mixed = 2};
    assert_fails(&r, &none, "2 mix versions");
    r.counts = (struct souk_load_counts){.sent = 10, .unknown_version = 3};
    assert_fails(&r, &none, "3 are of a version without a reference");
}
