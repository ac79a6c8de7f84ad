#include "serve/monitor/metric.h"

#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 200000, NUMBERS = 20000 };

static struct souk_metrics *metrics;

static void set_up(void)
{
    metrics = souk_metrics_new();
    cr_assert_not_null(metrics);
}

static void tear_down(void)
{
    souk_metrics_free(metrics);
}

TestSuite(metric, .init = set_up, .fini = tear_down);

/* All of it, as text. Valid until the next call. */
static const char *written(void)
{
    static char text[1 << 16];
    struct souk_exposition e = {0};
    souk_metrics_write(metrics, &e);
    cr_assert(!e.failed && e.length < sizeof text);
    memcpy(text, e.text, e.length);
    text[e.length] = '\0';
    souk_exposition_fini(&e);
    return text;
}

/* The value of the one sample that is called so. */
static double value_of(const char *text, const char *sample)
{
    const size_t len = strlen(sample);
    double value = -1;
    int found = 0;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, sample, len) == 0 && line[len] == ' ') {
            value = strtod(line + len, NULL);
            found++;
        }
    }
    cr_assert_eq(found, 1, "%d of %s", found, sample);
    return value;
}

static double bucket_of(const char *text, const struct souk_bounds *b, int bucket)
{
    char end[SOUK_DECIMAL_BYTES] = "+Inf", sample[128];
    if (bucket < b->count)
        souk_exposition_decimal(b->at[bucket], b->decimals, end);
    snprintf(sample, sizeof sample, "souk_try_seconds_bucket{op=\"scan\",le=\"%s\"}", end);
    return value_of(text, sample);
}

static const struct souk_label scan[] = {{"op", "scan"}, {0}};

static struct souk_histogram *make_histogram(const struct souk_bounds *bounds)
{
    struct souk_histogram *h =
        souk_metrics_histogram(metrics, "souk_try_seconds", "Tries.", scan, bounds);
    cr_assert_not_null(h);
    return h;
}

Test(metric, puts_numbers_into_buckets_as_a_plain_count_does)
{
    const struct souk_bounds *const both[] = {&souk_bounds_seconds, &souk_bounds_count};
    for (int which = 0; which < 2; which++) {
        const struct souk_bounds *b = both[which];
        struct souk_histogram *h = make_histogram(b);
        static int64_t number[NUMBERS];
        double sum = 0;
        for (uint64_t i = 0; i < NUMBERS; i++) { /* of every size; the bounds, and beside them */
            const uint64_t bits = souk_random_bits(1, i, (uint64_t)which);
            number[i] = (int64_t)(bits >> 38 >> bits % 26);
            if (i < 3 * (uint64_t)b->count)
                number[i] = b->at[i / 3] + (int64_t)(i % 3) - 1;
            souk_histogram_add(h, number[i]);
            sum += number[i] > 0 ? (double)number[i] : 0;
        }
        const char *text = written();
        for (int k = 0; k <= b->count; k++) {
            double below = 0;
            for (int i = 0; i < NUMBERS; i++)
                below += k == b->count || number[i] <= b->at[k];
            cr_assert_eq(bucket_of(text, b, k), below, "bucket %d", k);
        }
        cr_assert_eq(value_of(text, "souk_try_seconds_count{op=\"scan\"}"), NUMBERS);
        cr_assert_float_eq(value_of(text, "souk_try_seconds_sum{op=\"scan\"}"),
                           b->decimals ? sum * 1e-6 : sum, 1e-6);
        tear_down();
        set_up();
    }
}

struct changes {
    struct souk_counter *counter;
    struct souk_gauge *gauge;
    struct souk_histogram *histogram;
    atomic_bool done;
};

static void *change(void *argument)
{
    struct changes *c = argument;
    for (int64_t i = 0; i < ROUNDS; i++) {
        souk_gauge_add(c->gauge, 3);
        souk_counter_add(c->counter, 1);
        souk_histogram_add(c->histogram, i % 1000);
        souk_gauge_add(c->gauge, -2);
    }
    return NULL;
}

