/** @file
 *  What a server counts of every request: operation, status, time, how many are under way.
 *
 *      souk_requests_total{op,status}  souk_request_duration_seconds{op}  souk_requests_outstanding
 *
 *  A request is counted before its reply is sent: who has the answer finds it in the counts.
 */
#ifndef SOUK_MONITOR_REQUESTMETRICS_H
#define SOUK_MONITOR_REQUESTMETRICS_H

#include "serve/monitor/metric.h"
#include "shared/wire/reply.h"

enum { SOUK_OPERATIONS_MAX = 15, SOUK_STATUSES = SOUK_WIRE_RATE_LIMITED + 1 };

/** Zeroed: counts nothing. */
struct souk_request_metrics {
    const char *const *operations; /**< ended by NULL; what is none of them counts as "other" */
    struct souk_counter *requests[SOUK_OPERATIONS_MAX + 1][SOUK_STATUSES];
    struct souk_histogram *duration[SOUK_OPERATIONS_MAX + 1];
    struct souk_gauge *outstanding;
};

/** Make the series. @param operations at most SOUK_OPERATIONS_MAX, literals */
void souk_request_metrics_init(struct souk_request_metrics *r, struct souk_metrics *m,
                               const char *const *operations);

/** Around a request, by the thread that answers it. @param r NULL: nothing is counted */
static inline void souk_request_metrics_begin(struct souk_request_metrics *r)
{
    if (r)
        souk_gauge_add(r->outstanding, 1);
}

/** It was not for this thread. */
static inline void souk_request_metrics_pass(struct souk_request_metrics *r)
{
    if (r)
        souk_gauge_add(r->outstanding, -1);
}

/** @param request parsed, or what souk_request_parse() left of it
 *  @param reply   as it will be sent */
void souk_request_metrics_end(struct souk_request_metrics *r, const struct souk_request *request,
                              const struct souk_writer *reply);

#endif
