/** @file
 *  How often something may happen: so many times a second on average, so many at once. Pure; one
 *  thread at a time.
 *
 *  A token bucket in the form of the generic cell rate algorithm (ITU-T I.371): instead of a fill
 *  that somebody tops up, the moment at which the bucket will be full again.
 *
 *      full_ns <= now                          the bucket is full
 *      full_ns - now <= (burst - 1) x gap      one more may pass; full_ns moves on by a gap
 */
#ifndef SOUK_ACCESS_RATELIMIT_H
#define SOUK_ACCESS_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

/** Bounds within which nothing overflows: the gap times the burst stays below 10^18 ns. */
#define SOUK_RATE_MIN .001
#define SOUK_RATE_MAX 1e6
enum { SOUK_BURST_MAX = 1000000 };

/** Zeroed: no limit. */
struct souk_rate_limit {
    int64_t gap_ns;  /**< between two at the rate; 0: no limit */
    int64_t burst;   /**< that may come at once */
    int64_t full_ns; /**< when it is full again, monotonic */
};

/** A full one. @param rate a second, SOUK_RATE_MIN to SOUK_RATE_MAX; 0: no limit
 *  @param burst 1 to SOUK_BURST_MAX; 0: souk_rate_burst() */
void souk_rate_limit_init(struct souk_rate_limit *r, double rate, int64_t burst);

/** What may come at once where nobody says: a second's worth, at least 1. */
int64_t souk_rate_burst(double rate);

/** How long until one more may pass. @return 0: now */
int64_t souk_rate_limit_wait_us(const struct souk_rate_limit *r, int64_t now_us);

/** One passes; souk_rate_limit_wait_us() was 0. */
void souk_rate_limit_take(struct souk_rate_limit *r, int64_t now_us);

#endif
