/** @file
 *  Connections to a TLS port that never get as far as being one.
 *
 *      accepted --TLS, SP--> a pipe of nng's (known here by its peer's address)
 *              \--nothing for 10 s--> shut down
 *
 *  nng ends a connection that does not begin to speak its protocol in 10 s, but with TLS that time
 *  never ends, nor does anybody see the connection but the kernel: whoever connects and is silent
 *  would hold a file descriptor for ever. So the descriptors of the port are looked through.
 */
#ifndef SOUK_NET_HANDSHAKEWATCH_H
#define SOUK_NET_HANDSHAKEWATCH_H

#include <nng/nng.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOUK_HANDSHAKE_MS = 10000, SOUK_HANDSHAKE_LOOK_MS = 2500 };

/** A peer as addresses are compared: never 0; 0 for one that has no address. */
uint64_t souk_peer_of(const nng_sockaddr *address);

struct souk_handshake {
    uint64_t peer;
    int64_t seen_us; /**< first */
};

/** Zeroed: watches nothing. For one thread. */
struct souk_handshake_watch {
    uint16_t port; /**< that TLS is listened on; 0: none */
    int64_t looked_us;
    struct souk_handshake *suspects; /* [count], by peer */
    size_t count;
};

void souk_handshake_watch_fini(struct souk_handshake_watch *w);

/** Whether souk_handshake_watch_look() should be called. */
bool souk_handshake_watch_is_due(const struct souk_handshake_watch *w, int64_t now_us);

/** Shut down connections to the port whose peer was in no `known` for SOUK_HANDSHAKE_MS.
 *  @param known [count] peers of nng's pipes; sorted by this
 *  @return how many were shut down */
int souk_handshake_watch_look(struct souk_handshake_watch *w, uint64_t *known, size_t count,
                              int64_t now_us);

#endif
