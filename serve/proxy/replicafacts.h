/** @file
 *  What a replica says of itself in its reply to `health` (docs/wire-format.md), and whether it is
 *  what is wanted. Pure.
 */
#ifndef SOUK_PROXY_REPLICAFACTS_H
#define SOUK_PROXY_REPLICAFACTS_H

#include "serve/proxy/versionchoice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOUK_MODEL_NAME_MAX = 64 };

/** What a model was trained on, and knows of items. An older release does not say: all 0, and -1
 *  events. */
struct souk_model_data {
    int64_t users, events;     /**< events -1: not known */
    int64_t from_ms, until_ms; /**< [from, until): events from here on the model has not seen */
    bool prices, availability; /**< known of its items */
};

/** One version of a model as a replica holds it. */
struct souk_version_facts {
    bool held; /**< false: it was; an answer of it may still be under way */
    char model[SOUK_MODEL_NAME_MAX + 1], kind[SOUK_MODEL_NAME_MAX + 1];
    int64_t parts, items, catalogue, created_ms;
    int64_t sources; /**< of a two-stage model, else 0 */
    struct souk_model_data data;
};

/** What a replica says of itself. */
struct souk_replica_facts {
    bool known; /**< it has answered once */
    bool alive; /**< it answered the last time it was asked */
    bool ready; /**< and wants to be asked: it is not draining, nor between two models */
    int64_t shard, shards;
    int version_count;
    struct souk_version_facts versions[SOUK_VERSIONS_KNOWN]; /**< newest first */
};

/** Parse a reply to `health`. @param facts untouched on failure
 *  @return false: it is no such reply, or it does not say what is needed */
bool souk_replica_facts_parse(const void *bytes, size_t len, struct souk_replica_facts *facts);

/** A version by its id, also one that is no longer held; NULL: never heard of. */
const struct souk_version_facts *souk_replica_facts_of(const struct souk_replica_facts *facts,
                                                       const char *model);

bool souk_replica_facts_holds(const struct souk_replica_facts *facts, const char *model);

/** It answers, wants to be asked, and has something to answer from. */
bool souk_replica_facts_can_answer(const struct souk_replica_facts *facts);

/** Keep versions of old facts known, behind those that are held. */
void souk_replica_facts_keep_older(struct souk_replica_facts *facts,
                                   const struct souk_replica_facts *old);

/** Whether a replica that answered is shard `shard` of `shards`.
 *  @param reason [size], why not */
bool souk_replica_facts_fit(const struct souk_replica_facts *facts, int shard, int shards,
                            char *reason, size_t size);

/** Whether two replicas mean the same by a version that both know: cut into as many parts, of as
 *  many items. @param reason [size], why not */
bool souk_replica_facts_agree(const struct souk_replica_facts *a,
                              const struct souk_replica_facts *b, char *reason, size_t size);

#endif
