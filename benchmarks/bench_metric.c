/* bench_metric [THREADS]: what counting costs a request of a proxy: begin, three stages, what the
 * answer was like, end. All threads count into the same metrics. The residual is what got lost. */
#include "serve/monitor/requestmetrics.h"
#include "shared/base/clock.h"
#include "souk_version.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPETITIONS = 20, ROUNDS = 200000, STAGES = 3, THREADS_MAX = 64 };

struct bench {
    struct souk_request_metrics request;
    struct souk_histogram *stage[STAGES], *scored, *returned;
    struct souk_counter *partial, *degraded, *warm;
};

static const char *const operations[] = {"similar", "explain", "health", "recommend", NULL};

static int make(struct bench *b, struct souk_metrics *m)
{
    static const char *const stages[] = {"profile", "scan", "merge"};
    struct souk_error err = {0};
    souk_request_metrics_init(&b->request, m, operations);
    for (int i = 0; i < STAGES; i++)
        b->stage[i] = souk_metrics_histogram(m, "souk_stage_duration_seconds", "Time in a stage.",
                                             (struct souk_label[]){{"stage", stages[i]}, {0}},
                                             &souk_bounds_seconds);
    b->scored = souk_metrics_histogram(m, "souk_scored", "Items.", NULL, &souk_bounds_count);
    b->returned = souk_metrics_histogram(m, "souk_returned", "Items.", NULL, &souk_bounds_count);
    b->partial = souk_metrics_counter(m, "souk_partial_total", "Answers.", NULL);
    b->degraded = souk_metrics_counter(m, "souk_degraded_total", "Answers.", NULL);
    b->warm = souk_metrics_counter(m, "souk_warm_total", "Answers.", NULL);
    if (souk_metrics_check(m, &err) == SOUK_OK)
        return 0;
    fprintf(stderr, "bench_metric: %s\n", err.msg);
    return 1;
}

/* What a request adds to its work. Stages take 200 us, as far as the buckets know. */
static void count_request(struct bench *b, struct souk_request *request,
                          const struct souk_writer *reply)
{
    souk_request_metrics_begin(&b->request);
    request->start_us = souk_monotonic_us() - 1000;
    for (int s = 0; s < STAGES; s++) {
        const int64_t start_us = souk_monotonic_us() - 200;
        souk_histogram_add(b->stage[s], souk_monotonic_us() - start_us);
    }
    souk_counter_add(b->partial, 0);
    souk_counter_add(b->degraded, 0);
    souk_counter_add(b->warm, 1);
    souk_histogram_add(b->scored, 50000);
    souk_histogram_add(b->returned, 10);
    souk_request_metrics_end(&b->request, request, reply);
}

static void *count_many(void *argument)
{
    struct souk_request request = {.operation = "recommend", .operation_len = 9};
    const struct souk_writer reply = {.status = SOUK_WIRE_OK};
    for (int i = 0; i < ROUNDS; i++)
        count_request(argument, &request, &reply);
    return NULL;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* @return nanoseconds of a request on each of the threads; negative: no thread */
static double run(struct bench *b, int threads)
{
    pthread_t thread[THREADS_MAX];
    int started = 0;
    const double begin = now_ns();
    while (started < threads && pthread_create(&thread[started], NULL, count_many, b) == 0)
        started++;
    for (int t = 0; t < started; t++)
        pthread_join(thread[t], NULL);
    return started == threads ? (now_ns() - begin) / ROUNDS : -1;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 1;
    struct souk_metrics *m = souk_metrics_new();
    struct bench b;
    double ns[REPETITIONS];
    if (threads < 1 || threads > THREADS_MAX) {
        fprintf(stderr, "usage: bench_metric [THREADS]\n");
        return 2;
    }
    if (!m || make(&b, m))
        return 1;
    for (int r = -2; r < REPETITIONS; r++) { /* the first two warm up */
        const double once = run(&b, threads);
        if (once < 0)
            return 1;
        if (r >= 0)
            ns[r] = once;
    }
    qsort(ns, REPETITIONS, sizeof *ns, ascending);
    const uint64_t made = (uint64_t)(REPETITIONS + 2) * ROUNDS * (uint64_t)threads;
    const uint64_t counted = atomic_load(&b.request.requests[3][SOUK_WIRE_OK]->value);
    printf("{\"bench\": \"metric\", \"commit\": \"%s\", \"threads\": %d, \"repetitions\": %d, "
           "\"requests\": %d, \"ns_min\": %.1f, \"ns_median\": %.1f, \"ns_p95\": %.1f, "
           "\"lost\": %lld}\n",
           SOUK_GIT_HASH, threads, REPETITIONS, ROUNDS, ns[0], ns[REPETITIONS / 2],
           ns[REPETITIONS * 95 / 100], (long long)(made - counted));
    souk_metrics_free(m);
    return 0;
}
