#include "serve/net/waitset.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static nng_duration left_ms(int64_t deadline_us)
{
    const int64_t left = (deadline_us - souk_monotonic_us() + 999) / 1000;
    return left > 0 ? (nng_duration)left : 0;
}

static void drop_reply(struct souk_flight *f)
{
    if (f->reply)
        nng_msg_free(f->reply);
    f->reply = NULL;
}

/* ---- on nng's threads ---- */

/* Call with the lock held. The owner may wait for an end while another thread closes a flight. */
static void end(struct souk_flight *f, int rv)
{
    struct souk_waitset *w = f->set;
    if (f->dropped) {
        drop_reply(f);
        f->state = SOUK_FLIGHT_IDLE;
        pthread_cond_broadcast(&w->changed);
        return;
    }
    f->status = souk_call_status(rv);
    f->state = SOUK_FLIGHT_ENDED;
    w->ended[w->ended_count++] = f->index;
    pthread_cond_broadcast(&w->changed);
}

/* The send or the receive is over. Receiving begins under the lock, so that a drop comes before it
 * or finds it. */
static void step(void *argument)
{
    struct souk_flight *f = argument;
    const int rv = nng_aio_result(f->aio);
    pthread_mutex_lock(&f->set->lock);
    if (f->state == SOUK_FLIGHT_SENDING && rv == 0 && !f->dropped) {
        f->state = SOUK_FLIGHT_RECEIVING;
        nng_aio_set_timeout(f->aio, left_ms(f->deadline_us));
        nng_ctx_recv(f->context, f->aio);
    } else {
        if (f->state == SOUK_FLIGHT_SENDING && rv != 0)
            nng_msg_free(nng_aio_get_msg(f->aio)); /* what was not sent is ours again */
        else if (f->state == SOUK_FLIGHT_RECEIVING && rv == 0)
            f->reply = nng_aio_get_msg(f->aio);
        end(f, rv);
    }
    pthread_mutex_unlock(&f->set->lock);
}

/* ---- making ---- */

souk_status souk_waitset_init(struct souk_waitset *w, int count, struct souk_error *err)
{
    pthread_condattr_t monotonic;
    *w = (struct souk_waitset){.count = count};
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    w->flight = souk_zalloc_array((size_t)count, sizeof *w->flight);
    w->ended = souk_zalloc_array((size_t)count, sizeof *w->ended);
    if (!w->flight || !w->ended)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %d flights", count);
    return SOUK_OK;
}

souk_status souk_waitset_open(struct souk_waitset *w, int k, struct souk_caller *caller,
                              struct souk_error *err)
{
    struct souk_flight *f = &w->flight[k];
    int rv = nng_ctx_open(&f->context, caller->socket);
    f->set = w;
    f->index = k;
    if (rv == 0) {
        rv = nng_aio_alloc(&f->aio, step, f);
        if (rv != 0)
            nng_ctx_close(f->context);
    }
    if (rv != 0)
        f->aio = NULL;
    return rv == 0 ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "%s: %s", caller->url, nng_strerror(rv));
}

bool souk_waitset_is_open(const struct souk_waitset *w, int k)
{
    return w->flight[k].aio != NULL;
}

/* One that was dropped may still be on its way out: its last step says so. nng_aio_wait() does not:
 * it was seen to return between an abort and its callback. */
static void wait_until_idle(struct souk_flight *f)
{
    pthread_mutex_lock(&f->set->lock);
    assert(f->state == SOUK_FLIGHT_IDLE || f->dropped);
    while (f->state != SOUK_FLIGHT_IDLE)
        pthread_cond_wait(&f->set->changed, &f->set->lock);
    pthread_mutex_unlock(&f->set->lock);
}

void souk_waitset_close(struct souk_waitset *w, int k)
{
    struct souk_flight *f = &w->flight[k];
    if (!f->aio)
        return;
    souk_waitset_drop(w, k);
    wait_until_idle(f);
    nng_aio_stop(f->aio);
    nng_aio_free(f->aio);
    nng_ctx_close(f->context);
    drop_reply(f);
    f->aio = NULL;
}

