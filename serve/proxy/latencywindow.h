/** @file
 *  Quantiles of what was measured in the last ten seconds.
 *
 *      slot   0    1    2  ..  19      half a second each; the oldest is emptied as time goes on
 *             |    |    |       |
 *      total  counts by latency: 16 buckets between a power of two and the next
 *
 *  A quantile is the upper end of its bucket: right to 1/16, and never too small. Pure: time comes
 *  as a parameter. Not thread-safe.
 */
#ifndef SOUK_PROXY_LATENCYWINDOW_H
#define SOUK_PROXY_LATENCYWINDOW_H

#include <stdint.h>

enum {
    SOUK_LATENCY_SLOTS = 20,
    SOUK_LATENCY_SLOT_US = 500000,
    SOUK_LATENCY_BUCKETS = 25 * 16, /**< up to 2^28 us, more than any deadline */
};

struct souk_latency_window {
    int64_t slot; /**< number of the newest, since time 0 */
    int64_t samples;
    uint32_t count[SOUK_LATENCY_SLOTS][SOUK_LATENCY_BUCKETS];
    int64_t total[SOUK_LATENCY_BUCKETS]; /**< of all slots */
};

/** Empty. */
void souk_latency_window_init(struct souk_latency_window *w);

/** @param now_us monotonic; what comes from before the newest slot counts as of it */
void souk_latency_window_record(struct souk_latency_window *w, int64_t latency_us, int64_t now_us);

/** The smallest bucket end that a share q of the samples does not exceed; 0 < q <= 1.
 *  @return microseconds; -1: there are fewer than min_samples */
int64_t souk_latency_window_quantile(struct souk_latency_window *w, double q, int64_t min_samples,
                                     int64_t now_us);

#endif
