/** @file
 *  One request at a time of a client, from proxy to proxy until one answers. Private to
 *  libsouk-client.
 *
 *      start --> connecting --> sending --> receiving --> ended
 *                    ^             |            |
 *                    +-------------+------------+  the next proxy, where this one is not connected,
 *                                                  cannot be sent to, is lost, or drains
 *
 *  nng's threads move it on; nobody waits. While no proxy is connected, it looks every 5 ms.
 */
#ifndef SOUK_CLIENT_LANE_H
#define SOUK_CLIENT_LANE_H

#include "serve/net/caller.h"
#include "shared/wire/writer.h"

#include <stdatomic.h>

enum { SOUK_LANE_PROXIES_MAX = 64 };

/** When a request ends, and whether it may run twice. */
struct souk_client_terms {
    int64_t deadline_ms; /**< told to the fleet; after a lost connection, what is left of it */
    int64_t timeout_ms;  /**< the caller waits so long */
    bool idempotent;     /**< a request that may have run is repeated elsewhere */
};

/** The proxies of a client, for all of its lanes. */
struct souk_lane_proxies {
    int count;
    struct souk_tls *tls; /**< NULL: none */
    struct souk_lane_proxy {
        struct souk_caller caller;
        atomic_llong avoid_until_us; /**< monotonic: it drains, or did not answer */
    } proxy[SOUK_LANE_PROXIES_MAX];
};

/** The lane is free again. @param bytes the reply, with SOUK_OK; until the lane starts again
 *  @param status SOUK_OK (also for a reply with an error status), SOUK_ETIMEDOUT, SOUK_EUNAVAILABLE
 *         (no proxy is connected; or the connection was lost and the request may have run),
 *         SOUK_ENOMEM; then err holds a text */
typedef void souk_lane_ended(void *context, souk_status status, const void *bytes, size_t len,
                             const struct souk_error *err);

struct souk_lane {
    struct souk_lane_proxies *proxies; /**< borrowed */
    int first;                         /**< the proxy of its own */
    nng_ctx contexts[SOUK_LANE_PROXIES_MAX];
    int opened;     /**< contexts */
    nng_aio *aio;   /**< sends and receives */
    nng_aio *pause; /**< looks for a connection later. Not the same: an aio that has slept once
                       takes a later timeout for success (nng 1.10.1) */
    nng_msg *reply;
    struct souk_writer request;
    size_t deadline_at; /**< where the deadline goes in the request */

    /* of the request under way */
    bool sending;
    struct souk_client_terms terms;
    int64_t deadline_us, end_us;
    int proxy, drained;
    souk_lane_ended *ended;
    void *context;
};

/** @param first index of the proxy that it asks first
 *  @return SOUK_OK, SOUK_ENOMEM; souk_lane_fini() is due in both cases */
souk_status souk_lane_init(struct souk_lane *l, struct souk_lane_proxies *proxies, int first,
                           struct souk_error *err) SOUK_MUST_CHECK;

/** No request may be under way. */
void souk_lane_fini(struct souk_lane *l);

/** Send l->request, a map of one field more than it has: the deadline is put behind it.
 *  @param ended is called once, by a thread of nng's as a rule; it may start the lane again */
void souk_lane_start(struct souk_lane *l, const struct souk_client_terms *terms,
                     souk_lane_ended *ended, void *context);

#endif
