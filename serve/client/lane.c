#include "serve/client/lane.h"

#include "serve/net/refusals.h"
#include "shared/base/clock.h"
#include "shared/wire/message.h"

enum {
    RECONNECT_POLL_MS = 5,
    SEND_MS = 20,          /* a message that has not left by then goes to another proxy */
    AVOID_MS = 1000,       /* a proxy that drains or does not answer is left alone so long */
    ERROR_REPLY_MAX = 512, /* bytes; only replies as short are looked into for `draining` */
};

static int64_t left_ms(int64_t end_us)
{
    const int64_t left = (end_us - souk_monotonic_us()) / 1000;
    return left > 0 ? left : 0;
}

static void drop_reply(struct souk_lane *l)
{
    if (l->reply)
        nng_msg_free(l->reply);
    l->reply = NULL;
}

/* ---- the end ---- */

static const char *url_of(const struct souk_lane *l, int proxy)
{
    return l->proxies->proxy[proxy].caller.url;
}

static void end_without_reply(struct souk_lane *l, souk_status status, const struct souk_error *err)
{
    l->ended(l->context, status, NULL, 0, err);
}

/* With TLS, what was said of the handshake that failed last. We are not told why a proxy does not
 * take our certificate: with TLS 1.3 the handshake has ended by then. */
static void end_unconnected(struct souk_lane *l)
{
    const char *const url = url_of(l, l->first);
    const bool tls = l->proxies->tls && souk_tls_is_wanted(url);
    struct souk_error err = {0};
    char said[128] = "it is away, or does not take our certificate";
    if (tls)
        souk_refusals_said(SOUK_REFUSALS, said, sizeof said);
    end_without_reply(l,
                      souk_fail(&err, SOUK_EUNAVAILABLE, "cannot connect to %s%s%s", url,
                                tls ? ": " : "", tls ? said : ""),
                      &err);
}

/* The last try has ended so. */
static void end(struct souk_lane *l, souk_status status)
{
    struct souk_error err = {0};
    if (status == SOUK_OK) {
        l->ended(l->context, SOUK_OK, nng_msg_body(l->reply), nng_msg_len(l->reply), &err);
        return;
    }
    if (status == SOUK_EUNAVAILABLE && left_ms(l->end_us) == 0)
        status = SOUK_ETIMEDOUT;
    const char *what = status == SOUK_EUNAVAILABLE
                           ? "the connection was lost, the request may have run"
                           : souk_status_text(status);
    end_without_reply(l, souk_fail(&err, status, "%s: %s", url_of(l, l->proxy), what), &err);
}

/* ---- choosing a proxy ---- */

static void avoid(struct souk_lane_proxy *p)
{
    atomic_store(&p->avoid_until_us, souk_monotonic_us() + AVOID_MS * 1000);
}

/* A connected proxy from l->proxy on; one that is avoided only where `any`. -1: none */
static int connected_proxy(const struct souk_lane *l, bool any)
{
    const struct souk_lane_proxies *all = l->proxies;
    const int64_t now = souk_monotonic_us();
    for (int k = 0; k < all->count; k++) {
        const int at = (l->proxy + k) % all->count;
        const struct souk_lane_proxy *p = &all->proxy[at];
        if (souk_caller_is_connected(&p->caller) && (any || atomic_load(&p->avoid_until_us) <= now))
            return at;
    }
    return -1;
}

/* ---- one try, and the next ---- */

/* The deadline is the last field: a repeated request tells what is left of it. */
static nng_msg *make_message(struct souk_lane *l)
{
    const int64_t left_us = l->deadline_us - souk_monotonic_us();
    nng_msg *msg = NULL;
    l->request.buffer.size = l->deadline_at;
    souk_writer_put_int(&l->request, "deadline_ms", left_us > 0 ? (left_us + 999) / 1000 : 0);
    if (l->request.failed || nng_msg_alloc(&msg, 0) != 0)
        return NULL;
    if (nng_msg_append(msg, l->request.buffer.data, l->request.buffer.size) != 0) {
        nng_msg_free(msg);
        return NULL;
    }
    return msg;
}

static void receive(struct souk_lane *l)
{
    l->sending = false;
    nng_aio_set_timeout(l->aio, (nng_duration)left_ms(l->end_us));
    nng_ctx_recv(l->contexts[l->proxy], l->aio);
}

/* As a rule the connection takes it at once, without a turn of another thread. With another proxy
 * to turn to, a request that cannot even be sent does not wait for this one. */
static void send_request(struct souk_lane *l)
{
    const int64_t left = left_ms(l->end_us);
    nng_msg *msg = make_message(l);
    if (!msg) {
        end(l, SOUK_ENOMEM);
    } else if (nng_ctx_sendmsg(l->contexts[l->proxy], msg, NNG_FLAG_NONBLOCK) == 0) {
        receive(l);
    } else {
        l->sending = true;
        nng_aio_set_msg(l->aio, msg);
        nng_aio_set_timeout(
            l->aio, (nng_duration)(l->proxies->count > 1 && left > SEND_MS ? SEND_MS : left));
        nng_ctx_send(l->contexts[l->proxy], l->aio);
    }
}

