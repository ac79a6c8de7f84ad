/** @file
 *  libmicrohttpd, as the listener uses it.
 */
#ifndef SOUK_HTTP_HTTPDAEMON_H
#define SOUK_HTTP_HTTPDAEMON_H

#include "serve/http/httpcall.h"

/** Start it on h->fd, which becomes its own. @return SOUK_OK, SOUK_EIO */
souk_status souk_http_daemon_start(struct souk_http *h, struct souk_error *err) SOUK_MUST_CHECK;

/** Go on with a connection that was suspended. Thread-safe. */
void souk_http_daemon_resume(struct souk_http *h, struct MHD_Connection *connection);

/** Nothing is read and sent any more. */
void souk_http_daemon_halt(struct souk_http *h);

/** Close. No connection may be suspended: all that was asked is answered. */
void souk_http_daemon_stop(struct souk_http *h);

#endif
