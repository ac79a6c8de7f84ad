#include "serve/events/eventwriter.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { PROBE_US = 250000 }; /* while the store fails: so often a batch goes through to try it */

struct writer_metrics {
    struct souk_counter *stored, *duplicates, *failed, *refused;
    struct souk_gauge *queued, *up;
    struct souk_histogram *group, *append;
};

struct souk_event_writer {
    char *url;
    struct souk_event_store *store; /* NULL: it could not be opened yet */
    int queue_max;
    souk_event_stored stored;
    void *context;
    struct writer_metrics metrics;
    struct souk_event_record *events; /* [SOUK_EVENT_GROUP_MAX] the group that is stored */
    enum souk_event_fate *fates;      /* [SOUK_EVENT_GROUP_MAX] */
    pthread_t thread;
    bool started;
    atomic_bool well;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;
    struct souk_event_batch *first, *last;
    int under_way;    /* events that are queued, or in the group that is stored */
    int64_t probe_us; /* when the next batch may try a store that fails */
    bool stopping;
};

/* ---- putting ---- */

static void end(struct souk_event_batch *batch, souk_status status, const char *reason)
{
    batch->status = status;
    batch->reason = reason;
    batch->done(batch); /* it is gone */
}

/* Under the lock. @return SOUK_OK: the batch is queued */
static souk_status judge(struct souk_event_writer *w, const struct souk_event_batch *batch)
{
    const int64_t now_us = souk_monotonic_us();
    if (w->stopping)
        return SOUK_EUNAVAILABLE;
    if (w->under_way + batch->count > w->queue_max)
        return SOUK_ELIMIT;
    if (atomic_load(&w->well))
        return SOUK_OK;
    if (now_us < w->probe_us)
        return SOUK_EUNAVAILABLE;
    w->probe_us = now_us + PROBE_US;
    return SOUK_OK;
}

static void enqueue(struct souk_event_writer *w, struct souk_event_batch *batch)
{
    batch->next = NULL;
    if (w->last)
        w->last->next = batch;
    else
        w->first = batch;
    w->last = batch;
    w->under_way += batch->count;
    souk_gauge_set(w->metrics.queued, w->under_way);
    pthread_cond_signal(&w->work);
}

void souk_event_writer_put(struct souk_event_writer *w, struct souk_event_batch *batch)
{
    const int count = batch->count;
    pthread_mutex_lock(&w->lock);
    const souk_status status = judge(w, batch);
    if (status == SOUK_OK)
        enqueue(w, batch);
    pthread_mutex_unlock(&w->lock);
    if (status == SOUK_OK)
        return;
    souk_counter_add(w->metrics.refused, (uint64_t)count);
    end(batch, status,
        status == SOUK_ELIMIT ? "too many events wait to be stored"
                              : "the store of events cannot be written at the moment");
}

/* ---- storing ---- */

/* Whole batches, as many as fit. @return the first of them, NULL: stopping, nothing is left */
static struct souk_event_batch *take_group(struct souk_event_writer *w, int *count)
{
    struct souk_event_batch *group, *last = NULL;
    *count = 0;
    pthread_mutex_lock(&w->lock);
    while (!w->first && !w->stopping)
        pthread_cond_wait(&w->work, &w->lock);
    group = w->first;
    for (struct souk_event_batch *b = group; b && *count + b->count <= SOUK_EVENT_GROUP_MAX;
         b = b->next) {
        *count += b->count;
        last = b;
    }
    if (last) {
        w->first = last->next;
        w->last = w->first ? w->last : NULL;
        last->next = NULL;
    }
    pthread_mutex_unlock(&w->lock);
    return group;
}

static void gather(struct souk_event_writer *w, const struct souk_event_batch *group)
{
    const int64_t now_ms = souk_wall_ms();
    int n = 0;
    for (const struct souk_event_batch *b = group; b; b = b->next) {
        memcpy(&w->events[n], b->events, (size_t)b->count * sizeof *b->events);
        n += b->count;
    }
    for (int i = 0; i < n; i++)
        w->events[i].stored_ms = now_ms;
}

static souk_status append(struct souk_event_writer *w, int count, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if (!w->store)
        status = souk_event_store_open(w->url, SOUK_EVENTS_WRITE, &w->store, err);
    if (!status)
        status = souk_event_store_append(w->store, w->events, count, w->fates, err);
    return status;
}

/* Whoever is told that an event is stored must find it everywhere already. */
static void spread(struct souk_event_writer *w, int count)
{
    int stored = 0;
    for (int i = 0; i < count; i++) {
        stored += w->fates[i] == SOUK_EVENT_STORED;
        if (w->fates[i] != SOUK_EVENT_ERASED)
            w->stored(w->context, &w->events[i], w->fates[i]);
    }
    souk_counter_add(w->metrics.stored, (uint64_t)stored);
    souk_counter_add(w->metrics.duplicates, (uint64_t)(count - stored));
    souk_histogram_add(w->metrics.group, count);
}

static void end_group(struct souk_event_batch *group, const enum souk_event_fate *fates,
                      souk_status status, const char *reason)
{
    while (group) {
        struct souk_event_batch *next = group->next;
        const int count = group->count;
        if (!status)
            memcpy(group->fates, fates, (size_t)count * sizeof *fates);
        end(group, status, status ? reason : "");
        fates += count;
        group = next;
    }
}

