#include "serve/client/openload.h"

#include "serve/client/souk_client.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLEEP_MIN_US = 250 };

/* A lane of the client: at rest in the ring, or with a request under way. */
struct lane {
    struct run *run;
    int number;
    int64_t due_us, behind_us; /* of the request under way */
    const char *user;
    struct souk_load_counts counts;
    souk_status status; /* SOUK_ENOMEM: not all could be counted */
};

struct run {
    const struct souk_open_load *load;
    struct souk_client *client;
    int64_t start_us, end_us;
    struct souk_arrivals arrivals;
    struct lane *lanes; /* [load->in_flight] */
    atomic_llong last_answer_us, longest_gap_us;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    struct lane **ring; /* [load->in_flight] lanes at rest, under the lock; the longest at rest is
                           the next one, so that all proxies get their turns */
    int64_t first, resting;
};

/* ---- the end before its time ---- */

static atomic_bool interrupted;

static void interrupt_run(int number)
{
    if (number == SIGINT || number == SIGTERM)
        atomic_store(&interrupted, true);
}

/* Of a thread that sleeps, the signal ends the sleep. */
static souk_status listen_to_signals(struct souk_error *err)
{
    const struct sigaction action = {.sa_handler = interrupt_run};
    atomic_store(&interrupted, false);
    if (sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0)
        return souk_fail_errno(err, "signals");
    return SOUK_OK;
}

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

static souk_status count_answer(struct lane *l, const struct souk_answer *a, int64_t latency_us)
{
    struct souk_load_counts *c = &l->counts;
    c->by_status[SOUK_WIRE_OK]++;
    c->partial += a->partial;
    c->degraded += a->degraded;
    check(c, l->run->load, l->user, a);
    const souk_status status = souk_samples_add(&c->answered, latency_us);
    return status ? status : souk_samples_add(&c->server, a->took_us);
}

static souk_status count_end(struct lane *l, int64_t now_us, souk_status status,
                             const struct souk_answer *answer, const struct souk_error *err)
{
    struct souk_load_counts *c = &l->counts;
    const int64_t latency_us = now_us - l->due_us;
    const int64_t late_us = latency_us - l->run->load->deadline_ms * 1000;
    c->sent++;
    c->behind += l->behind_us > SOUK_LOAD_BEHIND_US;
    c->late += late_us > SOUK_LOAD_LATE_US;
    c->very_late += late_us > SOUK_LOAD_VERY_LATE_US;
    if (!status) {
        note_gap(l->run, now_us);
        return count_answer(l, answer, latency_us);
    }
    count_failure(c, status, answer, err);
    return souk_samples_add(&c->refused, latency_us);
}

/* ---- lanes at rest ---- */

static void rest(struct lane *l)
{
    struct run *r = l->run;
    const int64_t lanes = r->load->in_flight;
    pthread_mutex_lock(&r->lock);
    r->ring[(r->first + r->resting++) % lanes] = l;
    if (r->resting == 1 || r->resting == lanes) /* the dispatcher may wait for one, or for all */
        pthread_cond_signal(&r->freed);
    pthread_mutex_unlock(&r->lock);
}

static struct lane *next_lane(struct run *r)
{
    pthread_mutex_lock(&r->lock);
    while (r->resting == 0)
        pthread_cond_wait(&r->freed, &r->lock);
    struct lane *l = r->ring[r->first];
    r->first = (r->first + 1) % r->load->in_flight;
    r->resting--;
    pthread_mutex_unlock(&r->lock);
    return l;
}

