/** @file
 *  What the operator's listener of a replica answers: `reload`, `drain`, `health`
 *  (docs/wire-format.md). It is on an ipc path: who may open the socket may change the model.
 */
#ifndef SOUK_REPLICA_REPLICAADMIN_H
#define SOUK_REPLICA_REPLICAADMIN_H

#include "serve/net/workforce.h"
#include "serve/replica/replicametrics.h"
#include "serve/replica/replicaservice.h"

/** Two, so that `health` is answered while `reload` is at work. */
enum { SOUK_REPLICA_ADMIN_WORKERS = 2 };

struct souk_replica_admin {
    struct souk_replica_service *service;
    struct souk_replica_metrics *metrics;
    const char *model; /**< --model: what `reload` without a path loads */
};

/** A souk_task_handler; context is the struct souk_replica_admin. */
enum souk_task_step souk_replica_admin_handle(void *context, int worker, struct souk_task *task,
                                              struct souk_writer *reply);

#endif
