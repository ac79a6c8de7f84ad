/** @file
 *  One version of a model in a replica's memory: its manifest, the parts of the shard, and what the
 *  workers need to answer from them. Immutable but for the workers' memory.
 */
#ifndef SOUK_REPLICA_LOADEDMODEL_H
#define SOUK_REPLICA_LOADEDMODEL_H

#include "serve/replica/handler.h"
#include "serve/replica/modelslot.h"

#include <stdint.h>

/** What every version of a replica shares. */
struct souk_shard_place {
    int shard, shards;
    int workers;
};

struct souk_loaded {
    struct souk_held held; /**< first, so that the one is the other */
    int64_t need_bytes;    /**< as souk_loaded_need() says */
    int64_t loaded_ms;     /**< since 1970 */
    struct souk_model *model;
    struct souk_shard shard;
    struct souk_stage_shard stages;
    struct souk_replica replica;
};

static inline struct souk_loaded *souk_loaded_of(struct souk_held *held)
{
    return (struct souk_loaded *)held;
}

/** Open a manifest by the folder that the path leads to now, so that a registry's `current` that
 *  moves on meanwhile does not mix two versions. @return as souk_model_open() */
souk_status souk_loaded_open(const char *path, struct souk_model **out,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** Bytes that loading takes at its height, by the manifest alone: the files of the shard's parts
 *  (they are not compressed), factors padded to whole cache lines, one part more while its rows are
 *  turned over, the manifest's own tables, and the workers' memory. */
int64_t souk_loaded_need(const struct souk_model *model, const struct souk_shard_place *place);

/** Read every part of the shard and check it whole, but keep nothing: a part's memory at a time.
 *  @return as souk_shard_load() */
souk_status souk_loaded_verify(const struct souk_model *model, const struct souk_shard_place *place,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** Load, check, and answer a few queries of our own (selftest.h).
 *  @param model taken over, also on failure
 *  @return SOUK_OK, SOUK_EINTEGRITY and what souk_shard_load() returns, SOUK_ENUMERIC (self-test)
 */
souk_status souk_loaded_new(struct souk_model *model, const struct souk_shard_place *place,
                            struct souk_loaded **out, struct souk_error *err) SOUK_MUST_CHECK;
void souk_loaded_free(struct souk_loaded *l);

#endif
