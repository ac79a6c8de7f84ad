/** @file
 *  What a server's queue tells the monitor.
 *
 *      souk_requests_waiting  souk_requests_refused_total  souk_connections
 *      souk_connections_refused_total{reason}  souk_connections_idle_closed_total
 *      souk_tls_certificate_expiry_timestamp_seconds
 *
 *  Who is refused for want of room is told so before any handler sees the request: such requests
 * are in no other count.
 */
#ifndef SOUK_MONITOR_SERVERMETRICS_H
#define SOUK_MONITOR_SERVERMETRICS_H

#include "serve/monitor/metric.h"
#include "serve/net/server.h"

#include <pthread.h>

/** Zeroed: no server. Must not move once it is initialised. */
struct souk_server_metrics {
    pthread_mutex_t lock;
    struct souk_server *server;
};

/** Make the families; they are written once there is a server. */
void souk_server_metrics_init(struct souk_server_metrics *s, struct souk_metrics *m);

/** @param server NULL: none any more; it may be freed when this returns */
void souk_server_metrics_watch(struct souk_server_metrics *s, struct souk_server *server);

#endif
