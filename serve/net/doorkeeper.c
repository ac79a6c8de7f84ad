#include "serve/net/doorkeeper.h"

#include "serve/net/refusals.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>

enum {
    TICK_MAX_MS = 250,
    TICK_MIN_MS = 20,
    CLOSED_AT_ONCE = 256,
    CROWD_MIN = 1000,
    LOOKS_AFTER = 2,
};

/* ---- coming and going ---- */

/* A peer that does not speak REQ goes between the first and the second event. */
static void note_pipe(nng_pipe pipe, nng_pipe_ev event, void *argument)
{
    struct souk_doorkeeper *d = argument;
    const uint32_t number = (uint32_t)nng_pipe_id(pipe);
    nng_sockaddr address = {.s_family = NNG_AF_UNSPEC};
    souk_status status = SOUK_OK;
    bool was_open = true, known = false;
    if (event == NNG_PIPE_EV_ADD_PRE && nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address) != 0)
        address.s_family = NNG_AF_UNSPEC;
    pthread_mutex_lock(&d->lock);
    if (event == NNG_PIPE_EV_ADD_PRE)
        status = souk_connections_admit(&d->connections, number, souk_peer_of(&address),
                                        souk_monotonic_us());
    else if (event == NNG_PIPE_EV_ADD_POST)
        souk_connections_open(&d->connections, number);
    else
        known = souk_connections_leave(&d->connections, number, &was_open);
    pthread_mutex_unlock(&d->lock);
    if (status) {
        souk_refusals_count(SOUK_REFUSAL_LIMIT);
        nng_pipe_close(pipe);
    } else if (known && !was_open) {
        souk_refusals_count(SOUK_REFUSAL_PROTOCOL);
    }
}

int souk_doorkeeper_connections(struct souk_doorkeeper *d)
{
    pthread_mutex_lock(&d->lock);
    const size_t open = d->connections.open;
    pthread_mutex_unlock(&d->lock);
    return (int)open;
}

uint32_t souk_doorkeeper_begin(struct souk_doorkeeper *d, const nng_msg *request, int64_t now_us)
{
    const int number = nng_pipe_id(nng_msg_get_pipe(request));
    if (number <= 0)
        return 0;
    pthread_mutex_lock(&d->lock);
    souk_connections_use(&d->connections, (uint32_t)number, 1, now_us);
    pthread_mutex_unlock(&d->lock);
    return (uint32_t)number;
}

void souk_doorkeeper_end(struct souk_doorkeeper *d, uint32_t number, int64_t now_us)
{
    if (number == 0)
        return;
    pthread_mutex_lock(&d->lock);
    souk_connections_use(&d->connections, number, -1, now_us);
    pthread_mutex_unlock(&d->lock);
}

/* ---- now and then ---- */

static void close_idle(struct souk_doorkeeper *d, int64_t now_us)
{
    uint32_t numbers[CLOSED_AT_ONCE];
    size_t count;
    if (d->limits.idle_ms <= 0)
        return;
    do {
        pthread_mutex_lock(&d->lock);
        count = souk_connections_idle(&d->connections, now_us - d->limits.idle_ms * 1000, numbers,
                                      CLOSED_AT_ONCE);
        for (size_t i = 0; i < count; i++) /* nng closes them in its own time: not twice */
            souk_connections_use(&d->connections, numbers[i], 0, now_us);
        pthread_mutex_unlock(&d->lock);
        for (size_t i = 0; i < count; i++)
            if (nng_pipe_close((nng_pipe){.id = numbers[i]}) == 0)
                souk_refusals_count(SOUK_REFUSAL_IDLE);
    } while (count == CLOSED_AT_ONCE);
}

