/** @file
 *  A REQ socket to one peer, and calls over it.
 *
 *      souk_caller   the socket: dials, reconnects within 100 ms, knows whether it is connected
 *      souk_call     one request at a time over a context of its own: begin, then end
 *
 *  nng's own resending is off: whoever calls decides whether a request may run twice. A call over a
 *  connection that breaks ends at once with SOUK_EUNAVAILABLE.
 */
#ifndef SOUK_NET_CALLER_H
#define SOUK_NET_CALLER_H

#include "serve/net/tlsconfig.h"
#include "shared/base/status.h"

#include <nng/nng.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct souk_caller {
    char *url;
    nng_socket socket;
    atomic_int pipes; /**< connections that are up */
};

/** Begin to connect; does not wait. The struct must not move.
 *  @param url borrowed for the call
 *  @param tls of a "tls+tcp://..."; outlives the caller; NULL: none
 *  @return SOUK_OK, SOUK_EUSAGE (not an address, or TLS is missing), SOUK_ENOMEM, SOUK_EIO */
souk_status souk_caller_init(struct souk_caller *c, const char *url, const struct souk_tls *tls,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** Close. All calls must have ended. */
void souk_caller_fini(struct souk_caller *c);

static inline bool souk_caller_is_connected(const struct souk_caller *c)
{
    return atomic_load(&c->pipes) > 0;
}

struct souk_call {
    nng_ctx context;
    nng_aio *aio;
    nng_msg *reply; /**< of the last call that ended well; owned by the call */
    bool begun;
    bool sent; /**< by the end of the call: the peer may have the request */
};

souk_status souk_call_init(struct souk_call *call, struct souk_caller *c,
                           struct souk_error *err) SOUK_MUST_CHECK;
void souk_call_fini(struct souk_call *call);

/** Send. Several calls (each its own) can be under way at once. @param bytes copied */
souk_status souk_call_begin(struct souk_call *call, const void *bytes, size_t len,
                            int64_t timeout_ms) SOUK_MUST_CHECK;

/** Wait for the reply, until the timeout. The reply is valid until the next begin.
 *  @return SOUK_OK, SOUK_ETIMEDOUT, SOUK_EUNAVAILABLE (connection lost), SOUK_ENOMEM */
souk_status souk_call_end(struct souk_call *call, int64_t timeout_ms, const void **bytes,
                          size_t *len) SOUK_MUST_CHECK;

/** What a result of nng's means for a call: the statuses of souk_call_end(). */
souk_status souk_call_status(int rv);

#endif
