/* Quantiles of the last ten seconds beside those of a sorted list. */
#include "serve/proxy/latencywindow.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { SAMPLES = 30000, SPAN_US = SOUK_LATENCY_SLOTS * SOUK_LATENCY_SLOT_US };

static struct souk_latency_window w;

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

Test(latencywindow, quantiles_are_those_of_the_samples_of_the_window)
{
    static int64_t at[SAMPLES], latency[SAMPLES], kept[SAMPLES];
    const double q[] = {.01, .5, .95, .999, 1};
    int64_t now = 123456;
    souk_latency_window_init(&w);
    for (int k = 0; k < SAMPLES; k++) {
        /* now and then a pause, once of more than the window; latencies of 0 to 100 s */
        now += (int64_t)(souk_random_bits(1, (uint64_t)k, 0) % 2000);
        if (k % 5000 == 4999)
            now += (int64_t)k * 1000;
        at[k] = now;
        latency[k] = (int64_t)pow(10, 8 * souk_random_uniform(1, (uint64_t)k, 1)) - 1;
        souk_latency_window_record(&w, latency[k], now);
        if (k % 97)
            continue;
        size_t n = 0;
        const int64_t oldest = (now / SOUK_LATENCY_SLOT_US - SOUK_LATENCY_SLOTS + 1) *
                               SOUK_LATENCY_SLOT_US; /* 9.5 to 10 s ago */
        for (int i = 0; i <= k; i++)
            if (at[i] >= oldest)
                kept[n++] = latency[i];
        qsort(kept, n, sizeof *kept, ascending);
        for (size_t j = 0; j < sizeof q / sizeof *q; j++) {
            const int64_t exact = kept[(size_t)ceil(q[j] * (double)n) - 1];
            const int64_t found = souk_latency_window_quantile(&w, q[j], 1, now);
            cr_assert(found >= exact && found <= exact + exact / 16, "%lld for %lld",
                      (long long)found, (long long)exact);
        }
    }
}

Test(latencywindow, too_few_samples_say_nothing)
{
    souk_latency_window_init(&w);
    cr_expect_eq(souk_latency_window_quantile(&w, .95, 0, 5), -1);
    for (int k = 0; k < 9; k++)
        souk_latency_window_record(&w, 1000, k);
    cr_expect_eq(souk_latency_window_quantile(&w, .95, 10, 10), -1);
    souk_latency_window_record(&w, 1000, 10);
    cr_expect_geq(souk_latency_window_quantile(&w, .95, 10, 10), 1000);
    cr_expect_eq(souk_latency_window_quantile(&w, .95, 10, SPAN_US), -1);
}

Test(latencywindow, a_time_before_the_newest_counts_as_the_newest)
{
    souk_latency_window_init(&w);
    souk_latency_window_record(&w, 7, 10 * SPAN_US);
    souk_latency_window_record(&w, 7, 0);
    cr_expect_eq(w.samples, 2);
    cr_expect_eq(souk_latency_window_quantile(&w, 1, 1, 10 * SPAN_US), 7);
}

Test(latencywindow, what_is_beyond_the_buckets_is_in_the_last)
{
    souk_latency_window_init(&w);
    souk_latency_window_record(&w, INT64_MAX, 1);
    souk_latency_window_record(&w, -5, 1);
    cr_expect_geq(souk_latency_window_quantile(&w, 1, 1, 1), INT64_C(1) << 27);
    cr_expect_eq(souk_latency_window_quantile(&w, .5, 1, 1), 0);
}
