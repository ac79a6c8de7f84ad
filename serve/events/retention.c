#include "serve/events/retention.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/events/eventstore.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVERY_S = 3600, AGAIN_S = 60 /* after a failure */ };

struct souk_retention {
    char *url;
    int64_t keep_ms;
    struct souk_counter *pruned;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t ending;
    bool ends; /* under the lock */
};

static souk_status prune(struct souk_retention *r)
{
    struct souk_event_store *store = NULL;
    struct souk_error err = {0};
    int64_t deleted = 0;
    souk_status status = souk_event_store_open(r->url, SOUK_EVENTS_WRITE, &store, &err);
    if (!status)
        status = souk_event_store_prune(store, souk_wall_ms() - r->keep_ms, &deleted, &err);
    souk_event_store_close(store);
    souk_counter_add(r->pruned, (uint64_t)deleted);
    if (status)
        souk_log(SOUK_LOG_WARN, "events_not_pruned", "reason=\"%s\"", err.msg);
    else if (deleted > 0)
        souk_log(SOUK_LOG_INFO, "events_pruned", "count=%" PRId64, deleted);
    return status;
}

/* @return false: it is over */
static bool rest(struct souk_retention *r, int seconds)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&r->lock);
    while (!r->ends && rc == 0)
        rc = pthread_cond_timedwait(&r->ending, &r->lock, &until);
    const bool go_on = !r->ends;
    pthread_mutex_unlock(&r->lock);
    return go_on;
}

static void *work(void *argument)
{
    struct souk_retention *r = argument;
    while (rest(r, prune(r) == SOUK_OK ? EVERY_S : AGAIN_S))
        continue;
    return NULL;
}

souk_status souk_retention_start(const char *url, int64_t keep_ms, struct souk_metrics *registry,
                                 struct souk_retention **out, struct souk_error *err)
{
    struct souk_retention *r = souk_zalloc_array(1, sizeof *r);
    pthread_condattr_t attributes;
    *out = NULL;
    if (!r)
        return souk_fail(err, SOUK_ENOMEM, "no memory");
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&r->ending, &attributes);
    pthread_condattr_destroy(&attributes);
    r->keep_ms = keep_ms;
    r->pruned = souk_metrics_counter(registry, "souk_events_pruned_total",
                                     "Events deleted for their age.", NULL);
    r->url = strdup(url);
    r->started = r->url && pthread_create(&r->thread, NULL, work, r) == 0;
    if (!r->started) {
        souk_retention_stop(r);
        return souk_fail(err, SOUK_ENOMEM, "cannot start to prune events");
    }
    *out = r;
    return SOUK_OK;
}

void souk_retention_stop(struct souk_retention *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->ends = true;
    pthread_cond_signal(&r->ending);
    pthread_mutex_unlock(&r->lock);
    if (r->started)
        pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->ending);
    pthread_mutex_destroy(&r->lock);
    free(r->url);
    free(r);
}
