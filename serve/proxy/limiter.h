/** @file
 *  How many requests a replica gets at once, learned from how long they take (after TCP Vegas,
 *  Brakmo and Peterson 1995):
 *
 *      queue = in flight x (1 - base / mean)       base: the shortest mean of a tenth of a second
 *                                                  in the last 10 to 20 s
 *
 *      few in the queue or all of it short, and the limit was reached     a tenth more
 *      many in the queue and it is not short, or late answers             a tenth less
 *
 *  Short is a mean below 10 ms: where processors are shared a short wait is no sign of a queue, and
 *  a limit of a few would leave the replica without work. Where it is not short, one tenth of a
 *  second in 10 runs at half of the limit, so that a queue that stands for long is not taken for
 *  the work itself. Pure: time comes as a parameter. Not thread-safe.
 */
#ifndef SOUK_PROXY_LIMITER_H
#define SOUK_PROXY_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

struct souk_limiter {
    double limit;
    int least, most;                           /**< bounds of the limit */
    bool probing;                              /**< this window runs at half of it */
    bool is_short;                             /**< the mean of the window before it */
    int64_t window_end_us;                     /**< -1: none has begun */
    int64_t age_us, age_end_us;                /**< of the base; a probe stands at its end */
    int64_t answers, late, sum_us, flight_sum; /**< of this window */
    int flight_most;
    double base_us, base_before_us; /**< shortest means of this age and the one before; 0: none */
};

/** @param first the limit to begin with: low, for what is seen first is taken for the work itself
 *  @param least, most bounds, 2 or more */
void souk_limiter_init(struct souk_limiter *l, int first, int least, int most);

/** How many requests a replica may have in flight at the moment. */
int souk_limiter_now(const struct souk_limiter *l);

/** A request has ended.
 *  @param late      it had not answered when its time was over
 *  @param in_flight when it ended, itself included */
void souk_limiter_report(struct souk_limiter *l, bool late, int64_t took_us, int in_flight,
                         int64_t now_us);

#endif