/* What is read meanwhile agrees with itself and never falls. */
static void *watch(void *argument)
{
    struct changes *c = argument;
    double before = 0;
    while (!atomic_load(&c->done)) {
        const char *text = written();
        const double count = value_of(text, "souk_try_seconds_count{op=\"scan\"}");
        double below = 0;
        for (int k = 0; k <= souk_bounds_seconds.count; k++) {
            const double bucket = bucket_of(text, &souk_bounds_seconds, k);
            cr_assert_geq(bucket, below);
            below = bucket;
        }
        cr_assert_eq(below, count);
        cr_assert_geq(count, before);
        before = count;
    }
    return NULL;
}

Test(metric, loses_no_change_of_many_threads)
{
    struct changes c = {.counter =
                            souk_metrics_counter(metrics, "souk_tries_total", "Tries.", NULL),
                        .gauge = souk_metrics_gauge(metrics, "souk_trying", "Under way.", NULL),
                        .histogram = make_histogram(&souk_bounds_seconds)};
    pthread_t thread[THREADS], watcher;
    cr_assert_eq(pthread_create(&watcher, NULL, watch, &c), 0);
    for (int t = 0; t < THREADS; t++)
        cr_assert_eq(pthread_create(&thread[t], NULL, change, &c), 0);
    for (int t = 0; t < THREADS; t++)
        pthread_join(thread[t], NULL);
    atomic_store(&c.done, true);
    pthread_join(watcher, NULL);
    const char *text = written();
    cr_assert_eq(value_of(text, "souk_tries_total"), THREADS * ROUNDS);
    cr_assert_eq(value_of(text, "souk_trying"), THREADS * ROUNDS);
    cr_assert_eq(value_of(text, "souk_try_seconds_count{op=\"scan\"}"), THREADS * ROUNDS);
    cr_assert_float_eq(value_of(text, "souk_try_seconds_sum{op=\"scan\"}"),
                       THREADS * (ROUNDS / 1000) * 499500e-6, 1e-9);
}

Test(metric, writes_a_family_once_with_all_its_series)
{
    char op[] = "scan";
    const struct souk_label labels[] = {{"op", op}, {"status", "ok"}, {0}};
    const struct souk_label others[] = {{"op", "rank"}, {"status", "ok"}, {0}};
    struct souk_counter *a = souk_metrics_counter(metrics, "souk_a_total", "A.", labels);
    souk_gauge_set(souk_metrics_gauge(metrics, "souk_b", "B.", NULL), -4);
    souk_counter_add(a, 2);
    souk_counter_add(souk_metrics_counter(metrics, "souk_a_total", "A.", others), 5);
    memset(op, 'x', 4); /* labels were copied */
    struct souk_error err;
    cr_assert_eq(souk_metrics_check(metrics, &err), SOUK_OK);
    cr_assert_str_eq(written(), "# HELP souk_a_total A.\n"
                                "# TYPE souk_a_total counter\n"
                                "souk_a_total{op=\"scan\",status=\"ok\"} 2\n"
                                "souk_a_total{op=\"rank\",status=\"ok\"} 5\n"
                                "# HELP souk_b B.\n"
                                "# TYPE souk_b gauge\n"
                                "souk_b -4\n");
}

static void collect(void *context, struct souk_exposition *e)
{
    souk_exposition_family(e, "souk_age", SOUK_METRIC_GAUGE, "Age.");
    souk_exposition_integer(e, "", NULL, ++*(int64_t *)context, 0);
}

Test(metric, asks_collectors_at_every_scrape)
{
    int64_t age = 6;
    souk_metrics_collect(metrics, collect, &age);
    cr_assert_eq(value_of(written(), "souk_age"), 7);
    cr_assert_eq(value_of(written(), "souk_age"), 8);
}

