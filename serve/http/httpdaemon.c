#include "serve/http/httpdaemon.h"

#include "serve/http/httpexchange.h"
#include "serve/http/httptls.h"
#include "shared/base/clock.h"

#include <string.h>
#include <unistd.h>

enum { OPTIONS_MAX = 16 };

/* The first line of a request has come. */
static void *begin_call(void *context, const char *uri, struct MHD_Connection *connection)
{
    return souk_http_call_take(context, connection, uri);
}

static enum MHD_Result access_call(void *context, struct MHD_Connection *connection,
                                   const char *url, const char *method, const char *version,
                                   const char *bytes, size_t *len, void **state)
{
    struct souk_http_call *const c = *state;
    (void)context;
    (void)connection;
    (void)url;
    if (!c)
        return MHD_NO; /* no memory */
    if (!c->has_begun)
        return souk_http_exchange_begin(c, method, version);
    if (*len == 0)
        return souk_http_exchange_go_on(c);
    const size_t taken = *len;
    *len = 0;
    return souk_http_exchange_take(c, bytes, taken);
}

/* The request is answered and sent, or never will be. */
static void end_call(void *context, struct MHD_Connection *connection, void **state,
                     enum MHD_RequestTerminationCode code)
{
    struct souk_http *const h = context;
    struct souk_http_call *const c = *state;
    (void)connection;
    if (!c)
        return;
    if (!c->has_begun && code == MHD_REQUEST_TERMINATED_WITH_ERROR)
        souk_counter_add(h->metrics.malformed, 1);
    souk_peer_enter(c->peer, SOUK_PEER_RESTING, souk_monotonic_us());
    souk_http_call_give(c);
    *state = NULL;
}

static void change_connection(void *context, struct MHD_Connection *connection, void **state,
                              enum MHD_ConnectionNotificationCode code)
{
    struct souk_http *const h = context;
    const union MHD_ConnectionInfo *const info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        souk_peers_remove(&h->peers, *state);
        *state = NULL;
    } else {
        *state = info ? souk_peers_add(&h->peers, info->connect_fd, souk_monotonic_us()) : NULL;
    }
}

struct options {
    struct MHD_OptionItem items[OPTIONS_MAX];
    int count;
};

static void put(struct options *o, enum MHD_OPTION option, intptr_t value, void *pointer)
{
    o->items[o->count++] = (struct MHD_OptionItem){option, value, pointer};
}

/* libmicrohttpd's own timeout is off: any byte puts it off, and peers.h does better. */
static void choose(struct souk_http *h, struct options *o)
{
    const struct souk_http_limits *const l = &h->options->limits;
    put(o, MHD_OPTION_LISTEN_SOCKET, h->fd, NULL);
    put(o, MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)begin_call, h);
    put(o, MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)end_call, h);
    put(o, MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)change_connection, h);
    put(o, MHD_OPTION_CONNECTION_LIMIT, (intptr_t)l->connections, NULL);
    put(o, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)l->of_address, NULL);
    put(o, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)l->header_bytes, NULL);
    put(o, MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL);
    if (h->cert) {
        put(o, MHD_OPTION_HTTPS_MEM_CERT, 0, h->cert);
        put(o, MHD_OPTION_HTTPS_MEM_KEY, 0, h->key);
        put(o, MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)SOUK_HTTP_TLS_PRIORITIES);
    }
    put(o, MHD_OPTION_END, 0, NULL);
}

souk_status souk_http_daemon_start(struct souk_http *h, struct souk_error *err)
{
    struct options o = {.count = 0};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    choose(h, &o);
    if (h->cert)
        flags |= MHD_USE_TLS;
    h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, access_call, h, MHD_OPTION_ARRAY, o.items,
                                 MHD_OPTION_END);
    if (!h->daemon)
        return souk_fail(err, SOUK_EIO, "cannot start the HTTP listener on %s", h->address);
    h->fd = -1;
    return SOUK_OK;
}

void souk_http_daemon_stop(struct souk_http *h)
{
    if (h->daemon)
        MHD_stop_daemon(h->daemon);
    h->daemon = NULL;
}
