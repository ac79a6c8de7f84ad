/* A visitor as of a moment: the figures are those of plain loops over the events. */
#include "shared/score/profile.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>

enum { ITEMS = 14, EVENTS_MAX = 3000 };
static const int64_t MINUTE = 60 * 1000, DAY = 86400000;
static int32_t level_values[2][3 * ITEMS + 1];
static const struct souk_model_stages stages = {
    .types = {{.name = "view", .weight = 1},
              {.name = "cart", .weight = 2.1},
              {.name = "buy", .weight = 4.3, .is_target = true}},
    .levels = {.count = 2,
               .of = {{.name = "kind", .values = 4}, {.name = "brand", .values = 2}},
               .items = 3 * ITEMS + 1,
               .value = level_values[0]}};

/* Room for the events of one visitor. */
static int64_t item[EVENTS_MAX], ms[EVENTS_MAX];
static uint8_t type[EVENTS_MAX];
static float value[EVENTS_MAX];
static struct souk_profile profile;

/* Items in no order, pauses of nothing, minutes, hours and days. */
static struct souk_visit draw_visit(uint64_t seed, int64_t count)
{
    static const int64_t pauses[] = {0, 1, 10, 29, 30, 31, 300, 1439, 1440, 1441, 20000};
    int64_t now = 1600000000000;
    for (int64_t e = 0; e < count; e++) {
        const uint64_t bits = souk_random_bits(seed, 1, (uint64_t)e);
        now += pauses[bits % (sizeof pauses / sizeof pauses[0])] * MINUTE;
        item[e] = (int64_t)(bits >> 8) % ITEMS * 3;
        ms[e] = now;
        type[e] = (uint8_t)(bits >> 20) % 3;
        value[e] = bits >> 40 & 1 ? (float)(bits >> 48) / 7 : 0;
    }
    return (struct souk_visit){
        .count = count, .item = item, .ms = ms, .type = type, .value = value, .stages = &stages};
}

static float days(int64_t from, int64_t until)
{
    return (float)((double)(until - from) / 86400000.);
}

static void expect_same(float got, float want, const char *what)
{
    cr_expect(got == want || (isnan(got) && isnan(want)), "%s: %g, not %g", what, (double)got,
              (double)want);
}

/* One item, by a loop over all events. @return whether it was touched up to the moment */
static bool expect_item(const struct souk_visit *v, int64_t moment, int64_t row)
{
    const int64_t at = souk_profile_find(&profile, row);
    struct souk_profile_item want = {0};
    for (int64_t e = 0; e < v->count; e++) {
        if (v->item[e] != row || v->ms[e] > moment)
            continue;
        want.weight += (float)stages.types[v->type[e]].weight;
        want.events++;
        want.targets += v->type[e] == 2;
        want.idle_days = days(v->ms[e], moment);
        want.recent += (float)exp2(-(double)(moment - v->ms[e]) / (28 * 86400000.));
        want.value += v->value[e];
        want.valued += v->value[e] > 0;
    }
    cr_assert_eq(at >= 0, want.events > 0, "item %d", (int)row);
    if (at < 0)
        return false;
    cr_expect_eq(profile.item[at], row);
    expect_same(profile.facts[at].weight, want.weight, "weight");
    expect_same(profile.facts[at].events, want.events, "events");
    expect_same(profile.facts[at].targets, want.targets, "targets");
    expect_same(profile.facts[at].idle_days, want.idle_days, "idle days");
    expect_same(profile.facts[at].recent, want.recent, "recent");
    expect_same(profile.facts[at].value, want.value, "value");
    expect_same(profile.facts[at].valued, want.valued, "valued");
    return true;
}

