#include "serve/client/openload.h"

#include "serve/client/souk_client.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct run {
    const struct souk_open_load *load;
    struct souk_client *client;
    int64_t start_us, end_us;
    pthread_mutex_t lock; /* of the arrivals */
    struct souk_arrivals arrivals;
    atomic_llong last_answer_us, longest_gap_us;
};

struct lane_thread {
    struct run *run;
    int lane;
    pthread_t thread;
    struct souk_load_counts counts;
    souk_status status; /* SOUK_ENOMEM: not all could be counted */
};

/* ---- counting ---- */

static void note_gap(struct run *r, int64_t now_us)
{
    const long long gap = now_us - atomic_exchange(&r->last_answer_us, now_us);
    long long longest = atomic_load(&r->longest_gap_us);
    while (gap > longest && !atomic_compare_exchange_weak(&r->longest_gap_us, &longest, gap))
        ;
}

/* Errors of a reply have its status; others never came to one. */
static void count_failure(struct souk_load_counts *c, souk_status status,
                          const struct souk_answer *a, const struct souk_error *err)
{
    if (status == SOUK_EFORMAT)
        c->unreadable++;
    else if (a->status > SOUK_WIRE_OK)
        c->by_status[a->status < SOUK_LOAD_STATUSES ? a->status : SOUK_WIRE_INTERNAL]++;
    else if (status == SOUK_ETIMEDOUT)
        c->no_reply++;
    else
        c->no_connection++;
    if (!c->first_error[0])
        snprintf(c->first_error, sizeof c->first_error, "%s", err->msg);
}

static void check(struct souk_load_counts *c, const struct souk_open_load *load, const char *user,
                  const struct souk_answer *a)
{
    const enum souk_verdict verdict =
        load->references ? souk_references_check(load->references, user, load->n, a)
                         : SOUK_VERDICT_UNCHECKED;
    c->checked += verdict != SOUK_VERDICT_UNCHECKED && verdict != SOUK_VERDICT_UNKNOWN_VERSION;
    c->wrong += verdict == SOUK_VERDICT_WRONG;
    c->mixed += verdict == SOUK_VERDICT_MIXED;
    c->unknown_version += verdict == SOUK_VERDICT_UNKNOWN_VERSION;
    const bool accepted = verdict == SOUK_VERDICT_RIGHT || verdict == SOUK_VERDICT_UNCHECKED;
    c->whole += accepted && !a->partial && !a->degraded;
    if (!accepted && !c->first_wrong[0])
        snprintf(c->first_wrong, sizeof c->first_wrong, "user %.64s, model %.32s%s%s", user,
                 a->model ? a->model : "?", a->partial ? ", partial" : "",
                 a->degraded ? ", degraded" : "");
}

static souk_status count_answer(struct lane_thread *t, const char *user,
                                const struct souk_answer *a, int64_t latency_us)
{
    struct souk_load_counts *c = &t->counts;
    c->by_status[SOUK_WIRE_OK]++;
    c->partial += a->partial;
    c->degraded += a->degraded;
    check(c, t->run->load, user, a);
    const souk_status status = souk_samples_add(&c->answered, latency_us);
    return status ? status : souk_samples_add(&c->server, a->took_us);
}

/* ---- one lane ---- */

static void sleep_until(int64_t due_us)
{
    const int64_t left = due_us - souk_monotonic_us();
    if (left > 0) {
        const struct timespec pause = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
        nanosleep(&pause, NULL);
    }
}

/* Ask for one user, count what comes. */
static souk_status ask(struct lane_thread *t, const char *user, int64_t due_us)
{
    struct run *r = t->run;
    const struct souk_open_load *load = r->load;
    struct souk_load_counts *c = &t->counts;
    struct souk_error err = {0};
    struct souk_answer answer;
    const int64_t behind_us = souk_monotonic_us() - due_us;
    const int64_t deadline_ms = load->deadline_ms - behind_us / 1000;
    const struct souk_query query = {.id = user,
                                     .n = load->n,
                                     .timeout_ms = load->timeout_ms,
                                     .deadline_ms = deadline_ms > 0 ? deadline_ms : 1};
    souk_status status = souk_client_recommend(r->client, t->lane, &query, &answer, &err);
    const int64_t now_us = souk_monotonic_us(), latency_us = now_us - due_us;
    const int64_t late_us = latency_us - load->deadline_ms * 1000;
    c->sent++;
    c->behind += behind_us > SOUK_LOAD_BEHIND_US;
    c->late += late_us > SOUK_LOAD_LATE_US;
    c->very_late += late_us > SOUK_LOAD_VERY_LATE_US;
    if (status) {
        count_failure(c, status, &answer, &err);
        status = souk_samples_add(&c->refused, latency_us);
    } else {
        note_gap(r, now_us);
        status = count_answer(t, user, &answer, latency_us);
    }
    souk_answer_fini(&answer);
    return status;
}

