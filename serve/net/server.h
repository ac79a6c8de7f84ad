/** @file
 *  A REP socket with a bounded queue in front of a pool of workers.
 *
 *      connections -> seats -> queue -> workers -> seats -> connections
 *                       |  full, or too long for the request's deadline: `overloaded`, at once
 *
 *  admission.h says who is taken in.
 *
 *  A seat is a context of the socket: it receives a request, waits with it for a worker, and sends
 *  the reply. There are more seats than the queue and the workers can hold, so that a full queue is
 *  answered and never pushes back silently.
 */
#ifndef SOUK_NET_SERVER_H
#define SOUK_NET_SERVER_H

#include "serve/net/admission.h"
#include "serve/net/doorkeeper.h"
#include "serve/net/pinning.h"
#include "serve/net/tlsconfig.h"
#include "shared/base/status.h"
#include "shared/wire/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Answer one request: write one whole message. Called by many threads at once, each with its own
 *  worker number in [0, workers). Never fails: what goes wrong becomes an error reply.
 *  @param received_us when the request arrived (monotonic); it may have waited since */
typedef void (*souk_server_handler)(void *context, int worker, int64_t received_us,
                                    const void *request, size_t len, struct souk_writer *reply);

/** Answer a request where it arrives, before it takes a place in the queue; called by nng's
 *  threads, many at once, which must not wait.
 *  @return false: it goes the usual way, whatever was written */
typedef bool (*souk_server_early_handler)(void *context, int64_t received_us, const void *request,
                                          size_t len, struct souk_writer *reply);

struct souk_server_plan {
    const char *url; /**< "tcp://127.0.0.1:7100", port 0 for any free one; "ipc:///path" */
    const struct souk_tls *tls;     /**< of a "tls+tcp://..."; outlives the server */
    bool insecure;                  /**< a network may reach it without TLS (listenaddress.h) */
    struct souk_door_limits limits; /**< zeroed: none */
    int workers;                    /**< threads, >= 1 */
    int queue;                      /**< requests that may wait for a worker, >= 1 */
    const atomic_int *limit;        /**< of requests at work at once; NULL: as many as workers */
    int64_t deadline_ms;            /**< of requests that bring none; 0: they may wait for ever */
    souk_server_handler handler;
    souk_server_early_handler early; /**< NULL: none */
    void *context;
    const struct souk_pinning *pinning; /**< of the workers; NULL: wherever there is room */
};

struct souk_server;

/** Listen, and start the workers. @param plan borrowed for the call
 *  @return SOUK_OK, SOUK_EEXIST (the address is in use), SOUK_EINVAL (not an address), SOUK_EUSAGE
 *          (TLS is missing), SOUK_EIO, SOUK_ENOMEM */
souk_status souk_server_start(const struct souk_server_plan *plan, struct souk_server **out,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** The address that is listened on, with the port that was found. */
const char *souk_server_address(const struct souk_server *s);

/** Requests that are waiting or being answered; those that wait; connections; and how many requests
 * were refused since the start, for a reason or, with SOUK_DENIALS, for any. Thread-safe. */
int souk_server_busy(struct souk_server *s);
int souk_server_waiting(struct souk_server *s);
int souk_server_connections(struct souk_server *s);
int64_t souk_server_refused(struct souk_server *s, enum souk_denial why);

/** Go on answering what was taken in, and `draining` to whatever comes from now on. */
void souk_server_drain(struct souk_server *s);

/** When its certificate ends, in seconds since 1970; 0: it has none. */
int64_t souk_server_certificate_expiry_s(const struct souk_server *s);

/** Answer what is queued, `draining` to whatever comes then, and close. NULL is fine. */
void souk_server_stop(struct souk_server *s);

#endif
