#include "serve/net/server.h"

#include "serve/net/listenaddress.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/wire/message.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEND_MS = 5000,
    SPARE_SEATS = 16, /* that refuse while all others wait or are worked for */
};

enum seat_state { SEAT_EMPTY, SEAT_RECEIVING, SEAT_TAKEN, SEAT_SENDING };

struct seat {
    struct souk_task task; /* while taken */
    struct souk_server *server;
    nng_ctx context;
    nng_aio *aio;
    enum seat_state state; /* under the server's lock */
    nng_msg *request;      /* while taken */
    uint32_t connection;   /* of the request, for the doorkeeper; 0: none is under way */
    bool open;
};

struct souk_server {
    nng_socket socket;
    bool is_open;
    struct souk_doorkeeper door;
    const struct souk_tls *tls; /* NULL: none */
    char address[NNG_MAXADDRLEN + 16];
    struct souk_workforce *force;
    bool owns_force;
    int seat_count;
    struct seat *seats;

    pthread_mutex_t lock; /* of the seats' states, and of the next */
    bool stopping;
};

/* ---- seats: receive, be taken or refused, send, receive again ---- */

static void receive(struct seat *seat)
{
    struct souk_server *s = seat->server;
    souk_doorkeeper_end(&s->door, seat->connection, souk_monotonic_us());
    seat->connection = 0;
    pthread_mutex_lock(&s->lock);
    const bool go_on = !s->stopping;
    seat->state = go_on ? SEAT_RECEIVING : SEAT_EMPTY;
    pthread_mutex_unlock(&s->lock);
    if (go_on) {
        nng_aio_set_timeout(seat->aio, NNG_DURATION_INFINITE);
        nng_ctx_recv(seat->context, seat->aio);
    }
}

/* A souk_task's answer: send what was written, in the message that brought the request. */
static void send_reply(struct souk_task *task, const struct souk_writer *reply)
{
    struct seat *seat = (struct seat *)task; /* its first member */
    struct souk_server *s = seat->server;
    nng_msg *msg = seat->request;
    nng_msg_clear(msg);
    if (reply->failed || nng_msg_append(msg, reply->buffer.data, reply->buffer.size) != 0) {
        nng_msg_free(msg); /* no memory: the caller will time out, we go on */
        receive(seat);
        return;
    }
    pthread_mutex_lock(&s->lock);
    seat->state = SEAT_SENDING;
    pthread_mutex_unlock(&s->lock);
    nng_aio_set_msg(seat->aio, msg);
    nng_aio_set_timeout(seat->aio, SEND_MS);
    nng_ctx_send(seat->context, seat->aio);
}

static void received(struct seat *seat, int rv)
{
    struct souk_server *s = seat->server;
    if (rv == NNG_ECLOSED || rv == NNG_ECANCELED)
        return;
    if (rv != 0) {
        receive(seat);
        return;
    }
    nng_msg *msg = nng_aio_get_msg(seat->aio);
    const int64_t now_us = souk_monotonic_us();
    seat->connection = souk_doorkeeper_begin(&s->door, msg, now_us);
    seat->request = msg;
    seat->task = (struct souk_task){.request = nng_msg_body(msg),
                                    .len = nng_msg_len(msg),
                                    .received_us = now_us,
                                    .answer = send_reply};
    pthread_mutex_lock(&s->lock);
    seat->state = SEAT_TAKEN;
    pthread_mutex_unlock(&s->lock);
    souk_workforce_take(s->force, &seat->task);
}

/* nng calls this on a thread of its own whenever a seat has received or sent. */
static void step(void *argument)
{
    struct seat *seat = argument;
    struct souk_server *s = seat->server;
    const int rv = nng_aio_result(seat->aio);
    pthread_mutex_lock(&s->lock);
    const enum seat_state state = seat->state;
    pthread_mutex_unlock(&s->lock);
    if (state == SEAT_RECEIVING) {
        received(seat, rv);
        return;
    }
    if (rv != 0) { /* the caller has gone: it will ask again elsewhere */
        souk_log(SOUK_LOG_DEBUG, "reply_lost", "reason=\"%s\"", nng_strerror(rv));
        nng_msg_free(nng_aio_get_msg(seat->aio));
    }
    receive(seat);
}

/* ---- making ---- */

static souk_status fail_nng(struct souk_error *err, const char *url, int rv)
{
    const souk_status status = rv == NNG_EADDRINUSE                       ? SOUK_EEXIST
                               : rv == NNG_EADDRINVAL || rv == NNG_EINVAL ? SOUK_EINVAL
                               : rv == NNG_ENOMEM                         ? SOUK_ENOMEM
                                                                          : SOUK_EIO;
    return souk_fail(err, status, "cannot listen on %s: %s", url, nng_strerror(rv));
}

