#include "serve/http/httpserver.h"

#include "serve/http/httpcall.h"
#include "serve/http/httpdaemon.h"
#include "serve/http/httpexchange.h"
#include "serve/http/httptls.h"
#include "serve/net/hostport.h"
#include "serve/net/listenaddress.h"
#include "shared/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 1024, LAST_ANSWERS_MS = 500 };

/* A network may reach it with TLS only, but where the operator wants it so. */
static souk_status check_address(const struct souk_http_plan *plan, struct souk_error *err)
{
    char url[SOUK_HOSTPORT_BYTES];
    const bool is_open = plan->insecure || plan->options->cert;
    snprintf(url, sizeof url, "tcp://%s", plan->options->listen);
    const souk_status status = souk_listen_address_check(url, is_open, err);
    if (status == SOUK_EUSAGE)
        return souk_fail(err, status,
                         "--http %s can be reached by a network: give --http-tls-cert and "
                         "--http-tls-key, or --insecure",
                         plan->options->listen);
    return status;
}

static souk_status listen_on(struct souk_http *h, struct souk_error *err)
{
    return souk_hostport_listen(h->options->listen, "--http", BACKLOG, &h->fd, h->address, err);
}

static souk_status start(struct souk_http *h, const struct souk_http_plan *plan,
                         struct souk_error *err)
{
    const struct souk_http_options *const o = plan->options;
    souk_status status = souk_metrics_check(plan->metrics, err);
    if (!status)
        status = check_address(plan, err);
    if (!status)
        status = souk_http_tls_load(o->cert, o->key, &h->cert, &h->key, err);
    if (!status)
        status = souk_access_log_open(&h->log, o->access_log, err);
    if (!status)
        status = listen_on(h, err);
    if (!status)
        status = souk_peers_start(&h->peers, o->limits.idle_ms, o->limits.arrival_ms, err);
    if (!status)
        status = souk_large_bodies_start(&h->large, souk_http_exchange_read_large, err);
    if (!status)
        status = souk_http_daemon_start(h, err);
    return status;
}

souk_status souk_http_start(const struct souk_http_plan *plan, struct souk_http **out,
                            struct souk_error *err)
{
    *out = NULL;
    if (!plan->options->listen)
        return SOUK_OK;
    struct souk_http *const h = souk_zalloc_array(1, sizeof *h);
    if (!h)
        return souk_fail(err, SOUK_ENOMEM, "no memory for --http");
    h->options = plan->options;
    h->version = plan->version;
    h->force = plan->force;
    h->ready = plan->ready;
    h->ready_context = plan->ready_context;
    h->fd = -1;
    pthread_mutex_init(&h->pool_lock, NULL);
    souk_call_ids_init(&h->ids);
    souk_pages_init(&h->pages);
    souk_http_metrics_init(&h->metrics, plan->metrics, &h->peers);
    const souk_status status = start(h, plan, err);
    if (status) {
        souk_http_stop(h);
        return status;
    }
    *out = h;
    return SOUK_OK;
}

const char *souk_http_address(const struct souk_http *h)
{
    return h ? h->address : "none";
}

souk_status souk_http_reopen_log(struct souk_http *h, struct souk_error *err)
{
    return h ? souk_access_log_reopen(&h->log, err) : SOUK_OK;
}

int souk_http_connections(struct souk_http *h)
{
    return h ? atomic_load(&h->peers.count) : 0;
}

void souk_http_drain(struct souk_http *h)
{
    if (h)
        atomic_store(&h->drains, true);
}

/* Answers that are there are sent, to who takes them. */
static void finish_calls(struct souk_http *h)
{
    for (int ms = 0; ms < LAST_ANSWERS_MS && atomic_load(&h->calls) > 0; ms++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

void souk_http_stop(struct souk_http *h)
{
    if (!h)
        return;
    if (h->daemon)
        finish_calls(h);
    souk_http_daemon_halt(h);
    souk_large_bodies_stop(&h->large);
    souk_http_daemon_stop(h);
    souk_peers_stop(&h->peers);
    souk_http_calls_free(h);
    souk_pages_fini(&h->pages);
    souk_access_log_close(&h->log);
    souk_http_tls_free(h->cert, h->key);
    pthread_mutex_destroy(&h->pool_lock);
    if (h->fd >= 0)
        close(h->fd);
    free(h);
}
