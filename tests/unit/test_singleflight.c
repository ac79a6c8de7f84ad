/* Threads that ask the same: who leads, who follows, and what they get. */
#include "serve/proxy/singleflight.h"

#include "shared/base/clock.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

enum { FOLLOWERS = 8, FAR_US = 20000000 };

static struct souk_single_flights flights;
static struct souk_answer_key key;

static struct souk_answer_key key_of(const char *user, const char *model, uint32_t stamp)
{
    struct souk_answer_key k;
    souk_answer_key_make(
        &k, &(struct souk_answer_question){.id = user, .id_len = strlen(user), .n = 10}, model);
    k.stamp = stamp;
    return k;
}

static void start(void)
{
    souk_single_flights_init(&flights);
    key = key_of("u1", "m", 0);
}

static void stop(void)
{
    souk_single_flights_fini(&flights);
}

TestSuite(singleflight, .init = start, .fini = stop, .timeout = 30);

static struct souk_kept_answer *answer_of(int number)
{
    const struct souk_answer_facts facts = {.returned = number, .partial = true};
    struct souk_kept_answer *a = souk_kept_answer_new(&key, &facts, "body", 4, 0);
    cr_assert(a);
    return a;
}

struct follower {
    pthread_t thread;
    int64_t left_us;
    enum souk_single_flight_role role;
    struct souk_kept_answer *answer;
};

static void *follow(void *argument)
{
    struct follower *f = argument;
    const int64_t now = souk_monotonic_us();
    struct souk_single_flight own;
    f->role = souk_single_flights_join(&flights, &own, &key, now, now + f->left_us, &f->answer);
    return NULL;
}

static void send_off(struct follower *f, int count, int64_t left_us)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < count; i++) {
        f[i] = (struct follower){.left_us = left_us};
        cr_assert_eq(pthread_create(&f[i].thread, NULL, follow, &f[i]), 0);
    }
    while (atomic_load(&flights.waiting) < count)
        nanosleep(&pause, NULL);
}

static enum souk_single_flight_role join(struct souk_single_flight *own,
                                         const struct souk_answer_key *k, int64_t left_us)
{
    struct souk_kept_answer *answer;
    const int64_t now = souk_monotonic_us();
    const enum souk_single_flight_role role =
        souk_single_flights_join(&flights, own, k, now, now + left_us, &answer);
    cr_assert_null(answer);
    return role;
}

Test(singleflight, all_get_the_answer_of_the_first)
{
    struct follower f[FOLLOWERS];
    struct souk_single_flight own;
    struct souk_kept_answer *answer = answer_of(5);
    cr_assert_eq(join(&own, &key, FAR_US), SOUK_SINGLE_LEADS);
    send_off(f, FOLLOWERS, FAR_US);
    souk_single_flights_land(&flights, &own, answer);
    souk_kept_answer_give(answer);
    for (int i = 0; i < FOLLOWERS; i++) {
        pthread_join(f[i].thread, NULL);
        cr_expect_eq(f[i].role, SOUK_SINGLE_SERVED);
        cr_assert_eq(f[i].answer, answer, "a partial one too is handed on");
        cr_expect_eq(f[i].answer->facts.returned, 5);
        souk_kept_answer_give(f[i].answer);
    }
    cr_expect_eq(join(&own, &key, FAR_US), SOUK_SINGLE_LEADS, "the next one leads");
    souk_single_flights_land(&flights, &own, NULL);
}

Test(singleflight, a_leader_without_an_answer_lets_them_go)
{
    struct follower f[FOLLOWERS];
    struct souk_single_flight own;
    cr_assert_eq(join(&own, &key, FAR_US), SOUK_SINGLE_LEADS);
    send_off(f, FOLLOWERS, FAR_US);
    souk_single_flights_land(&flights, &own, NULL);
    for (int i = 0; i < FOLLOWERS; i++) {
        pthread_join(f[i].thread, NULL);
        cr_expect(f[i].role == SOUK_SINGLE_SERVED && !f[i].answer);
    }
}

Test(singleflight, a_follower_waits_no_longer_than_its_deadline)
{
    struct follower f[2];
    struct souk_single_flight own;
    const int64_t begun = souk_monotonic_us();
    cr_assert_eq(join(&own, &key, 50000), SOUK_SINGLE_LEADS); /* and does not land */
    send_off(f, 2, 80000);
    for (int i = 0; i < 2; i++) {
        pthread_join(f[i].thread, NULL);
        cr_expect(f[i].role == SOUK_SINGLE_LATE && !f[i].answer);
    }
    cr_expect_geq(souk_monotonic_us() - begun, 80000);
    souk_single_flights_land(&flights, &own, NULL);
}

Test(singleflight, who_has_much_more_time_or_less_goes_alone)
{
    struct souk_single_flight own, other;
    cr_assert_eq(join(&own, &key, 1000000), SOUK_SINGLE_LEADS);
    cr_expect_eq(join(&other, &key, 100000), SOUK_SINGLE_ALONE, "it would be late");
    cr_expect_eq(join(&other, &key, 4000000), SOUK_SINGLE_ALONE, "the leader gives up early");
    souk_single_flights_land(&flights, &own, NULL);
}

Test(singleflight, other_questions_have_leaders_of_their_own)
{
    struct souk_single_flight own[4];
    struct souk_answer_key keys[4] = {key, key_of("u2", "m", 0), key_of("u1", "other", 0),
                                      key_of("u1", "m", 1)};
    for (int i = 0; i < 4; i++)
        cr_expect_eq(join(&own[i], &keys[i], FAR_US), SOUK_SINGLE_LEADS, "%d", i);
    for (int i = 0; i < 4; i++)
        souk_single_flights_land(&flights, &own[i], NULL);
}