/* @return what a second series of the name came to, after a counter souk_a_total{op="scan"} */
static souk_status made(const char *name, const char *help, const struct souk_label *labels)
{
    struct souk_error err;
    set_up();
    cr_assert_not_null(souk_metrics_counter(metrics, "souk_a_total", "A.", scan));
    struct souk_counter *c = souk_metrics_counter(metrics, name, help, labels);
    const souk_status status = souk_metrics_check(metrics, &err);
    cr_assert_eq(c != NULL, status == SOUK_OK);
    souk_counter_add(c, 1); /* harmless where there is none */
    tear_down();
    metrics = NULL;
    return status;
}

Test(metric, refuses_what_prometheus_does_not_take)
{
    tear_down();
    const struct souk_label rank[] = {{"op", "rank"}, {0}}, le[] = {{"le", "1"}, {0}};
    const struct souk_label twice[] = {{"a", "1"}, {"a", "2"}, {0}}, dash[] = {{"a-b", "1"}, {0}};
    const struct souk_label own[] = {{"__a", "1"}, {0}}, more[] = {{"op", "a"}, {"b", "c"}, {0}};
    const struct souk_label many[] = {{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}, {"e", ""}, {0}};
    cr_assert_eq(made("souk_a_total", "A.", rank), SOUK_OK);
    cr_assert_eq(made("souk_b_total", "B.", NULL), SOUK_OK);
    cr_assert_eq(made("souk_a_total", "A.", scan), SOUK_EEXIST);
    cr_assert_eq(made("souk_a_total", "B.", rank), SOUK_EINVAL);
    cr_assert_eq(made("souk_a_total", "A.", NULL), SOUK_EINVAL);
    cr_assert_eq(made("souk_a_total", "A.", more), SOUK_EINVAL);
    cr_assert_eq(made("souk_b_total", "", NULL), SOUK_EINVAL);
    const char *const names[] = {"",          "1a_total",  "a-b_total",    "souk_a",
                                 "a b_total", "a:b_total", "souk_a_count", "souk_a_bucket"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_assert_eq(made(names[i], "B.", NULL), SOUK_EINVAL, "%s", names[i]);
    const struct souk_label *const labels[] = {le, twice, dash, own, many};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        cr_assert_eq(made("souk_b_total", "B.", labels[i]), SOUK_EINVAL, "labels %zu", i);
}

Test(metric, keeps_the_first_failure)
{
    struct souk_error err;
    cr_assert_null(souk_metrics_gauge(metrics, "first_total", "A.", NULL));
    cr_assert_null(souk_metrics_gauge(metrics, "second-", "A.", NULL));
    cr_assert_not_null(souk_metrics_gauge(metrics, "third", "A.", NULL));
    cr_assert_eq(souk_metrics_check(metrics, &err), SOUK_EINVAL);
    cr_assert_not_null(strstr(err.msg, "first_total"));
}

Test(metric, has_a_bound)
{
    struct souk_error err;
    for (int i = 0; i <= SOUK_METRIC_SERIES_MAX; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i % 100);
        char rest[16];
        snprintf(rest, sizeof rest, "%d", i / 100);
        const struct souk_label labels[] = {{"a", number}, {"b", rest}, {0}};
        struct souk_counter *c = souk_metrics_counter(metrics, "souk_a_total", "A.", labels);
        cr_assert_eq(c != NULL, i < SOUK_METRIC_SERIES_MAX);
    }
    cr_assert_eq(souk_metrics_check(metrics, &err), SOUK_ELIMIT);
}

Test(metric, does_without_metrics)
{
    struct souk_error err;
    cr_assert_null(souk_metrics_counter(NULL, "souk_a_total", "A.", NULL));
    cr_assert_null(souk_metrics_histogram(NULL, "souk_a", "A.", NULL, &souk_bounds_count));
    souk_metrics_collect(NULL, collect, NULL);
    cr_assert_eq(souk_metrics_check(NULL, &err), SOUK_OK);
    souk_counter_add(NULL, 1);
    souk_gauge_add(NULL, 1);
    souk_gauge_set(NULL, 1);
    souk_histogram_add(NULL, 1);
    souk_metrics_free(NULL);
}
