/** @file
 *  What a proxy tells its operator (docs/wire-format.md): the replicas, and its counts since the
 *  start, of which two in a row give rates.
 */
#ifndef SOUK_PROXY_PROXYSTATUS_H
#define SOUK_PROXY_PROXYSTATUS_H

#include "serve/access/access.h"
#include "serve/net/server.h"
#include "serve/proxy/hedging.h"
#include "serve/proxy/proxymetrics.h"
#include "serve/proxy/topology.h"
#include "shared/wire/reply.h"

/** What there is to tell of; borrowed. */
struct souk_proxy_status {
    struct souk_topology *topology;
    const struct souk_proxy_metrics *metrics;
    const struct souk_hedging *hedging;
    struct souk_server *server;
    struct souk_access *access; /**< who may change the fleet; NULL: whoever opens the socket */
};

/** A whole reply: the replicas, with `figures` the counts, too. Thread-safe.
 *  @param outstanding requests to the replica that a change was about; -1: it is about none */
void souk_proxy_status_reply(const struct souk_proxy_status *s, const struct souk_request *request,
                             bool figures, int outstanding, struct souk_writer *reply);

#endif
