/** @file
 *  Load on a fleet: open loop (arrivals scheduled before the run) or a fixed number in flight.
 *
 *  In an open loop the latency of a request counts from when it was due, and so does its deadline:
 *  a server that stalls cannot slow its own measurement ("coordinated omission", Tene 2013). Where
 *  all lanes are busy, requests are sent after they were due; the report counts those.
 */
#ifndef SOUK_CLIENT_OPENLOAD_H
#define SOUK_CLIENT_OPENLOAD_H

#include "serve/client/arrivals.h"
#include "serve/client/loadreport.h"
#include "serve/client/referencelists.h"

#include <stdint.h>

struct souk_open_load {
    const char *proxy; /**< addresses, separated by comma */
    struct souk_client_tls tls;
    const char *token_file;   /**< as souk_client_load_token() takes it */
    const char *const *users; /**< [user_count] */
    int64_t user_count;
    int draw; /**< enum souk_draw */
    double zipf_exponent;
    int64_t seed;
    double rate;       /**< arrivals per second; 0: closed loop */
    int64_t in_flight; /**< at most */
    int64_t duration_ms, n;
    int64_t deadline_ms;                      /**< that the fleet is told */
    int64_t timeout_ms;                       /**< the load waits so long, to see what comes late */
    const struct souk_references *references; /**< NULL: answers are not checked */
};

/** Run, until the duration is over or SIGINT or SIGTERM comes; the last request has ended then. One
 *  thread sends, the client's threads take the answers. Once at a time in a process.
 *  @param report free with souk_load_counts_fini() of its counts, also after a failure
 *  @return SOUK_OK also when requests failed: the report counts them; SOUK_EUNAVAILABLE and
 *          SOUK_ETIMEDOUT (no proxy answers before the start), SOUK_EUSAGE, SOUK_ENOMEM */
souk_status souk_open_load_run(const struct souk_open_load *load, struct souk_load_report *report,
                               struct souk_error *err) SOUK_MUST_CHECK;

#endif
