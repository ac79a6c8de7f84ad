/** @file
 *  Who may be connected to a server, and for how long without asking.
 *
 *      connection --admitted? (limits.connections)--> open --asks--> ... --idle (limits.idle_ms)-->
 * closed
 *
 *  nng shows whole requests only: who has sent half a message for limits.idle_ms is idle. Closing
 *  is harmless to a caller of ours, who connects anew; one with a request under way is not closed.
 *  What is refused or closed is counted and logged (refusals.h), once a second at the earliest.
 */
#ifndef SOUK_NET_DOORKEEPER_H
#define SOUK_NET_DOORKEEPER_H

#include "serve/net/connections.h"
#include "shared/base/status.h"

#include <nng/nng.h>
#include <pthread.h>
#include <stdint.h>

struct souk_door_limits {
    int64_t connections; /**< that may be there at once; 0: any number */
    int64_t idle_ms;     /**< without a request; 0 or less: for ever */
};

/** Must not move while it watches. */
struct souk_doorkeeper {
    struct souk_door_limits limits;
    nng_aio *timer;
    int64_t tick_ms;
    pthread_mutex_t lock;
    struct souk_connections connections; /* under the lock */
};

/** Watch a socket; before anything listens on it. @return what nng returns */
int souk_doorkeeper_start(struct souk_doorkeeper *d, nng_socket socket,
                          const struct souk_door_limits *limits) SOUK_MUST_CHECK;

/** When the socket is closed. Harmless for a zeroed one. */
void souk_doorkeeper_stop(struct souk_doorkeeper *d);

/** Connections that stand. Thread-safe, as is all below. */
int souk_doorkeeper_connections(struct souk_doorkeeper *d);

/** A request has come. @return the number of its connection, for souk_doorkeeper_end() */
uint32_t souk_doorkeeper_begin(struct souk_doorkeeper *d, const nng_msg *request, int64_t now_us);

/** It is answered, or never will be. @param number 0: none */
void souk_doorkeeper_end(struct souk_doorkeeper *d, uint32_t number, int64_t now_us);

#endif
