#include "serve/http/httpmetrics.h"

#include <assert.h>
#include <stdio.h>

static const unsigned codes[SOUK_HTTP_CODES] = {200, 204, 304, 400, 401, 403, 404, 405, 411,
                                                413, 415, 422, 429, 500, 501, 503, 504};

static void make_route(struct souk_http_metrics *h, struct souk_metrics *m, int route)
{
    const char *const path = route < souk_route_count ? souk_routes[route].path : "none";
    for (int c = 0; c <= SOUK_HTTP_CODES; c++) {
        char code[8];
        snprintf(code, sizeof code, c < SOUK_HTTP_CODES ? "%u" : "other",
                 c < SOUK_HTTP_CODES ? codes[c] : 0);
        h->requests[route][c] =
            souk_metrics_counter(m, "souk_http_requests_total", "HTTP requests that were answered.",
                                 (struct souk_label[]){{"route", path}, {"code", code}, {0}});
    }
    h->duration[route] = souk_metrics_histogram(
        m, "souk_http_request_duration_seconds",
        "Time from the head of an HTTP request to its answer, without the sending of it.",
        (struct souk_label[]){{"route", path}, {0}}, &souk_bounds_seconds);
}

static struct souk_counter *make_closed(struct souk_metrics *m, const char *reason)
{
    return souk_metrics_counter(m, "souk_http_connections_closed_total",
                                "HTTP connections that were closed for what the client did.",
                                (struct souk_label[]){{"reason", reason}, {0}});
}

void souk_http_metrics_init(struct souk_http_metrics *h, struct souk_metrics *m,
                            struct souk_peers *peers)
{
    assert(souk_route_count <= SOUK_HTTP_ROUTES_MAX);
    for (int r = 0; r <= souk_route_count; r++)
        make_route(h, m, r);
    peers->open =
        souk_metrics_gauge(m, "souk_http_connections", "HTTP connections that stand.", NULL);
    peers->closed[SOUK_PEER_IDLE] = make_closed(m, "idle");
    peers->closed[SOUK_PEER_SLOW_HEAD] = make_closed(m, "slow_head");
    peers->closed[SOUK_PEER_SLOW_BODY] = make_closed(m, "slow_body");
    peers->closed[SOUK_PEER_SLOW_READER] = make_closed(m, "slow_reader");
    h->malformed = make_closed(m, "malformed");
    h->cut = make_closed(m, "too_large");
    h->body_bytes =
        souk_metrics_gauge(m, "souk_http_body_bytes", "Memory for bodies of HTTP requests.", NULL);
}

void souk_http_metrics_count(struct souk_http_metrics *h, const struct souk_route *route,
                             unsigned code, int64_t took_us)
{
    const int r = route ? (int)(route - souk_routes) : souk_route_count;
    int c = 0;
    while (c < SOUK_HTTP_CODES && codes[c] != code)
        c++;
    souk_counter_add(h->requests[r][c], 1);
    souk_histogram_add(h->duration[r], took_us);
}