/* One value of a level, by a loop over the items. */
static void expect_value(int level, int32_t wanted)
{
    const struct souk_profile_value *got = souk_profile_of_value(&profile, level, wanted);
    struct souk_profile_value want = {.value = wanted};
    double all = 0;
    for (int64_t i = 0; i < profile.count; i++) {
        all += level_values[level][profile.item[i]] < 0 ? 0 : (double)profile.facts[i].recent;
        if (level_values[level][profile.item[i]] != wanted)
            continue;
        want.items++;
        want.recent += profile.facts[i].recent;
        want.spent += profile.facts[i].value;
        want.spent_count += profile.facts[i].valued;
    }
    cr_assert_eq(got != NULL, want.items > 0, "level %d value %d", level, (int)wanted);
    if (!got)
        return;
    expect_same(got->items, want.items, "items of a value");
    expect_same(got->recent, want.recent, "recent of a value");
    expect_same(got->spent, want.spent, "spent on a value");
    expect_same(got->spent_count, want.spent_count, "spent count of a value");
    cr_expect_float_eq((double)got->share, (double)want.recent / all, 1e-5);
}

static void expect_figures(const struct souk_visit *v, int64_t moment)
{
    float events = 0, targets = 0, sessions = 0, recent = 0;
    double sum = 0, valued = 0;
    int64_t first = -1, last = -1;
    for (int64_t e = 0; e < v->count; e++) {
        if (v->ms[e] > moment)
            continue;
        events++;
        targets += stages.types[v->type[e]].is_target;
        sessions += last < 0 || v->ms[e] > v->ms[last] + 30 * MINUTE;
        sum += v->value[e];
        valued += v->value[e] > 0;
        first = first < 0 ? e : first;
        last = e;
    }
    for (int64_t e = 0; e <= last; e++)
        recent += v->ms[e] >= v->ms[last] - DAY;
    expect_same(profile.events, events, "events");
    expect_same(profile.targets, targets, "targets");
    expect_same(profile.sessions, sessions, "sessions");
    expect_same(profile.recent_events, recent, "recent events");
    expect_same(profile.mean_value, valued > 0 ? (float)(sum / valued) : NAN, "mean value");
    expect_same(profile.age_days, first < 0 ? NAN : days(v->ms[first], moment), "age");
    expect_same(profile.idle_days, last < 0 ? NAN : days(v->ms[last], moment), "idle days");
}

static void expect_plain_loops(const struct souk_visit *v, int64_t moment)
{
    int64_t touched = 0;
    cr_assert_eq(souk_profile_fill(&profile, v, moment), SOUK_OK);
    cr_expect_eq(profile.moment_ms, moment);
    for (int64_t row = -1; row <= 3 * ITEMS; row++)
        touched += expect_item(v, moment, row);
    cr_assert_eq(profile.count, touched);
    for (int64_t i = 1; i < profile.count; i++)
        cr_assert_lt(profile.item[i - 1], profile.item[i]);
    expect_figures(v, moment);
    for (int level = 0; level < 2; level++)
        for (int32_t wanted = 0; wanted < stages.levels.of[level].values; wanted++)
            expect_value(level, wanted);
    cr_expect_null(souk_profile_of_value(&profile, 0, -1));
}

static void init_profile(void)
{
    souk_profile_init(&profile);
    for (int level = 0; level < 2; level++)
        for (int i = 0; i <= 3 * ITEMS; i++) /* -1: not known */
            level_values[level][i] =
                i % (level + 3) == 0 ? -1 : (int32_t)(i % stages.levels.of[level].values);
}

static void fini_profile(void)
{
    souk_profile_fini(&profile);
    cr_expect_null(profile.item);
}

TestSuite(profile, .init = init_profile, .fini = fini_profile);

Test(profile, figures_are_those_of_plain_loops)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        const struct souk_visit v = draw_visit(seed, (int64_t)(seed % 40) + 2);
        expect_plain_loops(&v, ms[v.count - 1] + 5 * MINUTE);
        expect_plain_loops(&v, ms[v.count - 1]);
    }
}

