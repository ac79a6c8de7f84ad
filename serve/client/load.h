/** @file
 *  Load on a fleet: open loop (scheduled arrivals) or a fixed number in flight.
 *
 *  Open loop: arrival k is due at k / rate, and its latency counts from then, so that a server that
 *  stalls cannot slow its own measurement ("coordinated omission", Tene 2013).
 */
#ifndef SOUK_CLIENT_LOAD_H
#define SOUK_CLIENT_LOAD_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_load {
    const char *proxy;
    const char *const *users; /**< [user_count], asked in turn */
    int64_t user_count;
    double rate;       /**< arrivals per second; 0: closed loop */
    int64_t in_flight; /**< lanes */
    int64_t duration_ms, timeout_ms, n;
};

struct souk_load_report {
    int64_t sent, good, partial, degraded, failed;
    int64_t p50_us, p95_us, p99_us, p999_us, max_us;
    int64_t longest_gap_ms; /**< longest time without a good answer */
    double seconds;
    char first_error[256];
};

/** Run. Blocks for the duration. @return SOUK_OK also when requests failed: the report counts them
 */
souk_status souk_load_run(const struct souk_load *load, struct souk_load_report *report,
                          struct souk_error *err) SOUK_MUST_CHECK;

#endif
