#include "shared/score/wholehistory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static struct souk_model_weighing weighing = {
    .type_count = 3,
    .types = {{.name = "view", .weight = 1}, {.name = "cart", .weight = 4}, {.name = "wish"}}};
static const struct souk_recency ageless = {.half_life_ms = -1, .mean = 1};
static struct souk_whole_history whole;

static void make(const struct souk_history_rule *rule, const struct souk_recency *recency,
                 const struct souk_held_pairs *held, const struct souk_later_events *later)
{
    const struct souk_pair_rules rules = {&weighing, rule, recency, 1000};
    cr_assert_eq(souk_whole_history_make(&whole, &rules, held, later), SOUK_OK);
}

static void expect(int64_t at, int64_t row, double weight, double recency)
{
    cr_assert_lt(at, whole.count);
    cr_expect_eq(whole.row[at], row, "row %d: %d", (int)at, (int)whole.row[at]);
    cr_expect_float_eq((double)whole.weight[at], weight, 1e-6 * weight, "weight %d: %g", (int)at,
                       (double)whole.weight[at]);
    cr_expect_float_eq(whole.recency[at], recency, 1e-12);
}

static int64_t row[] = {5, 2, 5, 9, 7}, ms[] = {1000, 1100, 1200, 1300, 1400};
static uint8_t type[] = {0, 1, 1, 0, 2};
static float value[] = {3, 2, 1.5F, 0, 8};
static const struct souk_later_events later = {5, row, ms, type, value};
static const int64_t held_row[] = {1, 5, 8};
static const float held_weight[] = {2, 9, 1};
static const struct souk_held_pairs held = {3, held_row, held_weight};

Test(wholehistory, adds_what_came_later_to_what_is_held)
{
    const struct souk_history_rule rule = {.power = 1, .half_life_ms = -1};
    make(&rule, &ageless, &held, &later);
    cr_expect_eq(whole.count, 5, "row 7 has an event of weight 0 only");
    expect(0, 1, 2, 1);
    expect(1, 2, 4, 1);
    expect(2, 5, 9 + 5, 1);
    expect(3, 8, 1, 1);
    expect(4, 9, 1, 1);
    souk_whole_history_fini(&whole);
}

Test(wholehistory, of_one_side_only_that_side_is_there)
{
    const struct souk_history_rule rule = {.power = 1, .half_life_ms = -1};
    const struct souk_later_events nothing = {0};
    const struct souk_held_pairs nobody = {0};
    make(&rule, &ageless, &held, &nothing);
    cr_expect_eq(whole.count, 3);
    make(&rule, &ageless, &nobody, &later);
    cr_expect_eq(whole.count, 3);
    expect(1, 5, 5, 1);
    make(&rule, &ageless, &nobody, &nothing);
    cr_expect_eq(whole.count, 0);
    souk_whole_history_fini(&whole);
}

/* Held 9 = 81^.5; 81 + 5 later, to the power of a half. */
Test(wholehistory, joins_below_the_power_that_training_took)
{
    const struct souk_history_rule half = {.power = .5, .half_life_ms = -1};
    const struct souk_history_rule ones = {.power = 0, .half_life_ms = -1};
    make(&half, &ageless, &held, &later);
    expect(0, 1, 2, 1);
    expect(1, 2, 2, 1);
    expect(2, 5, sqrt(86), 1);
    make(&ones, &ageless, &held, &later);
    expect(1, 2, 1, 1);
    expect(2, 5, 9, 1);
    souk_whole_history_fini(&whole);
}

/* The newest event is of 1400: held pairs are 400 ms old at least, row 2 is 300, row 5 is 200. */
Test(wholehistory, fades_up_to_the_newest_event)
{
    const struct souk_history_rule rule = {.power = 1, .half_life_ms = 100};
    const struct souk_recency recency = {.half_life_ms = 100, .newest_ms = 1000, .mean = .25};
    make(&rule, &recency, &held, &later);
    expect(0, 1, 2. / 16, 1);
    expect(1, 2, 4. / 8, 4);
    expect(2, 5, 14. / 4, 4);
    expect(3, 8, 1. / 16, 1);
    expect(4, 9, 1. / 2, 4);
    souk_whole_history_fini(&whole);
}

Test(wholehistory, weighs_as_the_data_set_was_weighed)
{
    const struct souk_history_rule rule = {.power = 1, .half_life_ms = -1};
    int64_t twice[] = {3, 3, 3}, times[] = {10, 10, 20};
    const struct souk_later_events orders = {3, twice, times, type, value};
    const struct souk_held_pairs nobody = {0};
    weighing.weighting = SOUK_WEIGHT_VALUES;
    make(&rule, &ageless, &nobody, &orders);
    expect(0, 3, 6.5, 1);
    weighing.weighting = SOUK_WEIGHT_ORDERS;
    make(&rule, &ageless, &nobody, &orders);
    expect(0, 3, 2, 1);
    weighing.weighting = SOUK_WEIGHT_EVENTS;
    weighing.type_count = 0; /* an older model says nothing: each event is worth 1 */
    memset(type, 0, sizeof type);
    make(&rule, &ageless, &nobody, &orders);
    expect(0, 3, 3, 1);
    souk_whole_history_fini(&whole);
}
