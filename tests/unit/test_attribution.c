#include "serve/events/attribution.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct souk_metrics *metrics;
static struct souk_attribution *attribution;

static void start(void)
{
    metrics = souk_metrics_new();
    attribution = souk_attribution_new(metrics);
}

static void stop(void)
{
    souk_metrics_free(metrics);
    souk_attribution_free(attribution);
}

TestSuite(attribution, .init = start, .fini = stop);

static void count(const char *model, const char *arm, const char *type, double value)
{
    const struct souk_event_record event = {
        .request_id = "r", .model = model, .arm = arm, .type = type, .value = value};
    souk_attribution_count_event(attribution, &event);
}

static bool tells(const char *line)
{
    struct souk_exposition e = {0};
    souk_metrics_write(metrics, &e);
    const bool found = e.text && memmem(e.text, e.length, line, strlen(line));
    souk_exposition_fini(&e);
    return found;
}

Test(attribution, counts_by_model_arm_and_class)
{
    for (int i = 0; i < 3; i++)
        souk_attribution_count_answer(attribution, "m1", "stable");
    souk_attribution_count_answer(attribution, "m1", "canary");
    count("m1", "stable", "view", 1);
    count("m1", "stable", "AddToCart", 1);
    count("m1", "stable", "transaction", 12.345);
    count("m1", "stable", "purchase", 0.005);
    count("m1", "canary", "liked", 7);
    cr_assert(tells("souk_recommendations_total{model=\"m1\",arm=\"stable\"} 3\n"));
    cr_assert(tells("souk_recommendations_total{model=\"m1\",arm=\"canary\"} 1\n"));
    cr_assert(tells("events_total{model=\"m1\",arm=\"stable\",class=\"view\"} 1\n"));
    cr_assert(tells("events_total{model=\"m1\",arm=\"stable\",class=\"cart\"} 1\n"));
    cr_assert(tells("events_total{model=\"m1\",arm=\"stable\",class=\"purchase\"} 2\n"));
    cr_assert(tells("events_total{model=\"m1\",arm=\"canary\",class=\"other\"} 1\n"));
    cr_assert(tells("revenue_total{model=\"m1\",arm=\"stable\"} 12.36\n"));
}

Test(attribution, makes_no_series_of_what_callers_say)
{
    char model[SOUK_EVENT_MODEL_MAX + 1];
    for (int k = 0; k < 1000; k++) {
        snprintf(model, sizeof model, "made-up-%d", k);
        count(model, "stable", "view", 0);
    }
    cr_assert_not(tells("made-up"));
    cr_assert(tells("events_total{model=\"other\",arm=\"\",class=\"view\"} 1000\n"));
}

Test(attribution, lets_the_oldest_model_go)
{
    char model[SOUK_EVENT_MODEL_MAX + 1];
    for (int k = 0; k <= SOUK_ATTRIBUTION_SLOTS; k++) {
        snprintf(model, sizeof model, "m%d", k);
        souk_attribution_count_answer(attribution, model, "stable");
    }
    cr_assert_not(tells("model=\"m0\""));
    cr_assert(tells("model=\"m1\""));
    cr_assert(tells("model=\"m16\""));
}

Test(attribution, leaves_out_events_without_a_request)
{
    const struct souk_event_record event = {
        .request_id = "", .model = "", .arm = "", .type = "view"};
    souk_attribution_count_event(attribution, &event);
    cr_assert(tells("events_total{model=\"other\",arm=\"\",class=\"view\"} 0\n"));
}
