/** @file
 *  One question to one shard or to all of them at once, with one more try elsewhere (or over a new
 *  connection) for a shard whose replica fell away.
 */
#ifndef SOUK_PROXY_FANOUT_H
#define SOUK_PROXY_FANOUT_H

#include "serve/proxy/topology.h"
#include "shared/wire/message.h"
#include "shared/wire/writer.h"

/** The calls of one worker: one to every replica. */
struct souk_fanout {
    struct souk_topology *topology;
    struct souk_call *calls;           /**< [upstreams] */
    int *chosen;                       /**< [shards], index of the upstream asked, -1: none */
    struct souk_shard_answer *answers; /**< [shards] */
};

struct souk_shard_answer {
    bool answered; /**< `message` is parsed */
    int64_t
        status; /**< enum souk_wire_status of the reply, _UNAVAILABLE or _DEADLINE without one */
    struct souk_message message; /**< valid until the next question */
};

souk_status souk_fanout_init(struct souk_fanout *f, struct souk_topology *topology,
                             struct souk_error *err) SOUK_MUST_CHECK;
void souk_fanout_fini(struct souk_fanout *f);

/** Ask. Earlier answers are dropped.
 *  @param wanted [shards], which shards are asked; the answers of others are `unavailable`
 *  @param model the version that must answer
 *  @param deadline_us monotonic
 *  @return number of shards that answered with status 0 */
int souk_fanout_ask(struct souk_fanout *f, const bool *wanted, const char *model,
                    const struct souk_writer *request, int64_t deadline_us);

#endif
