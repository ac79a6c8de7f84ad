#include "serve/client/load.h"

#include "serve/client/souk_client.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES_MAX = 50000000 };

struct run {
    const struct souk_load *load;
    struct souk_client *client;
    int64_t start_us, end_us;
    atomic_llong next;    /* number of the next arrival */
    pthread_mutex_t lock; /* of all below */
    struct souk_load_report report;
    int64_t last_good_us;
    int64_t *latency_us;
    size_t latency_count, latency_cap;
};

struct lane_thread {
    struct run *run;
    int lane;
    pthread_t thread;
};

static void note(struct run *r, souk_status status, const struct souk_answer *a,
                 const struct souk_error *err, int64_t due_us, int64_t now_us)
{
    pthread_mutex_lock(&r->lock);
    r->report.sent++;
    if (status) {
        if (r->report.failed++ == 0)
            snprintf(r->report.first_error, sizeof r->report.first_error, "%s", err->msg);
    } else {
        const int64_t gap_ms = (now_us - r->last_good_us) / 1000;
        r->report.good++;
        r->report.partial += a->partial;
        r->report.degraded += a->degraded;
        if (gap_ms > r->report.longest_gap_ms)
            r->report.longest_gap_ms = gap_ms;
        r->last_good_us = now_us;
        if (souk_grow(&r->latency_us, &r->latency_cap, r->latency_count + 1, SAMPLES_MAX,
                      sizeof *r->latency_us) == SOUK_OK)
            r->latency_us[r->latency_count++] = now_us - due_us;
    }
    pthread_mutex_unlock(&r->lock);
}

static void sleep_until(int64_t due_us)
{
    const int64_t left = due_us - souk_monotonic_us();
    if (left > 0) {
        const struct timespec pause = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
        nanosleep(&pause, NULL);
    }
}

static void *run_lane(void *argument)
{
    struct lane_thread *t = argument;
    struct run *r = t->run;
    const struct souk_load *load = r->load;
    for (;;) {
        const int64_t k = atomic_fetch_add(&r->next, 1);
        int64_t due_us = souk_monotonic_us();
        struct souk_error err = {0};
        struct souk_answer answer;
        if (load->rate > 0)
            due_us = r->start_us + (int64_t)((double)k / load->rate * 1e6);
        if (due_us >= r->end_us)
            return NULL;
        sleep_until(due_us);
        const struct souk_query query = {
            .id = load->users[k % load->user_count], .n = load->n, .timeout_ms = load->timeout_ms};
        const souk_status status = souk_client_recommend(r->client, t->lane, &query, &answer, &err);
        note(r, status, &answer, &err, due_us, souk_monotonic_us());
        souk_answer_fini(&answer);
    }
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int64_t quantile(const struct run *r, double q)
{
    const size_t at = (size_t)(q * (double)r->latency_count);
    if (r->latency_count == 0)
        return 0;
    return r->latency_us[at < r->latency_count ? at : r->latency_count - 1];
}

static void summarize(struct run *r, struct souk_load_report *report)
{
    const int64_t tail_ms = (souk_monotonic_us() - r->last_good_us) / 1000;
    qsort(r->latency_us, r->latency_count, sizeof *r->latency_us, ascending);
    *report = r->report;
    if (tail_ms > report->longest_gap_ms)
        report->longest_gap_ms = tail_ms;
    report->p50_us = quantile(r, .5);
    report->p95_us = quantile(r, .95);
    report->p99_us = quantile(r, .99);
    report->p999_us = quantile(r, .999);
    report->max_us = quantile(r, 1);
    report->seconds = (double)(souk_monotonic_us() - r->start_us) * 1e-6;
}

souk_status souk_load_run(const struct souk_load *load, struct souk_load_report *report,
                          struct souk_error *err)
{
    struct run r = {.load = load};
    int64_t started = 0;
    struct lane_thread *threads = souk_zalloc_array((size_t)load->in_flight, sizeof *threads);
    souk_status status = threads ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the lanes");

    if (!status)
        status = souk_client_new(load->proxy, (int)load->in_flight, &r.client, err);
    if (status)
        goto out;
    pthread_mutex_init(&r.lock, NULL);
    r.start_us = r.last_good_us = souk_monotonic_us();
    r.end_us = r.start_us + load->duration_ms * 1000;
    for (; started < load->in_flight && !status; started += !status) {
        threads[started] = (struct lane_thread){.run = &r, .lane = (int)started};
        if (pthread_create(&threads[started].thread, NULL, run_lane, &threads[started]) != 0)
            status = souk_fail(err, SOUK_ENOMEM, "cannot start %lld threads",
                               (long long)load->in_flight);
    }
    for (int64_t i = 0; i < started; i++)
        pthread_join(threads[i].thread, NULL);
    if (!status)
        summarize(&r, report);
    pthread_mutex_destroy(&r.lock);
out:
    souk_client_free(r.client);
    free(r.latency_us);
    free(threads);
    return status;
}
