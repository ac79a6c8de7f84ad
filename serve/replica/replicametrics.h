/** @file
 *  What a replica tells its monitor: requests, its shard, and the models that it holds.
 */
#ifndef SOUK_REPLICA_REPLICAMETRICS_H
#define SOUK_REPLICA_REPLICAMETRICS_H

#include "serve/monitor/processmetrics.h"
#include "serve/monitor/readiness.h"
#include "serve/monitor/requestmetrics.h"
#include "shared/score/shard.h"

#include <pthread.h>

enum { SOUK_REPLICA_MODELS_MAX = 2 };

/** A model that is held, in figures that outlive it. */
struct souk_held_model {
    char id[SOUK_MODEL_ID_BYTES + 1], kind[SOUK_NAME_MAX_BYTES + 1];
    int64_t created_ms, loaded_ms; /**< since 1970 */
    int64_t items, shard_items;
};

/** Zeroed: counts nothing. Must not move once it is initialised. */
struct souk_replica_metrics {
    struct souk_process_metrics process;
    struct souk_request_metrics request;
    struct souk_readiness readiness;
    struct souk_gauge *workers;
    pthread_mutex_t lock; /**< of the models */
    struct souk_held_model models[SOUK_REPLICA_MODELS_MAX];
    int model_count;
};

/** Make the series. @param r outlives the monitor
 *  @return as souk_metrics_check() */
souk_status souk_replica_metrics_init(struct souk_replica_metrics *r, struct souk_metrics *m,
                                      struct souk_error *err) SOUK_MUST_CHECK;

/** Figures of a model that has just been loaded. */
struct souk_held_model souk_held_model_of(const struct souk_shard *shard);

/** These are held from now on. @param models [count], at most SOUK_REPLICA_MODELS_MAX; copied */
void souk_replica_metrics_hold(struct souk_replica_metrics *r, const struct souk_held_model *models,
                               int count);

#endif
