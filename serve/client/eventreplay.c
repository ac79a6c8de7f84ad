#include "serve/client/eventreplay.h"

#include "serve/net/shutdown.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/base/progress.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { PAUSE_US = 100000, LOOK_MS = 100 };

struct replay;

/* A lane and the events that it carries. */
struct load {
    struct replay *replay;
    int lane, count;
    int64_t first;         /* event */
    int64_t again_us;      /* when to send them again */
    enum souk_sent *fates; /* [batch] */
    souk_status status;
    struct souk_error err;
    struct load *next;
};

struct replay {
    struct souk_client *client;
    const struct souk_event_replay *plan;
    struct souk_event_replayed *out;
    struct load *loads; /* [in_flight] */
    enum souk_sent *fates;
    int64_t next, done; /* events */
    int under_way;
    int64_t heard_us;     /* when something was acknowledged */
    struct load *waiting; /* to be sent again */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct load *ended; /* under the lock: for the main thread */
};

/* By a thread of the client's. */
static void note_end(void *context, souk_status status, const struct souk_error *err)
{
    struct load *l = context;
    struct replay *r = l->replay;
    l->status = status;
    l->err = *err;
    pthread_mutex_lock(&r->lock);
    l->next = r->ended;
    r->ended = l;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void give(struct replay *r, struct load *l)
{
    r->under_way++;
    souk_client_send_begin(r->client, l->lane, r->plan->events + l->first, l->count,
                           r->plan->timeout_ms, l->fates, note_end, l);
}

static bool send_next(struct replay *r, struct load *l)
{
    const int64_t left = r->plan->count - r->next;
    if (left == 0)
        return false;
    l->first = r->next;
    l->count = left < r->plan->batch ? (int)left : r->plan->batch;
    r->next += l->count;
    give(r, l);
    return true;
}

/* What ended since the last look; waits a little. */
static struct load *take_ended(struct replay *r)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (r->waiting ? 5 : LOOK_MS) * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&r->lock);
    if (!r->ended && r->under_way > 0)
        pthread_cond_timedwait(&r->changed, &r->lock, &until);
    struct load *ended = r->ended;
    r->ended = NULL;
    pthread_mutex_unlock(&r->lock);
    return ended;
}

static bool may_try_again(souk_status status)
{
    return status == SOUK_EUNAVAILABLE || status == SOUK_ETIMEDOUT || status == SOUK_ENOMEM;
}

static souk_status end_load(struct replay *r, struct load *l, struct souk_error *err)
{
    r->under_way--;
    if (l->status == SOUK_OK) {
        for (int i = 0; i < l->count; i++)
            r->out->fates[l->fates[i]]++;
        r->done += l->count;
        r->heard_us = souk_monotonic_us();
        send_next(r, l);
        return SOUK_OK;
    }
    if (!may_try_again(l->status) ||
        souk_monotonic_us() - r->heard_us > r->plan->patience_ms * 1000) {
        *err = l->err;
        return l->status;
    }
    r->out->retries++;
    l->again_us = souk_monotonic_us() + PAUSE_US;
    l->next = r->waiting;
    r->waiting = l;
    return SOUK_OK;
}

static void send_again(struct replay *r)
{
    const int64_t now_us = souk_monotonic_us();
    struct load **link = &r->waiting;
    while (*link) {
        struct load *l = *link;
        if (l->again_us > now_us) {
            link = &l->next;
            continue;
        }
        *link = l->next;
        give(r, l);
    }
}

static souk_status turn(struct replay *r, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    struct load *next;
    for (struct load *l = take_ended(r); l; l = next) {
        next = l->next;
        const souk_status found = end_load(r, l, err);
        status = status ? status : found;
    }
    if (!status && souk_shutdown_wait_ms(0) != 0)
        status = souk_fail(err, SOUK_EINTERRUPTED, "interrupted");
    if (!status)
        send_again(r);
    return status;
}

/* Requests under way use our memory: wait for them whatever happened. */
static void let_end(struct replay *r)
{
    while (r->under_way > 0)
        for (struct load *l = take_ended(r); l; l = l->next)
            r->under_way--;
}

static souk_status run(struct replay *r, struct souk_error *err)
{
    struct souk_progress progress;
    souk_status status = SOUK_OK;
    const int64_t start_us = souk_monotonic_us();
    souk_progress_init(&progress, "send", r->plan->count, "events", r->plan->quiet);
    r->heard_us = start_us;
    for (int i = 0; i < r->plan->in_flight && send_next(r, &r->loads[i]); i++)
        continue;
    while (!status && r->done < r->plan->count) {
        status = turn(r, err);
        souk_progress_update(&progress, r->done, NULL);
    }
    let_end(r);
    souk_progress_finish(&progress, r->done, NULL);
    r->out->seconds = (double)(souk_monotonic_us() - start_us) * 1e-6;
    return status;
}

souk_status souk_event_replay_run(struct souk_client *client, const struct souk_event_replay *plan,
                                  struct souk_event_replayed *out, struct souk_error *err)
{
    struct replay r = {.client = client, .plan = plan, .out = out};
    pthread_condattr_t attributes;
    souk_status status;
    *out = (struct souk_event_replayed){.retries = 0};
    pthread_mutex_init(&r.lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&r.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    r.loads = souk_zalloc_array((size_t)plan->in_flight, sizeof *r.loads);
    r.fates = souk_zalloc_array((size_t)plan->in_flight * (size_t)plan->batch, sizeof *r.fates);
    for (int i = 0; r.loads && r.fates && i < plan->in_flight; i++)
        r.loads[i] = (struct load){
            .replay = &r, .lane = i, .fates = r.fates + (size_t)i * (size_t)plan->batch};
    status = r.loads && r.fates ? run(&r, err) : souk_fail(err, SOUK_ENOMEM, "no memory");
    free(r.loads);
    free(r.fates);
    pthread_cond_destroy(&r.changed);
    pthread_mutex_destroy(&r.lock);
    return status;
}
