/** @file
 *  What is counted of HTTP: requests by route and code, their time, connections, who was closed.
 *
 *      souk_http_requests_total{route,code}  souk_http_request_duration_seconds{route}
 *      souk_http_connections                 souk_http_connections_closed_total{reason}
 *      souk_http_body_bytes
 */
#ifndef SOUK_HTTP_HTTPMETRICS_H
#define SOUK_HTTP_HTTPMETRICS_H

#include "serve/http/peers.h"
#include "serve/http/routes.h"
#include "serve/monitor/metric.h"

enum { SOUK_HTTP_ROUTES_MAX = 16, SOUK_HTTP_CODES = 17 };

struct souk_http_metrics {
    struct souk_counter *requests[SOUK_HTTP_ROUTES_MAX + 1][SOUK_HTTP_CODES + 1];
    struct souk_histogram *duration[SOUK_HTTP_ROUTES_MAX + 1];
    struct souk_counter *malformed, *cut; /**< connections that were closed for it */
    struct souk_gauge *body_bytes;        /**< of requests, held at the moment */
};

/** @param peers gets its counters */
void souk_http_metrics_init(struct souk_http_metrics *h, struct souk_metrics *m,
                            struct souk_peers *peers);

/** @param route NULL: none */
void souk_http_metrics_count(struct souk_http_metrics *h, const struct souk_route *route,
                             unsigned code, int64_t took_us);

#endif