static void *run_lane(void *argument)
{
    struct lane_thread *t = argument;
    struct run *r = t->run;
    while (!t->status) {
        int64_t due_us = 0, user = 0;
        pthread_mutex_lock(&r->lock);
        souk_arrivals_next(&r->arrivals, &due_us, &user);
        pthread_mutex_unlock(&r->lock);
        due_us = r->load->rate > 0 ? r->start_us + due_us : souk_monotonic_us();
        if (due_us >= r->end_us)
            break;
        sleep_until(due_us);
        t->status = ask(t, r->load->users[user], due_us);
    }
    return NULL;
}

/* ---- all of them ---- */

/* The clock starts when a proxy is there. */
static souk_status connect(struct run *r, struct souk_error *err)
{
    char *json = NULL;
    souk_status status = souk_client_new_tls(r->load->proxy, (int)r->load->in_flight, &r->load->tls,
                                             &r->client, err);
    if (!status)
        status = souk_client_health(r->client, 0, r->load->timeout_ms, &json, err);
    free(json);
    return status;
}

static souk_status collect(struct run *r, const struct lane_thread *threads, int64_t count,
                           struct souk_load_report *report, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    report->seconds = (double)(souk_monotonic_us() - r->start_us) * 1e-6;
    note_gap(r, souk_monotonic_us());
    report->longest_gap_ms = atomic_load(&r->longest_gap_us) / 1000;
    for (int64_t i = 0; i < count && !status; i++) {
        status = threads[i].status;
        if (!status)
            status = souk_load_counts_add(&report->counts, &threads[i].counts);
    }
    souk_load_counts_sort(&report->counts);
    return status ? souk_fail(err, status, "no memory for the latencies") : SOUK_OK;
}

souk_status souk_open_load_run(const struct souk_open_load *load, struct souk_load_report *report,
                               struct souk_error *err)
{
    struct run r = {.load = load};
    int64_t started = 0;
    struct lane_thread *threads = souk_zalloc_array((size_t)load->in_flight, sizeof *threads);
    *report = (struct souk_load_report){.seconds = 0};
    pthread_mutex_init(&r.lock, NULL);
    souk_status status = threads ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the lanes");
    if (!status)
        status = souk_arrivals_init(&r.arrivals, (uint64_t)load->seed, load->rate,
                                    (enum souk_draw)load->draw, load->zipf_exponent,
                                    load->user_count, err);
    if (!status)
        status = connect(&r, err);
    if (status)
        goto out;
    r.start_us = souk_monotonic_us();
    r.end_us = r.start_us + load->duration_ms * 1000;
    atomic_store(&r.last_answer_us, r.start_us);
    for (; started < load->in_flight && !status; started += !status) {
        threads[started] = (struct lane_thread){.run = &r, .lane = (int)started};
        if (pthread_create(&threads[started].thread, NULL, run_lane, &threads[started]) != 0)
            status = souk_fail(err, SOUK_ENOMEM, "cannot start %lld threads",
                               (long long)load->in_flight);
    }
    for (int64_t i = 0; i < started; i++)
        pthread_join(threads[i].thread, NULL);
    if (!status)
        status = collect(&r, threads, started, report, err);
out:
    for (int64_t i = 0; i < started; i++)
        souk_load_counts_fini(&threads[i].counts);
    souk_client_free(r.client);
    souk_arrivals_fini(&r.arrivals);
    pthread_mutex_destroy(&r.lock);
    free(threads);
    return status;
}
