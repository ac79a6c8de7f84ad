/** @file
 *  One question to one shard or to all of them at once, each asked a second time elsewhere where
 * the first replica falls away or takes too long.
 *
 *      shard 0   try A1 ------------------------------x  dropped: A2 was first
 *                       p95  try A2 --------> answer
 *      shard 1   try B1 --- lost
 *                        try B2 ---> answer              a retry
 *      shard 2   try C1 ----> answer
 *
 *  A reply counts only if it has the id of this very try and the shard that was asked, and, where
 * it is an answer, the model that was asked. Any other is a replica's error.
 */
#ifndef SOUK_PROXY_FANOUT_H
#define SOUK_PROXY_FANOUT_H

#include "serve/net/waitset.h"
#include "serve/proxy/hedging.h"
#include "serve/proxy/topology.h"
#include "shared/wire/message.h"
#include "shared/wire/writer.h"

enum { SOUK_TRIES_MAX = 3 }; /**< of one question to one shard */

struct souk_try {
    struct souk_choice choice;
    int64_t begun_us;
    bool open; /**< under way */
    char id[SOUK_QUESTION_ID_BYTES];
};

/** What is under way to a shard, and what came of it. */
struct souk_shard_answer {
    bool answered;  /**< `message` is parsed, and of this question */
    int64_t status; /**< enum souk_wire_status of the reply; _UNAVAILABLE, _DEADLINE or _OVERLOADED
                         without one */
    int64_t items;  /**< of the replica that answered */
    struct souk_message message; /**< valid until the next question */
    nng_msg *reply;              /**< that it points into */
    bool settled;
    struct souk_try tries[SOUK_TRIES_MAX];
    int try_count, open;
    uint64_t tried;      /**< places of the shard's replicas */
    int64_t patience_us; /**< of a try before it is late */
    int64_t hedge_us;    /**< when to ask a second one; INT64_MAX: not (again) */
};

/** What is asked. */
struct souk_question {
    const char *operation, *model; /**< the version that must answer */
    const char *origin;            /**< [origin_len] id of the request, for the replica's log */
    size_t origin_len;
    const struct souk_writer *body; /**< fields behind the common ones, without the map's head */
    size_t fields;                  /**< how many */
    int64_t deadline_us;            /**< monotonic */
    bool keep_others;               /**< earlier answers of shards that are not asked stay */
    bool is_first;                  /**< of its request: not asked of replicas that are full */
};

/** The calls of one worker: one to every replica that it has asked. */
struct souk_fanout {
    struct souk_topology *topology;
    struct souk_hedging *hedging;
    struct souk_waitset waitset;       /**< flight k goes to slot k of the topology */
    struct souk_writer head;           /**< common fields of a try */
    struct souk_shard_answer *answers; /**< [shards] */
    int unsettled;
};

/** @param hedging shared by all workers, outlives them
 *  @return SOUK_OK, SOUK_ENOMEM; on failure souk_fanout_fini() is harmless */
souk_status souk_fanout_init(struct souk_fanout *f, struct souk_topology *topology,
                             struct souk_hedging *hedging, struct souk_error *err) SOUK_MUST_CHECK;
void souk_fanout_fini(struct souk_fanout *f);

/** Ask. Earlier answers are dropped, or kept as the question says. Over at the deadline, whoever
 * has not answered.
 *  @param wanted [shards], which shards are asked; the answers of others are `unavailable`, or
 *         what they were
 *  @return number of shards with an answer of status 0 */
int souk_fanout_ask(struct souk_fanout *f, const bool *wanted, const struct souk_question *q);

#endif
