/** @file
 *  The HTTP face of the proxy: requests in JSON become the messages that come by nng, are given to
 *  the same workforce, and their replies become JSON.
 *
 *      libmicrohttpd (epoll) -> head -> body -> message -> workforce.h -> reply -> libmicrohttpd
 *             peers.h: who is late is closed              (suspended)   JSON, gzip
 *
 *  docs/api.md says what is offered; openapi.json, which is served, says it to programs. An epoll
 *  thread reads and writes; a reply becomes JSON on the thread that made it.
 */
#ifndef SOUK_HTTP_HTTPSERVER_H
#define SOUK_HTTP_HTTPSERVER_H

#include "serve/http/httpoptions.h"
#include "serve/monitor/metric.h"
#include "serve/monitor/monitorserver.h"
#include "serve/net/workforce.h"

struct souk_http_plan {
    const struct souk_http_options *options; /**< outlives the listener */
    bool insecure;                           /**< a network may reach it without TLS */
    const char *version;                     /**< of the program; outlives the listener */
    struct souk_workforce *force;
    struct souk_metrics *metrics; /**< gets souk_http_*; outlives the listener, is read before */
    souk_monitor_ready ready;     /**< for /readyz; thread-safe */
    void *ready_context;
};

struct souk_http;

/** Listen. @param plan borrowed for the call
 *  @param out NULL where options->listen is
 *  @return SOUK_OK, SOUK_EUSAGE (not an address; TLS is missing), SOUK_EEXIST (in use),
 *          SOUK_ENOTFOUND, SOUK_EFORMAT, SOUK_EINTEGRITY (of the files of TLS), SOUK_EIO,
 *          SOUK_ENOMEM */
souk_status souk_http_start(const struct souk_http_plan *plan, struct souk_http **out,
                            struct souk_error *err) SOUK_MUST_CHECK;

/** "127.0.0.1:8080", with the port that was found; "none" for NULL. */
const char *souk_http_address(const struct souk_http *h);

/** Open the access log again, by name (after it was moved away). NULL, no log: harmless.
 *  @return SOUK_OK, SOUK_EIO: the old one goes on */
souk_status souk_http_reopen_log(struct souk_http *h, struct souk_error *err) SOUK_MUST_CHECK;

/** Connections that stand; thread-safe. */
int souk_http_connections(struct souk_http *h);

/** Tell clients to go elsewhere: each answer from now on ends its connection. NULL is fine. */
void souk_http_drain(struct souk_http *h);

/** Close. The workforce has been stopped before, and all that was kept is answered. NULL is fine.
 */
void souk_http_stop(struct souk_http *h);

#endif