/* The next proxy that is there, or a look for one a little later. */
static void ask(struct souk_lane *l)
{
    int found = connected_proxy(l, false);
    if (found < 0)
        found = connected_proxy(l, true);
    if (found >= 0) {
        l->proxy = found;
        send_request(l);
    } else if (left_ms(l->end_us) == 0) {
        end_unconnected(l);
    } else {
        nng_sleep_aio(RECONNECT_POLL_MS, l->pause);
    }
}

static bool is_draining(const nng_msg *reply)
{
    struct souk_message m;
    char reason[64];
    int64_t status = SOUK_WIRE_OK;
    nng_msg *msg = (nng_msg *)reply; /* nng's readers do not take a const */
    if (nng_msg_len(msg) > ERROR_REPLY_MAX)
        return false;
    const bool draining = souk_message_parse(&m, nng_msg_body(msg), nng_msg_len(msg), reason,
                                             sizeof reason) == SOUK_WIRE_OK &&
                          souk_message_int(&m, "status", 0, INT32_MAX, &status) &&
                          status == SOUK_WIRE_DRAINING;
    souk_message_fini(&m);
    return draining;
}

/* @return whether the next proxy may be asked after this one ended so */
static bool may_move_on(struct souk_lane *l, souk_status status, bool sent)
{
    if (status == SOUK_EUNAVAILABLE)
        return !sent || l->terms.idempotent;
    const bool moves_on = status == SOUK_OK && is_draining(l->reply);
    if (moves_on || status == SOUK_ETIMEDOUT)
        avoid(&l->proxies->proxy[l->proxy]);
    return moves_on;
}

/* On a busy machine nng's timer of the send may hit the receive behind it (both are one aio's): a
 * time-out before its time is a lost request. */
static void tried(struct souk_lane *l, souk_status status, bool sent)
{
    if (status == SOUK_ETIMEDOUT && (!sent || left_ms(l->end_us) > 1))
        status = SOUK_EUNAVAILABLE;  /* this proxy is lost or stuck */
    l->drained += status == SOUK_OK; /* or has answered, and then this was the last try */
    if (!may_move_on(l, status, sent) || left_ms(l->end_us) <= (l->drained > 0 ? SEND_MS : 0) ||
        (l->drained > 0 && l->proxies->count == 1)) {
        end(l, status);
        return;
    }
    l->proxy = (l->proxy + 1) % l->proxies->count;
    drop_reply(l);
    if (l->drained > 0 && l->drained % l->proxies->count == 0)
        nng_sleep_aio(RECONNECT_POLL_MS, l->pause); /* all drain: one may be back soon */
    else
        ask(l);
}

static void end_pause(void *argument)
{
    ask(argument);
}

static void step(void *argument)
{
    struct souk_lane *l = argument;
    const int rv = nng_aio_result(l->aio);
    if (l->sending && rv == 0) {
        receive(l);
    } else if (l->sending) {
        nng_msg_free(nng_aio_get_msg(l->aio)); /* what was not sent is ours again */
        tried(l, souk_call_status(rv), false);
    } else {
        l->reply = rv == 0 ? nng_aio_get_msg(l->aio) : NULL;
        tried(l, souk_call_status(rv), true);
    }
}

/* ---- the lane ---- */

souk_status souk_lane_init(struct souk_lane *l, struct souk_lane_proxies *proxies, int first,
                           struct souk_error *err)
{
    *l = (struct souk_lane){.proxies = proxies, .first = first};
    souk_writer_init(&l->request);
    int rv = nng_aio_alloc(&l->aio, step, l);
    if (rv == 0)
        rv = nng_aio_alloc(&l->pause, end_pause, l);
    while (rv == 0 && l->opened < proxies->count) {
        rv = nng_ctx_open(&l->contexts[l->opened], proxies->proxy[l->opened].caller.socket);
        l->opened += rv == 0;
    }
    return rv == 0 ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "a client: %s", nng_strerror(rv));
}

void souk_lane_fini(struct souk_lane *l)
{
    nng_aio *const aios[] = {l->pause, l->aio};
    for (size_t i = 0; i < sizeof aios / sizeof aios[0]; i++)
        if (aios[i]) {
            nng_aio_stop(aios[i]);
            nng_aio_free(aios[i]);
        }
    for (int p = 0; p < l->opened; p++)
        nng_ctx_close(l->contexts[p]);
    drop_reply(l);
    souk_writer_fini(&l->request);
    *l = (struct souk_lane){.proxies = NULL};
}

void souk_lane_start(struct souk_lane *l, const struct souk_client_terms *terms,
                     souk_lane_ended *ended, void *context)
{
    const int64_t now_us = souk_monotonic_us();
    drop_reply(l);
    l->terms = *terms;
    l->deadline_us = now_us + terms->deadline_ms * 1000;
    l->end_us = now_us + terms->timeout_ms * 1000;
    l->deadline_at = l->request.buffer.size;
    l->proxy = l->first;
    l->drained = 0;
    l->ended = ended;
    l->context = context;
    ask(l);
}
