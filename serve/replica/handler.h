/** @file
 *  What one version of a model answers: `profile`, `scan` and `item` of any model, what it holds
 *  (lookuphandler.h), and the rounds of two stages (stagehandler.h); docs/wire-format.md, between
 * proxy and replica. Thread-safe: the shard is immutable, each worker has memory of its own.
 */
#ifndef SOUK_REPLICA_HANDLER_H
#define SOUK_REPLICA_HANDLER_H

#include "serve/replica/gramshares.h"
#include "serve/replica/stageshard.h"
#include "shared/score/shard.h"
#include "shared/wire/reply.h"

struct souk_replica {
    const struct souk_model *model;
    const struct souk_shard *shard;
    const struct souk_stage_shard *stages; /**< of a two-stage model, else NULL */
    int shard_number, shards;
    int workers;
    struct souk_topk *lists;       /**< [workers] */
    struct souk_stage_work *works; /**< [workers], with stages */
    struct souk_gram_shares gram;
};

/** @param stages NULL: not a two-stage model
 *  @param out empty with souk_replica_fini(); model, shard and stages must outlive it */
souk_status souk_replica_init(struct souk_replica *out, const struct souk_model *model,
                              const struct souk_shard *shard, const struct souk_stage_shard *stages,
                              int shard_number, int shards, int workers,
                              struct souk_error *err) SOUK_MUST_CHECK;
void souk_replica_fini(struct souk_replica *r);

/** Answer by this version. Many threads at once, each with its own worker number. */
void souk_replica_answer(struct souk_replica *r, int worker, const struct souk_request *request,
                         struct souk_writer *reply);

#endif