/* tcp://host:0 found a port: say which. */
static void name_address(struct souk_server *s, const char *url, nng_listener listener)
{
    char *found = NULL;
    snprintf(s->address, sizeof s->address, "%s", url);
    if (nng_listener_get_string(listener, NNG_OPT_URL, &found) == 0) {
        snprintf(s->address, sizeof s->address, "%s", found);
        nng_strfree(found);
    }
}

static uint16_t port_of(const char *url)
{
    const char *colon = strrchr(url, ':');
    return colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

static int start_seats(struct souk_server *s)
{
    int rv = 0;
    for (int i = 0; i < s->seat_count && rv == 0; i++) {
        struct seat *seat = &s->seats[i];
        seat->server = s;
        rv = nng_ctx_open(&seat->context, s->socket);
        if (rv == 0) {
            rv = nng_aio_alloc(&seat->aio, step, seat);
            seat->open = rv == 0;
            if (rv != 0)
                nng_ctx_close(seat->context);
        }
        if (rv == 0)
            receive(seat);
    }
    return rv;
}

static souk_status listen_on(struct souk_server *s, const struct souk_server_plan *plan,
                             struct souk_error *err)
{
    nng_listener listener;
    souk_status status = souk_listen_address_check(plan->url, plan->insecure, err);
    if (status)
        return status;
    int rv = nng_rep0_open(&s->socket);
    s->is_open = rv == 0;
    if (rv == 0)
        rv = nng_socket_set_size(s->socket, NNG_OPT_RECVMAXSZ, SOUK_WIRE_RECEIVE_MAX);
    if (rv == 0)
        rv = souk_doorkeeper_start(&s->door, s->socket, &plan->limits);
    if (rv == 0)
        rv = start_seats(s);
    if (rv == 0)
        rv = nng_listener_create(&listener, s->socket, plan->url);
    if (rv == 0) {
        status = souk_tls_listen(plan->tls, listener, plan->url, err);
        if (status)
            return status;
        rv = nng_listener_start(listener, 0);
    }
    if (rv != 0)
        return fail_nng(err, plan->url, rv);
    name_address(s, plan->url, listener);
    s->tls = souk_tls_is_wanted(plan->url) ? plan->tls : NULL;
    if (s->tls)
        souk_doorkeeper_watch_tls(&s->door, port_of(s->address));
    return SOUK_OK;
}

souk_status souk_server_start(const struct souk_server_plan *plan, struct souk_server **out,
                              struct souk_error *err)
{
    struct souk_server *s = souk_zalloc_array(1, sizeof *s);
    souk_status status = SOUK_OK;
    *out = NULL;
    if (!s)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a server");
    pthread_mutex_init(&s->lock, NULL);
    s->force = plan->force;
    s->owns_force = !plan->force;
    if (s->owns_force)
        status = souk_workforce_start(&plan->work, &s->force, err);
    if (!status) {
        s->seat_count = souk_workforce_places(s->force) + SPARE_SEATS;
        s->seats = souk_zalloc_array((size_t)s->seat_count, sizeof *s->seats);
        if (!s->seats)
            status = souk_fail(err, SOUK_ENOMEM, "no memory for %d requests", s->seat_count);
    }
    if (!status)
        status = listen_on(s, plan, err);
    if (status) {
        souk_server_stop(s);
        return status;
    }
    *out = s;
    return SOUK_OK;
}

/* ---- asking, stopping ---- */

const char *souk_server_address(const struct souk_server *s)
{
    return s->address;
}

struct souk_workforce *souk_server_force(const struct souk_server *s)
{
    return s->force;
}

int souk_server_connections(struct souk_server *s)
{
    return souk_doorkeeper_connections(&s->door);
}

int64_t souk_server_certificate_expiry_s(const struct souk_server *s)
{
    return s->tls ? souk_tls_expiry_s(s->tls) : 0;
}

/* Replies under way are waited for, receiving is called off: then nothing calls step() any more. */
static void close_seats(struct souk_server *s)
{
    for (int i = 0; i < s->seat_count && s->seats; i++) {
        struct seat *seat = &s->seats[i];
        if (!seat->open)
            continue;
        pthread_mutex_lock(&s->lock);
        const bool receiving = seat->state == SEAT_RECEIVING;
        pthread_mutex_unlock(&s->lock);
        if (!receiving)
            nng_aio_wait(seat->aio);
        nng_aio_stop(seat->aio);
        if (seat->state == SEAT_SENDING) /* called off before nng took the reply */
            nng_msg_free(nng_aio_get_msg(seat->aio));
        nng_aio_free(seat->aio);
        nng_ctx_close(seat->context);
    }
}

void souk_server_stop(struct souk_server *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_mutex_unlock(&s->lock);
    if (s->owns_force)
        souk_workforce_stop(s->force);
    close_seats(s);
    if (s->is_open)
        nng_close(s->socket);
    souk_doorkeeper_stop(&s->door);
    if (s->owns_force)
        souk_workforce_free(s->force);
    pthread_mutex_destroy(&s->lock);
    free(s->seats);
    free(s);
}
