/** @file
 *  A REP socket that gives its requests to a workforce.
 *
 *      connections -> seats -> workforce.h -> seats -> connections
 *
 *  A seat is a context of the socket: it receives a request, waits with it for its answer, and
 * sends that. There are more seats than the workforce has places, so that what is one too many is
 *  answered and never pushes back silently.
 */
#ifndef SOUK_NET_SERVER_H
#define SOUK_NET_SERVER_H

#include "serve/net/doorkeeper.h"
#include "serve/net/tlsconfig.h"
#include "serve/net/workforce.h"
#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct souk_server_plan {
    const char *url; /**< "tcp://127.0.0.1:7100", port 0 for any free one; "ipc:///path" */
    const struct souk_tls *tls;      /**< of a "tls+tcp://..."; outlives the server */
    bool insecure;                   /**< a network may reach it without TLS (listenaddress.h) */
    struct souk_door_limits limits;  /**< zeroed: none */
    struct souk_workforce *force;    /**< that other listeners share; NULL: one of its own */
    struct souk_workforce_plan work; /**< of its own one */
};

struct souk_server;

/** Listen. @param plan borrowed for the call
 *  @return SOUK_OK, SOUK_EEXIST (the address is in use), SOUK_EINVAL (not an address), SOUK_EUSAGE
 *          (TLS is missing), SOUK_EIO, SOUK_ENOMEM */
souk_status souk_server_start(const struct souk_server_plan *plan, struct souk_server **out,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** The address that is listened on, with the port that was found. */
const char *souk_server_address(const struct souk_server *s);

/** Whom it gives its requests to. */
struct souk_workforce *souk_server_force(const struct souk_server *s);

/** Thread-safe. */
int souk_server_connections(struct souk_server *s);

/** When its certificate ends, in seconds since 1970; 0: it has none. */
int64_t souk_server_certificate_expiry_s(const struct souk_server *s);

/** Stop its own workforce; a shared one has been stopped before, and all that was kept is answered.
 *  Then send what is left to send, and close. NULL is fine. */
void souk_server_stop(struct souk_server *s);

#endif