static void close_stalled(struct souk_doorkeeper *d, int64_t now_us)
{
    d->handshakes.port = (uint16_t)atomic_load(&d->tls_port);
    if (!souk_handshake_watch_is_due(&d->handshakes, now_us))
        return;
    pthread_mutex_lock(&d->lock);
    const size_t count = d->connections.count;
    uint64_t *peers = souk_alloc_array(count, sizeof *peers);
    if (peers)
        souk_connections_peers(&d->connections, peers);
    pthread_mutex_unlock(&d->lock);
    if (peers)
        for (int n = souk_handshake_watch_look(&d->handshakes, peers, count, now_us); n > 0; n--)
            souk_refusals_count(SOUK_REFUSAL_STALLED);
    free(peers);
}

static void log_refusals(int64_t now_us)
{
    for (int r = 0; r < SOUK_REFUSALS; r++) {
        uint64_t since;
        char said[160] = "";
        if (!souk_refusals_due(r, now_us, &since))
            continue;
        if (r == SOUK_REFUSAL_IDLE) {
            souk_log(SOUK_LOG_INFO, "connections_closed", "reason=idle count=%" PRIu64, since);
            continue;
        }
        souk_refusals_said(r, said, sizeof said);
        souk_log(SOUK_LOG_WARN, "connections_refused", "reason=%s count=%" PRIu64 "%s%s%s",
                 souk_refusal_name(r), since, said[0] ? " last=\"" : "", said, said[0] ? "\"" : "");
    }
}

bool souk_crowd_has_left(struct souk_crowd *crowd, size_t open)
{
    if (crowd->most >= 2 * open && crowd->most - open >= CROWD_MIN) {
        crowd->most = open;
        crowd->again = LOOKS_AFTER;
        return false;
    }
    if (open > crowd->most)
        crowd->most = open;
    return crowd->again > 0 && --crowd->again == 0;
}

static void tick(void *argument)
{
    struct souk_doorkeeper *d = argument;
    const int64_t now_us = souk_monotonic_us();
    if (nng_aio_result(d->timer) != 0)
        return; /* stopping */
    close_idle(d, now_us);
    close_stalled(d, now_us);
    log_refusals(now_us);
    if (souk_crowd_has_left(&d->crowd, (size_t)souk_doorkeeper_connections(d)))
        malloc_trim(0);
    nng_sleep_aio((nng_duration)d->tick_ms, d->timer);
}

/* ---- life ---- */

static int64_t tick_of(int64_t idle_ms)
{
    const int64_t quarter = idle_ms / 4;
    return idle_ms <= 0 || quarter > TICK_MAX_MS ? TICK_MAX_MS
           : quarter < TICK_MIN_MS               ? TICK_MIN_MS
                                                 : quarter;
}

int souk_doorkeeper_start(struct souk_doorkeeper *d, nng_socket socket,
                          const struct souk_door_limits *limits)
{
    static const nng_pipe_ev events[] = {NNG_PIPE_EV_ADD_PRE, NNG_PIPE_EV_ADD_POST,
                                         NNG_PIPE_EV_REM_POST};
    *d = (struct souk_doorkeeper){.limits = *limits, .tick_ms = tick_of(limits->idle_ms)};
    atomic_init(&d->tls_port, 0);
    souk_connections_init(&d->connections, (size_t)limits->connections);
    pthread_mutex_init(&d->lock, NULL);
    int rv = nng_aio_alloc(&d->timer, tick, d);
    if (rv != 0) {
        pthread_mutex_destroy(&d->lock);
        return rv;
    }
    for (size_t i = 0; i < sizeof events / sizeof *events && rv == 0; i++)
        rv = nng_pipe_notify(socket, events[i], note_pipe, d);
    nng_sleep_aio((nng_duration)d->tick_ms, d->timer);
    return rv;
}

void souk_doorkeeper_watch_tls(struct souk_doorkeeper *d, uint16_t port)
{
    atomic_store(&d->tls_port, port);
}

void souk_doorkeeper_stop(struct souk_doorkeeper *d)
{
    if (!d->timer)
        return;
    nng_aio_stop(d->timer);
    nng_aio_free(d->timer);
    souk_connections_fini(&d->connections);
    souk_handshake_watch_fini(&d->handshakes);
    pthread_mutex_destroy(&d->lock);
    d->timer = NULL;
}
