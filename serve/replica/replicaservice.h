/** @file
 *  What a replica answers, whatever versions it holds: `health` of all of them, everything else by
 *  the version that is asked for (handler.h), or `no_such_model`. Work whose time is over is not
 *  begun.
 */
#ifndef SOUK_REPLICA_REPLICASERVICE_H
#define SOUK_REPLICA_REPLICASERVICE_H

#include "serve/monitor/requestmetrics.h"
#include "serve/monitor/slowlog.h"
#include "serve/net/workforce.h"
#include "serve/replica/loader.h"
#include "shared/wire/reply.h"

struct souk_replica_service {
    struct souk_loader *loader;
    struct souk_request_metrics *metrics; /**< NULL: nothing is counted */
    atomic_bool draining;      /**< asked to leave: health says so, questions are still answered */
    atomic_llong last_work_us; /**< monotonic, of the last request that was no `health` */
    struct souk_slow_log slow; /**< zeroed at first: slow questions are not logged */
};

/** @param metrics NULL: nothing is counted; outlives the service */
void souk_replica_service_init(struct souk_replica_service *s, struct souk_loader *loader,
                               struct souk_request_metrics *metrics);

/** A souk_task_handler; context is the struct souk_replica_service. */
enum souk_task_step souk_replica_service_handle(void *context, int worker, struct souk_task *task,
                                                struct souk_writer *reply);

/** The reply to `health`: state, place, and what is held, newest first. */
void souk_replica_service_health(struct souk_replica_service *s, const struct souk_request *request,
                                 struct souk_writer *reply);

#endif
