/** @file
 *  The connections of the HTTP listener, and when each must have come further.
 *
 *      opened -> RESTING -> (first byte of a head) -> ARRIVING -> ANSWERING -> SENDING -> RESTING
 *                 idle_ms            arrival_ms       arrival_ms   no limit     idle_ms
 *
 *  A thread looks at all of them and shuts down those that are late. Single bytes do not buy time,
 *  as they do with libmicrohttpd's own timeout.
 */
#ifndef SOUK_HTTP_PEERS_H
#define SOUK_HTTP_PEERS_H

#include "serve/monitor/metric.h"
#include "shared/base/status.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum souk_peer_phase {
    SOUK_PEER_RESTING,   /**< no request, as far as we know: its head may be arriving */
    SOUK_PEER_ARRIVING,  /**< the body is */
    SOUK_PEER_ANSWERING, /**< the request is at work */
    SOUK_PEER_SENDING,   /**< the answer is on its way */
};

/** Why a connection was closed. */
enum souk_peer_end {
    SOUK_PEER_STAYS,
    SOUK_PEER_IDLE,
    SOUK_PEER_SLOW_HEAD,
    SOUK_PEER_SLOW_BODY,
    SOUK_PEER_SLOW_READER,
    SOUK_PEER_ENDS,
};

struct souk_peer {
    struct souk_peer *next, **before;
    int fd;
    atomic_int phase;
    _Atomic int64_t since_us;
    _Atomic uint64_t rest_bytes; /**< received when it began to rest */
    bool is_shut;                /**< by us; it is about to go */
    int64_t head_us; /**< when a head was first seen to arrive; before since_us: not yet */
};

struct souk_peers {
    pthread_mutex_t lock;
    pthread_cond_t ending;
    pthread_t watcher;
    bool is_watched, ends;
    struct souk_peer *first, *cursor; /* cursor: to be looked at next */
    int64_t idle_us, arrival_us;
    atomic_int count;
    struct souk_gauge *open;                     /* connections */
    struct souk_counter *closed[SOUK_PEER_ENDS]; /* by us */
};

/** Start to watch. @param p zeroed, but for the metrics @return SOUK_OK, SOUK_ENOMEM, SOUK_EIO */
souk_status souk_peers_start(struct souk_peers *p, int64_t idle_ms, int64_t arrival_ms,
                             struct souk_error *err) SOUK_MUST_CHECK;
void souk_peers_stop(struct souk_peers *p);

/** @return NULL: no memory */
struct souk_peer *souk_peers_add(struct souk_peers *p, int fd, int64_t now_us) SOUK_MUST_CHECK;
void souk_peers_remove(struct souk_peers *p, struct souk_peer *peer);

/** A peer has come further. */
void souk_peer_enter(struct souk_peer *peer, enum souk_peer_phase phase, int64_t now_us);

/** What the kernel knows of a peer. */
struct souk_peer_wire {
    uint64_t received; /**< bytes, read by us or not */
    bool has_ended;    /**< it will send no more: what rests with half a head waits in vain */
};
struct souk_peer_wire souk_peer_wire_of(int fd);

/** Whether it is late. */
enum souk_peer_end souk_peers_judge(const struct souk_peers *p, struct souk_peer *peer,
                                    struct souk_peer_wire wire, int64_t now_us);

#endif
