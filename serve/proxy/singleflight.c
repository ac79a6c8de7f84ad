#include "serve/proxy/singleflight.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* A follower, on its stack. */
struct souk_single_flight_waiter {
    pthread_cond_t landed;
    bool done;
    struct souk_kept_answer *answer;
    struct souk_single_flight_waiter *next;
};

void souk_single_flights_init(struct souk_single_flights *f)
{
    *f = (struct souk_single_flights){.buckets = {NULL}};
    pthread_mutex_init(&f->lock, NULL);
    pthread_condattr_init(&f->clock);
    pthread_condattr_setclock(&f->clock, CLOCK_MONOTONIC);
}

void souk_single_flights_fini(struct souk_single_flights *f)
{
    pthread_condattr_destroy(&f->clock);
    pthread_mutex_destroy(&f->lock);
}

static struct souk_single_flight **bucket_of(struct souk_single_flights *f,
                                             const struct souk_answer_key *key)
{
    return &f->buckets[key->name_hash % SOUK_SINGLE_BUCKETS];
}

/* The same question, to the same version, and nothing has happened to its owner in between. */
static bool is_same(const struct souk_answer_key *a, const struct souk_answer_key *b)
{
    return a->name_hash == b->name_hash && a->stamp == b->stamp && a->len == b->len &&
           memcmp(a->bytes, b->bytes, a->len) == 0;
}

static struct souk_single_flight *find(struct souk_single_flights *f,
                                       const struct souk_answer_key *key)
{
    struct souk_single_flight *flight = *bucket_of(f, key);
    while (flight && !is_same(flight->key, key))
        flight = flight->next;
    return flight;
}

static bool is_alike(int64_t leader_us, int64_t own_us, int64_t now_us)
{
    return leader_us <= own_us + SOUK_SINGLE_SLACK_US &&
           leader_us - now_us >= (own_us - now_us) / 2;
}

static void take_off(struct souk_single_flights *f, struct souk_single_flight *own,
                     const struct souk_answer_key *key, int64_t deadline_us)
{
    struct souk_single_flight **bucket = bucket_of(f, key);
    *own = (struct souk_single_flight){.key = key, .deadline_us = deadline_us, .next = *bucket};
    *bucket = own;
}

static void leave(struct souk_single_flight *flight, struct souk_single_flight_waiter *w)
{
    struct souk_single_flight_waiter **link = &flight->waiters;
    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
}

/* @return false: too late */
static bool wait(struct souk_single_flights *f, struct souk_single_flight *flight,
                 int64_t deadline_us, struct souk_kept_answer **answer)
{
    const struct timespec until = {.tv_sec = deadline_us / 1000000,
                                   .tv_nsec = deadline_us % 1000000 * 1000};
    struct souk_single_flight_waiter w = {.next = flight->waiters};
    int rc = 0;
    pthread_cond_init(&w.landed, &f->clock);
    flight->waiters = &w;
    atomic_fetch_add(&f->waiting, 1);
    while (!w.done && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&w.landed, &f->lock, &until);
    if (!w.done)
        leave(flight, &w);
    atomic_fetch_sub(&f->waiting, 1);
    pthread_cond_destroy(&w.landed);
    *answer = w.answer;
    return w.done;
}

enum souk_single_flight_role souk_single_flights_join(struct souk_single_flights *f,
                                                      struct souk_single_flight *own,
                                                      const struct souk_answer_key *key,
                                                      int64_t now_us, int64_t deadline_us,
                                                      struct souk_kept_answer **answer)
{
    enum souk_single_flight_role role = SOUK_SINGLE_LEADS;
    *answer = NULL;
    pthread_mutex_lock(&f->lock);
    struct souk_single_flight *flight = find(f, key);
    if (!flight)
        take_off(f, own, key, deadline_us);
    else if (!is_alike(flight->deadline_us, deadline_us, now_us))
        role = SOUK_SINGLE_ALONE;
    else
        role = wait(f, flight, deadline_us, answer) ? SOUK_SINGLE_SERVED : SOUK_SINGLE_LATE;
    pthread_mutex_unlock(&f->lock);
    return role;
}

void souk_single_flights_land(struct souk_single_flights *f, struct souk_single_flight *own,
                              struct souk_kept_answer *answer)
{
    pthread_mutex_lock(&f->lock);
    struct souk_single_flight **link = bucket_of(f, own->key);
    while (*link != own)
        link = &(*link)->next;
    *link = own->next;
    for (struct souk_single_flight_waiter *w = own->waiters, *next; w; w = next) {
        next = w->next;
        w->answer = answer ? souk_kept_answer_take(answer) : NULL;
        w->done = true;
        pthread_cond_signal(&w->landed);
    }
    pthread_mutex_unlock(&f->lock);
}
