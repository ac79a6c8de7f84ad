#include "serve/net/caller.h"

#include "shared/base/memory.h"
#include "shared/wire/message.h"

#include <nng/protocol/reqrep0/req.h>
#include <stdlib.h>
#include <string.h>

enum { RECONNECT_MIN_MS = 10, RECONNECT_MAX_MS = 100 };

static void count_pipe(nng_pipe pipe, nng_pipe_ev event, void *argument)
{
    struct souk_caller *c = argument;
    if (nng_pipe_id(pipe) < 0)
        return;
    if (event == NNG_PIPE_EV_ADD_POST)
        atomic_fetch_add(&c->pipes, 1);
    else if (event == NNG_PIPE_EV_REM_POST)
        atomic_fetch_sub(&c->pipes, 1);
}

static int set_options(nng_socket socket)
{
    int rv = nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    if (rv == 0)
        rv = nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS);
    if (rv == 0)
        rv = nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS);
    if (rv == 0)
        rv = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, SOUK_WIRE_RECEIVE_MAX);
    return rv;
}

static int watch_pipes(struct souk_caller *c)
{
    int rv = nng_pipe_notify(c->socket, NNG_PIPE_EV_ADD_POST, count_pipe, c);
    if (rv == 0)
        rv = nng_pipe_notify(c->socket, NNG_PIPE_EV_REM_POST, count_pipe, c);
    return rv;
}

static souk_status fail_nng(struct souk_error *err, const char *url, int rv)
{
    return souk_fail(err, rv == NNG_ENOMEM ? SOUK_ENOMEM : SOUK_EUSAGE, "%s: %s", url,
                     nng_strerror(rv));
}

static souk_status dial(struct souk_caller *c, const struct souk_tls *tls, struct souk_error *err)
{
    nng_dialer dialer;
    souk_status status;
    int rv = set_options(c->socket);
    if (rv == 0)
        rv = watch_pipes(c);
    if (rv == 0)
        rv = nng_dialer_create(&dialer, c->socket, c->url);
    if (rv != 0)
        return fail_nng(err, c->url, rv);
    status = souk_tls_dial(tls, dialer, c->url, err);
    if (status)
        return status;
    rv = nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
    return rv == 0 ? SOUK_OK : fail_nng(err, c->url, rv);
}

souk_status souk_caller_init(struct souk_caller *c, const char *url, const struct souk_tls *tls,
                             struct souk_error *err)
{
    souk_status status;
    *c = (struct souk_caller){.url = souk_strndup(url, strlen(url))};
    if (!c->url)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", url);
    const int rv = nng_req0_open(&c->socket);
    status = rv == 0 ? dial(c, tls, err) : fail_nng(err, url, rv);
    if (rv == 0 && status)
        nng_close(c->socket);
    if (status) {
        free(c->url);
        c->url = NULL;
    }
    return status;
}

void souk_caller_fini(struct souk_caller *c)
{
    if (!c->url)
        return;
    nng_close(c->socket);
    free(c->url);
    c->url = NULL;
}

souk_status souk_call_init(struct souk_call *call, struct souk_caller *c, struct souk_error *err)
{
    int rv;
    *call = (struct souk_call){.aio = NULL};
    rv = nng_ctx_open(&call->context, c->socket);
    if (rv == 0) {
        rv = nng_aio_alloc(&call->aio, NULL, NULL);
        if (rv != 0)
            nng_ctx_close(call->context);
    }
    if (rv != 0)
        return souk_fail(err, SOUK_ENOMEM, "%s: %s", c->url, nng_strerror(rv));
    return SOUK_OK;
}

static void drop_reply(struct souk_call *call)
{
    if (call->reply)
        nng_msg_free(call->reply);
    call->reply = NULL;
}

void souk_call_fini(struct souk_call *call)
{
    if (!call->aio)
        return;
    nng_aio_stop(call->aio);
    nng_aio_free(call->aio);
    nng_ctx_close(call->context);
    drop_reply(call);
    call->aio = NULL;
}

souk_status souk_call_begin(struct souk_call *call, const void *bytes, size_t len,
                            int64_t timeout_ms)
{
    nng_msg *msg = NULL;
    drop_reply(call);
    if (nng_msg_alloc(&msg, 0) != 0)
        return SOUK_ENOMEM;
    if (nng_msg_append(msg, bytes, len) != 0) {
        nng_msg_free(msg);
        return SOUK_ENOMEM;
    }
    nng_aio_set_msg(call->aio, msg);
    nng_aio_set_timeout(call->aio, (nng_duration)(timeout_ms > 0 ? timeout_ms : 0));
    nng_ctx_send(call->context, call->aio);
    call->begun = true;
    call->sent = false;
    return SOUK_OK;
}

souk_status souk_call_status(int rv)
{
    switch (rv) {
    case 0:
        return SOUK_OK;
    case NNG_ETIMEDOUT:
        return SOUK_ETIMEDOUT;
    case NNG_ENOMEM:
        return SOUK_ENOMEM;
    default:
        return SOUK_EUNAVAILABLE;
    }
}

souk_status souk_call_end(struct souk_call *call, int64_t timeout_ms, const void **bytes,
                          size_t *len)
{
    int rv;
    nng_aio_wait(call->aio);
    rv = nng_aio_result(call->aio);
    call->begun = false;
    if (rv != 0) {
        nng_msg_free(nng_aio_get_msg(call->aio));
        return souk_call_status(rv);
    }
    call->sent = true;
    nng_aio_set_timeout(call->aio, (nng_duration)(timeout_ms > 0 ? timeout_ms : 0));
    nng_ctx_recv(call->context, call->aio);
    nng_aio_wait(call->aio);
    rv = nng_aio_result(call->aio);
    if (rv != 0)
        return souk_call_status(rv);
    call->reply = nng_aio_get_msg(call->aio);
    *bytes = nng_msg_body(call->reply);
    *len = nng_msg_len(call->reply);
    return SOUK_OK;
}
