#include "serve/http/httpdaemon.h"

#include "serve/http/httpexchange.h"
#include "serve/http/httptls.h"
#include "shared/base/clock.h"

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
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

/* ---- the loop ---- */

static int wait_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    return MHD_get_timeout(daemon, &timeout_ms) == MHD_YES && timeout_ms < INT_MAX ? (int)timeout_ms
                                                                                   : -1;
}

/* Once for all who ask until it looks. */
static void wake(struct souk_http *h)
{
    if (!atomic_exchange(&h->is_awake, true) && eventfd_write(h->wake_fd, 1) != 0)
        atomic_store(&h->is_awake, false); /* its count is full: it is awake */
}

void souk_http_daemon_resume(struct souk_http *h, struct MHD_Connection *connection)
{
    MHD_resume_connection(connection);
    wake(h);
}

static void note_wake(struct souk_http *h)
{
    eventfd_t count;
    if (eventfd_read(h->wake_fd, &count) == 0)
        atomic_store(&h->is_awake, false);
}

/* libmicrohttpd 0.9.75's own loop hangs: where epoll_wait() returns as many events as it asked for,
 * 128, it asks once more before it looks at any, and waits for as long as at first, which may be
 * for ever. MHD_run() asks without waiting; we wait. What is resumed while it runs may stay unseen
 * until the next time: so whoever resumes wakes us by our own means. */
static void *loop(void *context)
{
    struct souk_http *const h = context;
    const union MHD_DaemonInfo *const info =
        MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd fds[] = {{.fd = h->wake_fd, .events = POLLIN},
                           {.fd = info->epoll_fd, .events = POLLIN}};
    while (!atomic_load(&h->is_over)) {
        poll(fds, 2, wait_ms(h->daemon));
        note_wake(h);
        MHD_run(h->daemon);
    }
    return NULL;
}

static souk_status start_loop(struct souk_http *h, struct souk_error *err)
{
    h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    h->is_looping = h->wake_fd >= 0 && pthread_create(&h->loop, NULL, loop, h) == 0;
    return h->is_looping ? SOUK_OK : souk_fail(err, SOUK_EIO, "cannot start a thread for --http");
}

souk_status souk_http_daemon_start(struct souk_http *h, struct souk_error *err)
{
    struct options o = {.count = 0};
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME;
    choose(h, &o);
    if (h->cert)
        flags |= MHD_USE_TLS;
    h->wake_fd = -1;
    h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, access_call, h, MHD_OPTION_ARRAY, o.items,
                                 MHD_OPTION_END);
    if (!h->daemon)
        return souk_fail(err, SOUK_EIO, "cannot start the HTTP listener on %s", h->address);
    h->fd = -1;
    return start_loop(h, err);
}

void souk_http_daemon_halt(struct souk_http *h)
{
    if (!h->is_looping)
        return;
    atomic_store(&h->is_over, true);
    wake(h);
    pthread_join(h->loop, NULL);
    h->is_looping = false;
}

void souk_http_daemon_stop(struct souk_http *h)
{
    souk_http_daemon_halt(h);
    if (!h->daemon)
        return;
    MHD_stop_daemon(h->daemon);
    if (h->wake_fd >= 0)
        close(h->wake_fd);
    h->daemon = NULL;
}
