/** @file
 *  What the operator's listener of a proxy answers: `list`, `status`, `add`, `drain`, `remove`
 *  (docs/wire-format.md). It is on an ipc path: who may open the socket may change the fleet.
 */
#ifndef SOUK_PROXY_PROXYADMIN_H
#define SOUK_PROXY_PROXYADMIN_H

#include "serve/net/workforce.h"
#include "serve/proxy/proxystatus.h"

/** Two, so that `status` is answered while a change waits for replicas. */
enum { SOUK_PROXY_ADMIN_WORKERS = 2 };

/** A souk_task_handler; context is the struct souk_proxy_status. */
enum souk_task_step souk_proxy_admin_handle(void *context, int worker, struct souk_task *task,
                                            struct souk_writer *reply);

#endif