void souk_waitset_fini(struct souk_waitset *w)
{
    for (int k = 0; w->flight && k < w->count; k++)
        souk_waitset_close(w, k);
    if (w->count > 0) {
        pthread_cond_destroy(&w->changed);
        pthread_mutex_destroy(&w->lock);
    }
    free(w->flight);
    free(w->ended);
    *w = (struct souk_waitset){0};
}

/* ---- the owner ---- */

/* As a rule the connection takes it at once, without a turn of another thread. */
static void send_request(struct souk_flight *f, nng_msg *msg, int64_t deadline_us)
{
    struct souk_waitset *w = f->set;
    const bool sent = nng_ctx_sendmsg(f->context, msg, NNG_FLAG_NONBLOCK) == 0;
    pthread_mutex_lock(&w->lock);
    f->state = sent ? SOUK_FLIGHT_RECEIVING : SOUK_FLIGHT_SENDING;
    f->dropped = false;
    f->deadline_us = deadline_us;
    nng_aio_set_timeout(f->aio, left_ms(deadline_us));
    if (sent)
        nng_ctx_recv(f->context, f->aio);
    pthread_mutex_unlock(&w->lock);
    if (!sent) {
        nng_aio_set_msg(f->aio, msg);
        nng_ctx_send(f->context, f->aio);
    }
}

souk_status souk_waitset_begin(struct souk_waitset *w, int k, const struct souk_piece *pieces,
                               int count, int64_t deadline_us)
{
    struct souk_flight *f = &w->flight[k];
    nng_msg *msg = NULL;
    int rv = nng_msg_alloc(&msg, 0);
    wait_until_idle(f);
    drop_reply(f);
    for (int i = 0; i < count && rv == 0; i++)
        rv = nng_msg_append(msg, pieces[i].bytes, pieces[i].len);
    if (rv != 0) {
        nng_msg_free(msg);
        return SOUK_ENOMEM;
    }
    send_request(f, msg, deadline_us);
    return SOUK_OK;
}

/* Call with the lock held. */
static void remove_ended(struct souk_waitset *w, int at)
{
    w->flight[w->ended[at]].state = SOUK_FLIGHT_IDLE;
    w->ended_count--;
    memmove(w->ended + at, w->ended + at + 1, (size_t)(w->ended_count - at) * sizeof *w->ended);
}

int souk_waitset_wait(struct souk_waitset *w, int64_t until_us, souk_status *status,
                      const void **bytes, size_t *len)
{
    const struct timespec until = {.tv_sec = until_us / 1000000,
                                   .tv_nsec = until_us % 1000000 * 1000};
    int k = -1;
    pthread_mutex_lock(&w->lock);
    while (w->ended_count == 0 && pthread_cond_timedwait(&w->changed, &w->lock, &until) == 0)
        ;
    if (w->ended_count > 0) {
        k = w->ended[0];
        remove_ended(w, 0);
    }
    pthread_mutex_unlock(&w->lock);
    if (k >= 0) {
        struct souk_flight *f = &w->flight[k];
        *status = f->status;
        *bytes = f->reply ? nng_msg_body(f->reply) : NULL;
        *len = f->reply ? nng_msg_len(f->reply) : 0;
    }
    return k;
}

nng_msg *souk_waitset_take_reply(struct souk_waitset *w, int k)
{
    nng_msg *reply = w->flight[k].reply;
    w->flight[k].reply = NULL;
    return reply;
}

void souk_waitset_drop(struct souk_waitset *w, int k)
{
    struct souk_flight *f = &w->flight[k];
    pthread_mutex_lock(&w->lock);
    if (f->state == SOUK_FLIGHT_ENDED) {
        for (int at = 0; at < w->ended_count; at++)
            if (w->ended[at] == k) {
                remove_ended(w, at);
                break;
            }
    } else if (f->state != SOUK_FLIGHT_IDLE) {
        f->dropped = true;
        nng_aio_abort(f->aio, NNG_ECANCELED);
    }
    pthread_mutex_unlock(&w->lock);
}