static void wait_for_all(struct run *r)
{
    pthread_mutex_lock(&r->lock);
    while (r->resting < r->load->in_flight)
        pthread_cond_wait(&r->freed, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

/* ---- the requests ---- */

/* A little longer than until the next one, so that requests that are due together go together: at
 * 10,000 a second a wake-up each costs more than all the rest. */
static void sleep_until(int64_t due_us)
{
    int64_t left = due_us - souk_monotonic_us();
    if (left > 0) {
        left = left > SLEEP_MIN_US ? left : SLEEP_MIN_US;
        const struct timespec pause = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
        nanosleep(&pause, NULL);
    }
}

/* On a thread of the client's. */
static void end_request(void *context, souk_status status, const struct souk_answer *answer,
                        const struct souk_error *err)
{
    struct lane *l = context;
    const souk_status counted = count_end(l, souk_monotonic_us(), status, answer, err);
    if (counted)
        l->status = counted;
    rest(l);
}

static void begin_request(struct lane *l, const char *user, int64_t due_us)
{
    const struct souk_open_load *load = l->run->load;
    l->user = user;
    l->due_us = due_us;
    l->behind_us = souk_monotonic_us() - due_us;
    const int64_t deadline_ms = load->deadline_ms - l->behind_us / 1000;
    const struct souk_query query = {.id = user,
                                     .n = load->n,
                                     .timeout_ms = load->timeout_ms,
                                     .deadline_ms = deadline_ms > 0 ? deadline_ms : 1};
    souk_client_recommend_begin(l->run->client, l->number, &query, end_request, l);
}

/* The dispatcher: until the time is over, or a signal. Without a rate a request is due when a lane
 * is free for it. */
static void dispatch(struct run *r)
{
    const struct souk_open_load *load = r->load;
    while (!atomic_load(&interrupted)) {
        int64_t due_us = 0, user = 0;
        souk_arrivals_next(&r->arrivals, &due_us, &user);
        due_us += r->start_us;
        if (load->rate > 0 && due_us >= r->end_us)
            break;
        if (load->rate > 0)
            sleep_until(due_us);
        struct lane *l = next_lane(r);
        if (load->rate <= 0)
            due_us = souk_monotonic_us();
        if (due_us >= r->end_us || l->status || atomic_load(&interrupted)) {
            rest(l);
            break;
        }
        begin_request(l, load->users[user], due_us);
    }
    wait_for_all(r);
}

/* ---- all of them ---- */

/* The clock starts when a proxy is there. */
static souk_status connect(struct run *r, struct souk_error *err)
{
    char *json = NULL;
    souk_status status = souk_client_new_tls(r->load->proxy, (int)r->load->in_flight, &r->load->tls,
                                             &r->client, err);
    if (!status)
        status = souk_client_load_token(r->client, r->load->token_file, err);
    if (!status)
        status = souk_client_health(r->client, 0, r->load->timeout_ms, &json, err);
    free(json);
    return status;
}

/* All at rest. */
static souk_status make_lanes(struct run *r, struct souk_error *err)
{
    const int64_t lanes = r->load->in_flight;
    r->lanes = souk_zalloc_array((size_t)lanes, sizeof *r->lanes);
    r->ring = souk_zalloc_array((size_t)lanes, sizeof(struct lane *));
    if (!r->lanes || !r->ring)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the lanes");
    for (int64_t i = 0; i < lanes; i++) {
        r->lanes[i] = (struct lane){.run = r, .number = (int)i};
        r->ring[i] = &r->lanes[i];
    }
    r->resting = lanes;
    return SOUK_OK;
}

static souk_status collect(struct run *r, struct souk_load_report *report, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    const int64_t now_us = souk_monotonic_us();
    report->seconds = (double)(now_us - r->start_us) * 1e-6;
    note_gap(r, now_us);
    report->longest_gap_ms = atomic_load(&r->longest_gap_us) / 1000;
    for (int64_t i = 0; i < r->load->in_flight && !status; i++) {
        status = r->lanes[i].status;
        if (!status)
            status = souk_load_counts_add(&report->counts, &r->lanes[i].counts);
    }
    souk_load_counts_sort(&report->counts);
    return status ? souk_fail(err, status, "no memory for the latencies") : SOUK_OK;
}

souk_status souk_open_load_run(const struct souk_open_load *load, struct souk_load_report *report,
                               struct souk_error *err)
{
    struct run r = {.load = load};
    *report = (struct souk_load_report){.seconds = 0};
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.freed, NULL);
    souk_status status = make_lanes(&r, err);
    if (!status)
        status = souk_arrivals_init(&r.arrivals, (uint64_t)load->seed, load->rate,
                                    (enum souk_draw)load->draw, load->zipf_exponent,
                                    load->user_count, err);
    if (!status)
        status = listen_to_signals(err);
    if (!status)
        status = connect(&r, err);
    if (status)
        goto out;
    r.start_us = souk_monotonic_us();
    r.end_us = r.start_us + load->duration_ms * 1000;
    atomic_store(&r.last_answer_us, r.start_us);
    dispatch(&r);
    status = collect(&r, report, err);
out:
    souk_client_free(r.client);
    for (int64_t i = 0; r.lanes && i < load->in_flight; i++)
        souk_load_counts_fini(&r.lanes[i].counts);
    souk_arrivals_fini(&r.arrivals);
    pthread_cond_destroy(&r.freed);
    pthread_mutex_destroy(&r.lock);
    free(r.ring);
    free(r.lanes);
    return status;
}