/* Say when the store fails and when it is back, not for every group. */
static void note_state(struct souk_event_writer *w, souk_status status,
                       const struct souk_error *err)
{
    const bool was_well = atomic_exchange(&w->well, !status);
    souk_gauge_set(w->metrics.up, !status);
    if (was_well && status)
        souk_log(SOUK_LOG_ERROR, "events_not_stored", "reason=\"%s\"", err->msg);
    else if (!was_well && !status)
        souk_log(SOUK_LOG_INFO, "events_stored_again", "%s", "");
}

static void store_group(struct souk_event_writer *w, struct souk_event_batch *group, int count)
{
    struct souk_error err = {0};
    const int64_t start_us = souk_monotonic_us();
    gather(w, group);
    const souk_status status = append(w, count, &err);
    souk_histogram_add(w->metrics.append, souk_monotonic_us() - start_us);
    note_state(w, status, &err);
    if (status)
        souk_counter_add(w->metrics.failed, (uint64_t)count);
    else
        spread(w, count);
    pthread_mutex_lock(&w->lock);
    w->under_way -= count;
    w->probe_us = souk_monotonic_us() + PROBE_US;
    souk_gauge_set(w->metrics.queued, w->under_way);
    pthread_mutex_unlock(&w->lock);
    end_group(group, w->fates, status, err.msg);
}

static void *work(void *argument)
{
    struct souk_event_writer *w = argument;
    struct souk_event_batch *group;
    int count;
    while ((group = take_group(w, &count)))
        store_group(w, group, count);
    return NULL;
}

/* ---- making ---- */

static void make_metrics(struct souk_event_writer *w, struct souk_metrics *m)
{
    struct writer_metrics *c = &w->metrics;
    const char *const fates = "Events by what became of them.";
    const char *const name = "souk_events_total";
    c->stored =
        souk_metrics_counter(m, name, fates, (struct souk_label[]){{"fate", "stored"}, {0}});
    c->duplicates =
        souk_metrics_counter(m, name, fates, (struct souk_label[]){{"fate", "duplicate"}, {0}});
    c->failed =
        souk_metrics_counter(m, name, fates, (struct souk_label[]){{"fate", "failed"}, {0}});
    c->refused =
        souk_metrics_counter(m, name, fates, (struct souk_label[]){{"fate", "refused"}, {0}});
    c->queued = souk_metrics_gauge(m, "souk_events_queued",
                                   "Events that wait to be stored, or are stored right now.", NULL);
    c->up = souk_metrics_gauge(m, "souk_event_store_up",
                               "Whether the last group of events could be stored.", NULL);
    c->group = souk_metrics_histogram(m, "souk_event_group_size", "Events stored at once.", NULL,
                                      &souk_bounds_count);
    c->append = souk_metrics_histogram(m, "souk_event_append_seconds",
                                       "Time to store a group of events durably.", NULL,
                                       &souk_bounds_seconds);
}

/* A server that is away is waited for: recommendations do not depend on it. */
static souk_status open_store(struct souk_event_writer *w, struct souk_error *err)
{
    souk_status status = souk_event_store_open(w->url, SOUK_EVENTS_WRITE, &w->store, err);
    if (!status)
        status = souk_event_store_claim(w->store, err);
    if (status != SOUK_EUNAVAILABLE) {
        atomic_store(&w->well, !status);
        souk_gauge_set(w->metrics.up, !status);
        return status;
    }
    souk_log(SOUK_LOG_ERROR, "events_not_stored", "reason=\"%s\"", err->msg);
    return SOUK_OK;
}

souk_status souk_event_writer_start(const char *url, int queue_max, souk_event_stored stored,
                                    void *context, struct souk_metrics *registry,
                                    struct souk_event_writer **out, struct souk_error *err)
{
    struct souk_event_writer *w = souk_zalloc_array(1, sizeof *w);
    souk_status status = SOUK_OK;
    *out = NULL;
    if (!w)
        return souk_fail(err, SOUK_ENOMEM, "no memory");
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    w->queue_max = queue_max;
    w->stored = stored;
    w->context = context;
    w->url = strdup(url);
    w->events = souk_zalloc_array(SOUK_EVENT_GROUP_MAX, sizeof *w->events);
    w->fates = souk_zalloc_array(SOUK_EVENT_GROUP_MAX, sizeof *w->fates);
    make_metrics(w, registry);
    if (!w->url || !w->events || !w->fates)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a group of events");
    if (!status)
        status = open_store(w, err);
    if (!status) {
        w->started = pthread_create(&w->thread, NULL, work, w) == 0;
        if (!w->started)
            status = souk_fail(err, SOUK_ENOMEM, "cannot start the writer of events");
    }
    if (status) {
        souk_event_writer_stop(w);
        return status;
    }
    *out = w;
    return SOUK_OK;
}

void souk_event_writer_stop(struct souk_event_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    if (w->started)
        pthread_join(w->thread, NULL);
    souk_event_store_close(w->store);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w->url);
    free(w->events);
    free(w->fates);
    free(w);
}
