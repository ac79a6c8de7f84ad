/** @file
 *  What a replica answers: `profile`, `scan`, `item` and `health` of any model, and the rounds of
 *  two stages (stagehandler.h); docs/wire-format.md, between proxy and replica. Thread-safe: the
 *  shard is immutable, each worker has memory of its own.
 */
#ifndef SOUK_REPLICA_HANDLER_H
#define SOUK_REPLICA_HANDLER_H

#include "serve/monitor/requestmetrics.h"
#include "serve/replica/stageshard.h"
#include "shared/score/shard.h"
#include "shared/wire/writer.h"

struct souk_replica {
    const struct souk_model *model;
    const struct souk_shard *shard;
    const struct souk_stage_shard *stages; /**< of a two-stage model, else NULL */
    int shard_number, shards;
    int workers;
    struct souk_request_metrics *metrics; /**< NULL: nothing is counted */
    struct souk_topk *lists;              /**< [workers] */
    struct souk_stage_work *works;        /**< [workers], with stages */
};

/** @param stages NULL: not a two-stage model
 *  @param out empty with souk_replica_fini(); model, shard and stages must outlive it */
souk_status souk_replica_init(struct souk_replica *out, const struct souk_model *model,
                              const struct souk_shard *shard, const struct souk_stage_shard *stages,
                              int shard_number, int shards, int workers,
                              struct souk_error *err) SOUK_MUST_CHECK;
void souk_replica_fini(struct souk_replica *r);

/** A souk_server_handler; context is the struct souk_replica. */
void souk_replica_handle(void *context, int worker, const void *request, size_t len,
                         struct souk_writer *reply);

#endif
