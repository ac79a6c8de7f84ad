/** @file
 *  What the operator's listener of a proxy answers: `list`, `status`, `add`, `drain`, `remove`
 *  (docs/wire-format.md). It is on an ipc path: who may open the socket may change the fleet.
 */
#ifndef SOUK_PROXY_PROXYADMIN_H
#define SOUK_PROXY_PROXYADMIN_H

#include "serve/proxy/proxystatus.h"

/** Two, so that `status` is answered while a change waits for replicas. */
enum { SOUK_PROXY_ADMIN_WORKERS = 2 };

/** A souk_server_handler; context is the struct souk_proxy_status. */
void souk_proxy_admin_handle(void *context, int worker, int64_t received_us, const void *request,
                             size_t len, struct souk_writer *reply);

#endif
