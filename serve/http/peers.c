#include "serve/http/peers.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Of tcpi_state; <netinet/tcp.h>, which names it, and <linux/tcp.h> exclude each other. */
enum { STATE_CLOSE_WAIT = 8 };

enum { TICK_MAX_MS = 1000, TICK_MIN_MS = 20, TICKS_PER_TIME = 8, PEERS_AT_A_TIME = 64 };

struct souk_peer_wire souk_peer_wire_of(int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return (struct souk_peer_wire){.received = 0};
    return (struct souk_peer_wire){.received = info.tcpi_bytes_received,
                                   .has_ended = info.tcpi_state == STATE_CLOSE_WAIT};
}

enum souk_peer_end souk_peers_judge(const struct souk_peers *p, struct souk_peer *peer,
                                    struct souk_peer_wire wire, int64_t now_us)
{
    const int64_t since_us = atomic_load(&peer->since_us);
    const int64_t waited_us = now_us - since_us;
    switch ((enum souk_peer_phase)atomic_load(&peer->phase)) {
    case SOUK_PEER_RESTING:
        if (wire.received <= atomic_load(&peer->rest_bytes) && !wire.has_ended)
            return waited_us > p->idle_us ? SOUK_PEER_IDLE : SOUK_PEER_STAYS;
        peer->head_us = peer->head_us > since_us ? peer->head_us : now_us;
        return now_us - peer->head_us > p->arrival_us ? SOUK_PEER_SLOW_HEAD : SOUK_PEER_STAYS;
    case SOUK_PEER_ARRIVING:
        return waited_us > p->arrival_us ? SOUK_PEER_SLOW_BODY : SOUK_PEER_STAYS;
    case SOUK_PEER_SENDING:
        return waited_us > p->idle_us ? SOUK_PEER_SLOW_READER : SOUK_PEER_STAYS;
    case SOUK_PEER_ANSWERING:
        break;
    }
    return SOUK_PEER_STAYS;
}

/* libmicrohttpd sees the end and closes the connection. Under the lock its descriptor is its own:
 * it is closed after souk_peers_remove(). */
static void look_at(struct souk_peers *p, struct souk_peer *peer, int64_t now_us)
{
    struct souk_peer_wire wire = {.received = 0};
    if (atomic_load(&peer->phase) == SOUK_PEER_RESTING)
        wire = souk_peer_wire_of(peer->fd);
    const enum souk_peer_end end = souk_peers_judge(p, peer, wire, now_us);
    if (end == SOUK_PEER_STAYS || peer->is_shut)
        return;
    peer->is_shut = shutdown(peer->fd, SHUT_RDWR) == 0;
    if (peer->is_shut)
        souk_counter_add(p->closed[end], 1);
}

/* At all of them, some at a time: connections that come and go do not wait for thousands. */
static void look(struct souk_peers *p, int64_t now_us)
{
    p->cursor = p->first;
    while (p->cursor && !p->ends) {
        for (int i = 0; i < PEERS_AT_A_TIME && p->cursor; i++) {
            struct souk_peer *const peer = p->cursor;
            p->cursor = peer->next;
            look_at(p, peer, now_us);
        }
        pthread_mutex_unlock(&p->lock);
        sched_yield();
        pthread_mutex_lock(&p->lock);
    }
}

static void *watch(void *context)
{
    struct souk_peers *const p = context;
    const int64_t shorter_us = p->idle_us < p->arrival_us ? p->idle_us : p->arrival_us;
    int64_t tick_ms = shorter_us / 1000 / TICKS_PER_TIME;
    tick_ms = tick_ms > TICK_MAX_MS ? TICK_MAX_MS : tick_ms < TICK_MIN_MS ? TICK_MIN_MS : tick_ms;
    pthread_mutex_lock(&p->lock);
    while (!p->ends) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        const int64_t ns = until.tv_nsec + tick_ms * 1000000;
        until.tv_sec += ns / 1000000000;
        until.tv_nsec = ns % 1000000000;
        if (pthread_cond_timedwait(&p->ending, &p->lock, &until) == ETIMEDOUT)
            look(p, souk_monotonic_us());
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

souk_status souk_peers_start(struct souk_peers *p, int64_t idle_ms, int64_t arrival_ms,
                             struct souk_error *err)
{
    pthread_condattr_t attributes;
    p->idle_us = idle_ms * 1000;
    p->arrival_us = arrival_ms * 1000;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&p->ending, &attributes);
    pthread_condattr_destroy(&attributes);
    p->is_watched = pthread_create(&p->watcher, NULL, watch, p) == 0;
    return p->is_watched ? SOUK_OK : souk_fail(err, SOUK_EIO, "cannot start a thread for --http");
}

void souk_peers_stop(struct souk_peers *p)
{
    if (!p->is_watched)
        return;
    pthread_mutex_lock(&p->lock);
    p->ends = true;
    pthread_cond_signal(&p->ending);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->watcher, NULL);
    pthread_cond_destroy(&p->ending);
    pthread_mutex_destroy(&p->lock);
    p->is_watched = false;
}

struct souk_peer *souk_peers_add(struct souk_peers *p, int fd, int64_t now_us)
{
    struct souk_peer *const peer = souk_zalloc_array(1, sizeof *peer);
    if (!peer)
        return NULL;
    peer->fd = fd;
    peer->since_us = now_us;
    pthread_mutex_lock(&p->lock);
    peer->next = p->first;
    peer->before = &p->first;
    if (peer->next)
        peer->next->before = &peer->next;
    p->first = peer;
    pthread_mutex_unlock(&p->lock);
    souk_gauge_set(p->open, atomic_fetch_add(&p->count, 1) + 1);
    return peer;
}

void souk_peers_remove(struct souk_peers *p, struct souk_peer *peer)
{
    if (!peer)
        return;
    pthread_mutex_lock(&p->lock);
    *peer->before = peer->next;
    if (peer->next)
        peer->next->before = peer->before;
    if (p->cursor == peer)
        p->cursor = peer->next;
    pthread_mutex_unlock(&p->lock);
    souk_gauge_set(p->open, atomic_fetch_sub(&p->count, 1) - 1);
    free(peer);
}

void souk_peer_enter(struct souk_peer *peer, enum souk_peer_phase phase, int64_t now_us)
{
    if (phase == SOUK_PEER_RESTING)
        atomic_store(&peer->rest_bytes, souk_peer_wire_of(peer->fd).received);
    atomic_store(&peer->since_us, now_us);
    atomic_store(&peer->phase, phase);
}
