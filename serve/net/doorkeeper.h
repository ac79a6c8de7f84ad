/** @file
 *  Who may be connected to a server, and for how long without asking.
 *
 *      connection --admitted? (limits.connections)--> open --asks--> ... --idle (limits.idle_ms)-->
 * closed
 *
 *  nng shows whole requests only: who has sent half a message for limits.idle_ms is idle. Closing
 *  is harmless to a caller of ours, who connects anew; one with a request under way is not closed.
 *  What is refused or closed is counted and logged (refusals.h).
 */
#ifndef SOUK_NET_DOORKEEPER_H
#define SOUK_NET_DOORKEEPER_H

#include "serve/net/connections.h"
#include "serve/net/handshakewatch.h"
#include "shared/base/status.h"

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct souk_door_limits {
    int64_t connections; /**< that may be there at once; 0: any number */
    int64_t idle_ms;     /**< without a request; 0 or less: for ever */
};

/** When a crowd has left, its memory goes back to the system (malloc_trim): else the next crowd's
 *  lies where other threads allocate, beside what the first one left, and each adds some. */
struct souk_crowd {
    size_t most; /**< connections since that was done last */
    int again;   /**< looks until it is done again, for nng frees what it closes in its own time */
};

/** Whether it is time, from how many there are at the moment. */
bool souk_crowd_has_left(struct souk_crowd *crowd, size_t open);

/** Must not move while it watches. */
struct souk_doorkeeper {
    struct souk_door_limits limits;
    nng_aio *timer;
    int64_t tick_ms;
    struct souk_crowd crowd;                /* of the timer alone */
    struct souk_handshake_watch handshakes; /* of the timer alone */
    atomic_uint tls_port;
    pthread_mutex_t lock;
    struct souk_connections connections; /* under the lock */
};

/** Watch a socket; before anything listens on it. @return what nng returns */
int souk_doorkeeper_start(struct souk_doorkeeper *d, nng_socket socket,
                          const struct souk_door_limits *limits) SOUK_MUST_CHECK;

/** The port that TLS is listened on. */
void souk_doorkeeper_watch_tls(struct souk_doorkeeper *d, uint16_t port);

/** When the socket is closed. Harmless for a zeroed one. */
void souk_doorkeeper_stop(struct souk_doorkeeper *d);

/** Connections that stand. Thread-safe, as is all below. */
int souk_doorkeeper_connections(struct souk_doorkeeper *d);

/** A request has come. @return the number of its connection, for souk_doorkeeper_end() */
uint32_t souk_doorkeeper_begin(struct souk_doorkeeper *d, const nng_msg *request, int64_t now_us);

/** It is answered, or never will be. @param number 0: none */
void souk_doorkeeper_end(struct souk_doorkeeper *d, uint32_t number, int64_t now_us);

#endif
