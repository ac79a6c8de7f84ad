#include "serve/events/storereaders.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AWAY_US = 250000, WAIT_US = 20000 };

struct souk_store_readers {
    char *url;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t freed;
    int64_t away_us; /* until then nobody tries */
    int closed;      /* connections that are not open */
    int idle_count;
    struct souk_event_store **idle; /* [count] */
};

struct souk_store_readers *souk_store_readers_new(const char *url, int count)
{
    struct souk_store_readers *r = souk_zalloc_array(1, sizeof *r);
    pthread_condattr_t attributes;
    if (!r)
        return NULL;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&r->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    r->closed = count;
    r->url = strdup(url);
    r->idle = souk_zalloc_array((size_t)count, sizeof(struct souk_event_store *));
    if (r->url && r->idle)
        return r;
    souk_store_readers_free(r);
    return NULL;
}

void souk_store_readers_free(struct souk_store_readers *r)
{
    if (!r)
        return;
    for (int i = 0; i < r->idle_count; i++)
        souk_event_store_close(r->idle[i]);
    pthread_cond_destroy(&r->freed);
    pthread_mutex_destroy(&r->lock);
    free(r->url);
    free(r->idle);
    free(r);
}

/* Under the lock. @return false: too late */
static bool wait_for_one(struct souk_store_readers *r)
{
    const int64_t end_us = souk_monotonic_us() + WAIT_US;
    const struct timespec end = {.tv_sec = end_us / 1000000, .tv_nsec = end_us % 1000000 * 1000};
    while (r->idle_count == 0 && r->closed == 0)
        if (pthread_cond_timedwait(&r->freed, &r->lock, &end) != 0)
            return false;
    return true;
}

souk_status souk_store_readers_take(struct souk_store_readers *r, struct souk_event_store **out,
                                    struct souk_error *err)
{
    souk_status status = SOUK_OK;
    bool open = false;
    *out = NULL;
    pthread_mutex_lock(&r->lock);
    if (souk_monotonic_us() < r->away_us)
        status = souk_fail(err, SOUK_EUNAVAILABLE, "the store of events is away");
    else if (!wait_for_one(r))
        status = souk_fail(err, SOUK_EUNAVAILABLE, "the store of events does not answer");
    else if (r->idle_count > 0)
        *out = r->idle[--r->idle_count];
    else
        open = true;
    r->closed -= open;
    pthread_mutex_unlock(&r->lock);
    if (!open)
        return status;
    status = souk_event_store_open(r->url, SOUK_EVENTS_READ, out, err);
    if (status)
        souk_store_readers_give(r, NULL, status);
    return status;
}

void souk_store_readers_give(struct souk_store_readers *r, struct souk_event_store *store,
                             souk_status status)
{
    pthread_mutex_lock(&r->lock);
    if (store)
        r->idle[r->idle_count++] = store;
    else
        r->closed++;
    if (status == SOUK_EUNAVAILABLE || status == SOUK_EIO || !store)
        r->away_us = souk_monotonic_us() + AWAY_US;
    pthread_cond_signal(&r->freed);
    pthread_mutex_unlock(&r->lock);
}
