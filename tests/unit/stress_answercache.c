/* Threads ask for the same few users while these are forgotten and the model changes: every answer
 * is whole and of its key, and what a user had done before somebody asked is in the answer. A plain
 * program, because Criterion does not start under ThreadSanitizer. */
#include "serve/proxy/answercache.h"
#include "serve/proxy/singleflight.h"
#include "shared/base/clock.h"
#include "shared/base/random.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 4, USERS = 50, STEPS = 30000, FAR_US = 60000000 };

static struct souk_answer_cache *cache;
static struct souk_single_flights flights;
static atomic_int events[USERS];       /* that a user has had: what an answer is made of */
static atomic_int acknowledged[USERS]; /* of them: whoever asks now must be told of these */
static atomic_int model;
static atomic_llong hits, misses, shared_answers;

static void fail(const char *reason)
{
    fprintf(stderr, "stress_answercache: %s\n", reason);
    exit(1);
}

static struct souk_kept_answer *compute(const struct souk_answer_key *key, int user)
{
    char body[2048];
    const int count = atomic_load(&events[user]);
    memset(body, user, sizeof body);
    const struct souk_answer_facts facts = {.returned = count};
    struct souk_kept_answer *a =
        souk_kept_answer_new(key, &facts, body, (size_t)(user * 30 + 1), souk_monotonic_us());
    if (!a)
        fail("no memory");
    if (count % 8 == 0) { /* long enough for others to follow */
        const struct timespec pause = {.tv_nsec = 50000};
        nanosleep(&pause, NULL);
    }
    return a;
}

/* @param least events that were acknowledged when the question came */
static void check(struct souk_kept_answer *a, const struct souk_answer_key *key, int user,
                  int least)
{
    if (a->key_len != key->len || memcmp(a->bytes, key->bytes, key->len) != 0)
        fail("the answer to another question");
    for (uint32_t i = 0; i < a->body_len; i++)
        if (souk_kept_answer_body(a)[i] != user)
            fail("an answer that is not whole");
    if (a->facts.returned < least)
        fail("an answer from before the user's last event");
    souk_kept_answer_give(a);
}

static void lead(struct souk_single_flight *own, const struct souk_answer_key *key, int user,
                 int least)
{
    struct souk_kept_answer *a = souk_answer_cache_find(cache, key, souk_monotonic_us());
    atomic_fetch_add(a ? &hits : &misses, 1);
    if (!a) {
        a = compute(key, user);
        souk_answer_cache_put(cache, a, souk_monotonic_us());
    }
    souk_single_flights_land(&flights, own, a);
    check(a, key, user, least);
}

static void ask(int user)
{
    struct souk_answer_key key;
    struct souk_single_flight own;
    struct souk_kept_answer *a = NULL;
    char id[16], name[16];
    const int least = atomic_load(&acknowledged[user]);
    snprintf(id, sizeof id, "u%d", user);
    snprintf(name, sizeof name, "m%d", atomic_load(&model));
    souk_answer_key_make(&key, &(struct souk_answer_question){.id = id, .id_len = strlen(id)},
                         name);
    souk_answer_cache_stamp(cache, &key);
    const int64_t now = souk_monotonic_us();
    a = souk_answer_cache_find(cache, &key, now);
    if (a) {
        atomic_fetch_add(&hits, 1);
        check(a, &key, user, least);
        return;
    }
    const enum souk_single_flight_role role =
        souk_single_flights_join(&flights, &own, &key, now, now + FAR_US, &a);
    if (role == SOUK_SINGLE_LEADS) {
        lead(&own, &key, user, least);
    } else if (role == SOUK_SINGLE_SERVED) {
        atomic_fetch_add(&shared_answers, 1);
        check(a, &key, user, least);
    } else {
        fail("neither leads nor follows");
    }
}

static void *hammer(void *argument)
{
    const uint64_t number = *(uint64_t *)argument;
    for (uint64_t step = 0; step < STEPS; step++) {
        const uint64_t bits = souk_random_bits(number, step, 0);
        const int user = (int)(bits % USERS), what = (int)(bits >> 32) % 100;
        char id[16];
        if (what < 10) {
            snprintf(id, sizeof id, "u%d", user);
            atomic_fetch_add(&events[user], 1);
            souk_answer_cache_forget(cache, id, strlen(id));
            atomic_fetch_add(&acknowledged[user], 1);
        } else if (what == 10 && step % 10 == 0) {
            atomic_fetch_add(&model, 1);
        } else {
            ask(user);
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    uint64_t numbers[THREADS];
    struct souk_answer_cache_stats stats;
    struct souk_error err = {0};
    if (souk_answer_cache_new(SOUK_ANSWER_CACHE_BYTES_MIN, FAR_US, &cache, &err) != SOUK_OK)
        fail(err.msg);
    souk_single_flights_init(&flights);
    for (uint64_t i = 0; i < THREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, hammer, &numbers[i]) != 0)
            fail("no thread");
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    souk_answer_cache_read(cache, &stats);
    souk_answer_cache_free(cache);
    souk_single_flights_fini(&flights);
    printf("%lld hits, %lld misses, %lld shared, %lld answers held\n", (long long)hits,
           (long long)misses, (long long)shared_answers, (long long)stats.entries);
    return hits > 0 && misses > 0 && shared_answers > 0 ? 0 : 1;
}
