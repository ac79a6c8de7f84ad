/** @file
 *  What a replica tells its monitor: requests, its queue, and the models that it holds.
 */
#ifndef SOUK_REPLICA_REPLICAMETRICS_H
#define SOUK_REPLICA_REPLICAMETRICS_H

#include "serve/monitor/processmetrics.h"
#include "serve/monitor/readiness.h"
#include "serve/monitor/requestmetrics.h"
#include "serve/monitor/servermetrics.h"
#include "serve/replica/modelslot.h"

/** Zeroed: counts nothing. Must not move once it is initialised. */
struct souk_replica_metrics {
    struct souk_process_metrics process;
    struct souk_request_metrics request;
    struct souk_server_metrics server;
    struct souk_readiness readiness;
    struct souk_gauge *workers;
    struct souk_counter *changes, *failed_changes; /**< of the model */
    struct souk_modelslot *slot;
};

/** Make the series. @param r outlives the monitor @param slot of souk_loaded versions
 *  @return as souk_metrics_check() */
souk_status souk_replica_metrics_init(struct souk_replica_metrics *r, struct souk_metrics *m,
                                      struct souk_modelslot *slot,
                                      struct souk_error *err) SOUK_MUST_CHECK;

#endif
