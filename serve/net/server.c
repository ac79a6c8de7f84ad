#include "serve/net/server.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/wire/message.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 100, SEND_MS = 5000 };

struct worker {
    struct souk_server *server;
    int number;
    nng_ctx context;
    pthread_t thread;
    struct souk_writer reply;
};

struct souk_server {
    nng_socket socket;
    char address[NNG_MAXADDRLEN + 16];
    souk_server_handler handler;
    void *context;
    atomic_bool stopping;
    int started; /* workers with a thread */
    struct worker *workers;
};

/* Send what the handler wrote in the message that brought the request. */
static void answer(struct worker *w, nng_msg *msg)
{
    struct souk_server *s = w->server;
    int rv;
    souk_writer_clear(&w->reply);
    s->handler(s->context, w->number, nng_msg_body(msg), nng_msg_len(msg), &w->reply);
    nng_msg_clear(msg);
    rv = w->reply.failed ? NNG_ENOMEM
                         : nng_msg_append(msg, w->reply.buffer.data, w->reply.buffer.size);
    if (rv == 0)
        rv = nng_ctx_sendmsg(w->context, msg, 0);
    if (rv != 0) { /* the caller has gone, or no memory: it will time out, we go on */
        souk_log(SOUK_LOG_DEBUG, "reply_lost", "reason=\"%s\"", nng_strerror(rv));
        nng_msg_free(msg);
    }
}

static void *work(void *argument)
{
    struct worker *w = argument;
    while (!atomic_load(&w->server->stopping)) {
        nng_msg *msg = NULL;
        const int rv = nng_ctx_recvmsg(w->context, &msg, 0);
        if (rv == 0)
            answer(w, msg);
        else if (rv == NNG_ECLOSED)
            break;
    }
    return NULL;
}

static souk_status fail_nng(struct souk_error *err, const char *url, int rv)
{
    const souk_status status = rv == NNG_EADDRINUSE                       ? SOUK_EEXIST
                               : rv == NNG_EADDRINVAL || rv == NNG_EINVAL ? SOUK_EINVAL
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

static souk_status listen_on(struct souk_server *s, const char *url, struct souk_error *err)
{
    nng_listener listener;
    int rv = nng_rep0_open(&s->socket);
    if (rv != 0)
        return fail_nng(err, url, rv);
    rv = nng_socket_set_size(s->socket, NNG_OPT_RECVMAXSZ, SOUK_WIRE_RECEIVE_MAX);
    if (rv == 0)
        rv = nng_listener_create(&listener, s->socket, url);
    if (rv == 0)
        rv = nng_listener_start(listener, 0);
    if (rv != 0)
        return fail_nng(err, url, rv);
    name_address(s, url, listener);
    return SOUK_OK;
}

static int start_worker(struct souk_server *s, int number)
{
    struct worker *w = &s->workers[number];
    int rv = nng_ctx_open(&w->context, s->socket);
    if (rv != 0)
        return rv;
    w->server = s;
    w->number = number;
    souk_writer_init(&w->reply);
    rv = nng_ctx_set_ms(w->context, NNG_OPT_RECVTIMEO, POLL_MS);
    if (rv == 0)
        rv = nng_ctx_set_ms(w->context, NNG_OPT_SENDTIMEO, SEND_MS);
    if (rv == 0 && pthread_create(&w->thread, NULL, work, w) != 0)
        rv = NNG_ENOMEM;
    return rv;
}

souk_status souk_server_start(const char *url, int workers, souk_server_handler handler,
                              void *context, struct souk_server **out, struct souk_error *err)
{
    struct souk_server *s = souk_zalloc_array(1, sizeof *s);
    souk_status status;
    *out = NULL;
    if (s)
        s->workers = souk_zalloc_array((size_t)workers, sizeof *s->workers);
    if (!s || !s->workers) {
        free(s);
        return souk_fail(err, SOUK_ENOMEM, "no memory for %d workers", workers);
    }
    s->handler = handler;
    s->context = context;
    status = listen_on(s, url, err);
    for (int i = 0; i < workers && !status; i++) {
        const int rv = start_worker(s, i);
        if (rv != 0)
            status = fail_nng(err, url, rv);
        else
            s->started++;
    }
    if (status) {
        souk_server_stop(s);
        return status;
    }
    *out = s;
    return SOUK_OK;
}

const char *souk_server_address(const struct souk_server *s)
{
    return s->address;
}

void souk_server_stop(struct souk_server *s)
{
    if (!s)
        return;
    atomic_store(&s->stopping, true);
    for (int i = 0; i < s->started; i++) {
        pthread_join(s->workers[i].thread, NULL);
        nng_ctx_close(s->workers[i].context);
        souk_writer_fini(&s->workers[i].reply);
    }
    nng_close(s->socket);
    free(s->workers);
    free(s);
}