Test(profile, events_after_the_moment_are_left_out)
{
    for (uint64_t seed = 100; seed < 130; seed++) {
        const struct souk_visit v = draw_visit(seed, 30);
        expect_plain_loops(&v, ms[seed % 30]);
        expect_plain_loops(&v, ms[seed % 30] - 1);
        expect_plain_loops(&v, ms[0] - 1);
        cr_expect_eq(profile.count, 0);
    }
}

Test(profile, a_visitor_without_events_is_fine)
{
    const struct souk_visit none = {.stages = &stages};
    expect_plain_loops(&none, 7);
    cr_expect_eq(profile.count, 0);
    cr_expect_eq(souk_profile_find(&profile, 0), -1);
}

Test(profile, one_event)
{
    const struct souk_visit v = draw_visit(3, 1);
    expect_plain_loops(&v, ms[0] + 2 * DAY);
    cr_expect_eq(profile.count, 1);
    cr_expect_eq(profile.idle_days, 2);
    cr_expect_eq(profile.age_days, 2);
    cr_expect_eq(profile.sessions, 1);
    cr_expect_eq(profile.recent_events, 1);
}

Test(profile, a_day_and_half_an_hour_are_exact)
{
    struct souk_visit v = draw_visit(4, 3);
    ms[1] = ms[0] + 30 * MINUTE;
    ms[2] = ms[0] + DAY;
    expect_plain_loops(&v, ms[2]);
    cr_expect_eq(profile.sessions, 2, "half an hour goes on, a day does not");
    cr_expect_eq(profile.recent_events, 3);
    ms[1]++;
    ms[2]++;
    expect_plain_loops(&v, ms[2]);
    cr_expect_eq(profile.sessions, 3);
    cr_expect_eq(profile.recent_events, 2);
}

/* A model's file may state any: no figure overflows on the way. */
Test(profile, times_of_any_size_are_fine)
{
    struct souk_visit v = draw_visit(5, 2);
    ms[0] = INT64_MIN;
    ms[1] = INT64_MAX;
    cr_assert_eq(souk_profile_fill(&profile, &v, INT64_MAX), SOUK_OK);
    cr_expect_eq(profile.events, 2);
    cr_expect_eq(profile.sessions, 2);
    cr_expect_eq(profile.recent_events, 1);
    cr_expect_eq(profile.idle_days, 0);
    cr_expect_float_eq(profile.age_days, 0x1p64 / 86400000., 1e5);
}

Test(profile, memory_serves_one_visitor_after_another)
{
    static const int64_t sizes[] = {1200, 3, 3000, 0, 2999, 1, 40};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const struct souk_visit v = draw_visit(s, sizes[s]);
        expect_plain_loops(&v, v.count > 0 ? ms[v.count - 1] : 0);
    }
}

/* The rule as its header says it, in double. */
static void expect_weights(struct souk_profile_rule rule)
{
    souk_profile_weigh(&profile, &rule);
    for (int64_t i = 0; i < profile.count; i++) {
        const struct souk_profile_item *f = &profile.facts[i];
        double want = pow((double)f->weight, (double)rule.power);
        if (rule.half_life_days > 0)
            want *= exp2(-(double)f->idle_days / (double)rule.half_life_days);
        cr_expect_float_eq(profile.weight[i], want, 1e-5 * want);
    }
}

Test(profile, weights_follow_the_rule)
{
    const struct souk_visit v = draw_visit(9, 50);
    cr_assert_eq(souk_profile_fill(&profile, &v, ms[49] + DAY), SOUK_OK);
    expect_weights((struct souk_profile_rule){.power = .5F, .half_life_days = 30});
    expect_weights((struct souk_profile_rule){.power = 2});
    expect_weights((struct souk_profile_rule){.half_life_days = 7});
    expect_weights((struct souk_profile_rule){.power = 1});
    for (int64_t i = 0; i < profile.count; i++)
        cr_expect_eq(profile.weight[i], profile.facts[i].weight);
    expect_weights((struct souk_profile_rule){.power = 0});
    for (int64_t i = 0; i < profile.count; i++)
        cr_expect_eq(profile.weight[i], 1);
}
