#include "serve/net/server.h"

#include "serve/net/admission.h"
#include "serve/net/listenaddress.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/wire/message.h"
#include "shared/wire/reply.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEND_MS = 5000,
    SPARE_SEATS = 16,    /* that refuse while all others wait or are worked for */
    PARSE_MAX = 64 << 10 /* a longer request is refused without reading its id or its deadline */
};

enum seat_state { SEAT_EMPTY, SEAT_RECEIVING, SEAT_TAKEN, SEAT_SENDING };

struct seat {
    struct souk_server *server;
    nng_ctx context;
    nng_aio *aio;
    enum seat_state state; /* under the server's lock */
    nng_msg *request;      /* while taken */
    uint32_t connection;   /* of the request, for the doorkeeper; 0: none is under way */
    int64_t received_us;
    bool open;
};

struct worker {
    struct souk_server *server;
    int number;
    pthread_t thread;
    struct souk_writer reply;
};

struct souk_server {
    nng_socket socket;
    bool is_open;
    struct souk_doorkeeper door;
    const struct souk_tls *tls; /* NULL: none */
    char address[NNG_MAXADDRLEN + 16];
    souk_server_handler handler;
    souk_server_early_handler early;
    void *context;
    int64_t deadline_ms;
    const struct souk_pinning *pinning;
    int started; /* workers with a thread */
    struct worker *workers;
    int seat_count;
    struct seat *seats;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;  /* the queue grew, or we are stopping */
    bool stopping;
    struct souk_admission admission;
    int head;
    struct seat **queue; /* ring [ring] */
    int ring;
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

/* Send what was written, in the message that brought the request. */
static void send_reply(struct seat *seat, nng_msg *msg, const struct souk_writer *reply)
{
    struct souk_server *s = seat->server;
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

/* @return why not; SOUK_DENIAL_NONE: it waits for a worker */
static enum souk_denial enqueue(struct seat *seat, nng_msg *msg, int64_t left_us)
{
    struct souk_server *s = seat->server;
    pthread_mutex_lock(&s->lock);
    const enum souk_denial denial = souk_admission_judge(&s->admission, left_us);
    if (denial == SOUK_DENIAL_NONE) {
        seat->request = msg;
        seat->state = SEAT_TAKEN;
        s->queue[(s->head + s->admission.queued) % s->ring] = seat;
        souk_admission_enter(&s->admission);
        if (souk_admission_may_begin(&s->admission))
            pthread_cond_signal(&s->work);
    }
    pthread_mutex_unlock(&s->lock);
    return denial;
}

static void refuse(struct seat *seat, nng_msg *msg, const struct souk_request *request,
                   enum souk_denial denial)
{
    static const char *const texts[SOUK_DENIALS] = {"too many requests are waiting",
                                                    "its turn would come too late",
                                                    "this process is stopping"};
    struct souk_server *s = seat->server;
    struct souk_writer reply;
    pthread_mutex_lock(&s->lock);
    s->admission.refused[denial]++;
    pthread_mutex_unlock(&s->lock);
    souk_writer_init(&reply);
    souk_reply_error(&reply, request,
                     denial == SOUK_DENIAL_DRAINING ? SOUK_WIRE_DRAINING : SOUK_WIRE_OVERLOADED,
                     "%s", texts[denial]);
    send_reply(seat, msg, &reply);
    souk_writer_fini(&reply);
}

static int64_t left_us(const struct souk_server *s, const struct souk_request *request)
{
    if (request->deadline_ms >= 0)
        return request->deadline_ms * 1000;
    return s->deadline_ms > 0 ? s->deadline_ms * 1000 : INT64_MAX;
}

/* Not all can be worked for at once: the request's deadline decides, here and now, on nng's thread:
 * to refuse must cost next to nothing. What cannot be read waits for a worker, who will say so. */
static void weigh(struct seat *seat, nng_msg *msg)
{
    struct souk_request request = {.id = "", .deadline_ms = -1};
    struct souk_writer unused;
    const size_t len = nng_msg_len(msg);
    souk_writer_init(&unused);
    const bool is_read =
        len <= PARSE_MAX && souk_request_parse(&request, nng_msg_body(msg), len, &unused);
    request.start_us = seat->received_us;
    const enum souk_denial denial =
        enqueue(seat, msg, is_read ? left_us(seat->server, &request) : INT64_MAX);
    if (denial != SOUK_DENIAL_NONE)
        refuse(seat, msg, &request, denial);
    if (len <= PARSE_MAX)
        souk_request_fini(&request);
    souk_writer_fini(&unused);
}

/* @return false: the request is to go the usual way */
static bool answer_early(struct seat *seat, nng_msg *msg)
{
    struct souk_server *s = seat->server;
    struct souk_writer reply;
    bool answered = false;
    if (!s->early)
        return false;
    pthread_mutex_lock(&s->lock);
    const bool draining = s->admission.draining;
    pthread_mutex_unlock(&s->lock);
    souk_writer_init(&reply);
    if (!draining)
        answered =
            s->early(s->context, seat->received_us, nng_msg_body(msg), nng_msg_len(msg), &reply);
    if (answered)
        send_reply(seat, msg, &reply);
    souk_writer_fini(&reply);
    return answered;
}

static void received(struct seat *seat, int rv)
{
    if (rv == NNG_ECLOSED || rv == NNG_ECANCELED)
        return;
    if (rv != 0) {
        receive(seat);
        return;
    }
    nng_msg *msg = nng_aio_get_msg(seat->aio);
    seat->received_us = souk_monotonic_us();
    seat->connection = souk_doorkeeper_begin(&seat->server->door, msg, seat->received_us);
    if (answer_early(seat, msg))
        return;
    if (enqueue(seat, msg, 0) != SOUK_DENIAL_NONE) /* no time to wait: only if it need not */
        weigh(seat, msg);
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

/* ---- workers ---- */

/* The next request; NULL: stopping, and nothing is left. */
static struct seat *dequeue(struct souk_server *s)
{
    struct souk_admission *a = &s->admission;
    struct seat *seat = NULL;
    pthread_mutex_lock(&s->lock);
    while (!souk_admission_may_begin(a) && !(s->stopping && a->queued == 0))
        pthread_cond_wait(&s->work, &s->lock);
    if (a->queued > 0) {
        seat = s->queue[s->head];
        s->head = (s->head + 1) % s->ring;
        souk_admission_begin(a);
        if (souk_admission_may_begin(a)) /* the limit has grown, or nobody was told */
            pthread_cond_signal(&s->work);
    }
    pthread_mutex_unlock(&s->lock);
    return seat;
}

static void answer(struct worker *w, struct seat *seat)
{
    struct souk_server *s = w->server;
    nng_msg *msg = seat->request;
    const int64_t begun_us = souk_monotonic_us();
    souk_writer_clear(&w->reply);
    s->handler(s->context, w->number, seat->received_us, nng_msg_body(msg), nng_msg_len(msg),
               &w->reply);
    const int64_t took_us = souk_monotonic_us() - begun_us;
    send_reply(seat, msg, &w->reply);
    pthread_mutex_lock(&s->lock);
    souk_admission_end(&s->admission, took_us);
    pthread_mutex_unlock(&s->lock);
}

static void pin(const struct worker *w)
{
    struct souk_error err = {0};
    if (w->server->pinning && souk_pinning_bind(w->server->pinning, w->number, &err) != SOUK_OK)
        souk_log(SOUK_LOG_WARN, "not_pinned", "reason=\"%s\"", err.msg);
}

static void *work(void *argument)
{
    struct worker *w = argument;
    struct seat *seat;
    pin(w);
    while ((seat = dequeue(w->server)))
        answer(w, seat);
    return NULL;
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

static souk_status start_workers(struct souk_server *s, int workers, struct souk_error *err)
{
    for (int i = 0; i < workers; i++) {
        struct worker *w = &s->workers[i];
        w->server = s;
        w->number = i;
        souk_writer_init(&w->reply);
        if (pthread_create(&w->thread, NULL, work, w) != 0) {
            souk_writer_fini(&w->reply);
            return souk_fail(err, SOUK_ENOMEM, "cannot start %d workers", workers);
        }
        s->started++;
    }
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
    pthread_cond_init(&s->work, NULL);
    s->handler = plan->handler;
    s->early = plan->early;
    s->context = plan->context;
    s->pinning = plan->pinning;
    s->deadline_ms = plan->deadline_ms;
    souk_admission_init(&s->admission, plan->workers, plan->queue, plan->limit);
    s->ring = plan->workers + plan->queue; /* who need not wait passes through it, too */
    s->seat_count = s->ring + SPARE_SEATS;
    s->workers = souk_zalloc_array((size_t)plan->workers, sizeof *s->workers);
    s->queue = souk_zalloc_array((size_t)s->ring, sizeof(struct seat *));
    s->seats = souk_zalloc_array((size_t)s->seat_count, sizeof *s->seats);
    if (!s->workers || !s->queue || !s->seats)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %d requests", s->seat_count);
    if (!status)
        status = start_workers(s, plan->workers, err);
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

int souk_server_busy(struct souk_server *s)
{
    pthread_mutex_lock(&s->lock);
    const int busy = s->admission.queued + s->admission.working;
    pthread_mutex_unlock(&s->lock);
    return busy;
}

int souk_server_waiting(struct souk_server *s)
{
    pthread_mutex_lock(&s->lock);
    const int waiting = s->admission.queued;
    pthread_mutex_unlock(&s->lock);
    return waiting;
}

int souk_server_connections(struct souk_server *s)
{
    return souk_doorkeeper_connections(&s->door);
}

int64_t souk_server_certificate_expiry_s(const struct souk_server *s)
{
    return s->tls ? souk_tls_expiry_s(s->tls) : 0;
}

int64_t souk_server_refused(struct souk_server *s, enum souk_denial why)
{
    int64_t refused = 0;
    pthread_mutex_lock(&s->lock);
    for (int k = 0; k < SOUK_DENIALS; k++)
        refused += why == SOUK_DENIALS || (int)why == k ? s->admission.refused[k] : 0;
    pthread_mutex_unlock(&s->lock);
    return refused;
}

void souk_server_drain(struct souk_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->admission.draining = true;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
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
    s->admission.draining = true;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < s->started; i++) {
        pthread_join(s->workers[i].thread, NULL);
        souk_writer_fini(&s->workers[i].reply);
    }
    close_seats(s);
    if (s->is_open)
        nng_close(s->socket);
    souk_doorkeeper_stop(&s->door);
    pthread_cond_destroy(&s->work);
    pthread_mutex_destroy(&s->lock);
    free(s->queue);
    free(s->seats);
    free(s->workers);
    free(s);
}
