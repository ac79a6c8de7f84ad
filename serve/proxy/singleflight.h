/** @file
 *  One computes for all who ask the same at the same time.
 *
 *      leader     |== computes ==|-> hands its answer to all that wait, and they go
 *      follower        |.........|->
 *      follower           |......|->
 *
 *  A follower joins only a leader whose time is about its own: one that ends later would have it
 *  miss its deadline, one that has much less will settle for less (a partial answer). It waits no
 *  longer than its own deadline. What a leader makes, or fails with, is handed on as it is; storing
 *  it is another matter.
 */
#ifndef SOUK_PROXY_SINGLEFLIGHT_H
#define SOUK_PROXY_SINGLEFLIGHT_H

#include "serve/proxy/keptanswer.h"

#include <pthread.h>

enum { SOUK_SINGLE_BUCKETS = 256, SOUK_SINGLE_SLACK_US = 5000 };

struct souk_single_flight_waiter;

/** Of a leader, on its stack from souk_single_flights_join() to souk_single_flights_land(). */
struct souk_single_flight {
    const struct souk_answer_key *key;
    int64_t deadline_us;
    struct souk_single_flight_waiter *waiters;
    struct souk_single_flight *next;
};

/** Shared by the workers; thread-safe. */
struct souk_single_flights {
    pthread_mutex_t lock; /**< of the flights and their waiters */
    pthread_condattr_t clock;
    struct souk_single_flight *buckets[SOUK_SINGLE_BUCKETS];
    atomic_int waiting; /**< followers */
};

void souk_single_flights_init(struct souk_single_flights *f);
void souk_single_flights_fini(struct souk_single_flights *f);

enum souk_single_flight_role {
    SOUK_SINGLE_LEADS,  /**< compute, then souk_single_flights_land() */
    SOUK_SINGLE_ALONE,  /**< compute; the leader's time is too unlike one's own */
    SOUK_SINGLE_SERVED, /**< *answer is the leader's, a reference; NULL: it came to nothing */
    SOUK_SINGLE_LATE,   /**< the deadline is over */
};

/** Whose answer is it to be? Followers wait here.
 *  @param own of a leader, and its key: they outlive the flight
 *  @param now_us, deadline_us monotonic */
enum souk_single_flight_role souk_single_flights_join(struct souk_single_flights *f,
                                                      struct souk_single_flight *own,
                                                      const struct souk_answer_key *key,
                                                      int64_t now_us, int64_t deadline_us,
                                                      struct souk_kept_answer **answer);

/** The leader has ended. @param answer each follower gets a reference; NULL: nothing to hand on */
void souk_single_flights_land(struct souk_single_flights *f, struct souk_single_flight *own,
                              struct souk_kept_answer *answer);

#endif
