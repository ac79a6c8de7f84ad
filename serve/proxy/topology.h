/** @file
 *  Who holds what: the replicas of each shard, what they said of themselves, and whether it fits.
 *
 *      --shards "A1,A2 B1,B2"      shards by space, replicas of a shard by comma
 *
 *      shard 0   A1  A2            each: connected? what model, which parts (from `health`)
 *      shard 1   B1  B2
 *
 *  A thread asks every replica for its health ten times a second, and at once when a request met
 *  another model. The answers form a view: one model that every shard holds (versionchoice.h), or
 *  the reason why there is none. Requests read the view under a lock and never wait for the
 * network.
 */
#ifndef SOUK_PROXY_TOPOLOGY_H
#define SOUK_PROXY_TOPOLOGY_H

#include "serve/net/caller.h"
#include "serve/proxy/balancer.h"
#include "serve/proxy/versionchoice.h"
#include "shared/base/status.h"
#include "shared/wire/wirestatus.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_MODEL_NAME_MAX = 64 };

/** One version of a model as a replica holds it. */
struct souk_version_facts {
    bool held; /**< false: it was; an answer of it may still be under way */
    char model[SOUK_MODEL_NAME_MAX + 1], kind[SOUK_MODEL_NAME_MAX + 1];
    int64_t parts, items, catalogue, created_ms;
    int64_t sources; /**< of a two-stage model, else 0 */
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

/** A version by its id, also one that is no longer held; NULL: never heard of. */
const struct souk_version_facts *souk_replica_facts_of(const struct souk_replica_facts *facts,
                                                       const char *model);

struct souk_upstream {
    struct souk_caller caller;
    int shard;                       /**< its place in --shards */
    struct souk_replica_facts facts; /**< under the topology's lock */
};

struct souk_topology;

/** What all shards agree on at the moment. */
struct souk_view {
    enum souk_wire_status status; /**< SOUK_WIRE_OK, _TOPOLOGY or _UNAVAILABLE */
    char reason[256];
    char model[SOUK_MODEL_NAME_MAX + 1], kind[SOUK_MODEL_NAME_MAX + 1];
    int64_t parts, catalogue, sources;
};

/** Parse, dial, and start to ask. @param spec as --shards takes it
 *  @return SOUK_OK, SOUK_EUSAGE (empty, not an address, more replicas of a shard than a balancer
 *          takes), SOUK_ENOMEM */
souk_status souk_topology_start(const char *spec, struct souk_topology **out,
                                struct souk_error *err) SOUK_MUST_CHECK;
void souk_topology_stop(struct souk_topology *t);

int souk_topology_shards(const struct souk_topology *t);
int souk_topology_upstreams(const struct souk_topology *t);
struct souk_upstream *souk_topology_upstream(struct souk_topology *t, int index);

/** Thread-safe. */
void souk_topology_view(struct souk_topology *t, struct souk_view *view);
void souk_topology_facts(struct souk_topology *t, int index, struct souk_replica_facts *facts);

/** A replica that a request is to go to. */
struct souk_choice {
    int upstream;
    int place;     /**< among the replicas of its shard: a bit of a set of them */
    int64_t items; /**< that it holds of the model */
};

enum souk_choice_kind {
    SOUK_CHOICE_FIRST, /**< whoever has room: nothing was done yet for the request */
    SOUK_CHOICE_NEXT,  /**< whoever there is: what was done would be lost */
    SOUK_CHOICE_EXTRA, /**< only one that is well and has room: for what may be left alone */
};

/** Choose a connected replica of a shard that holds the model (balancer.h), one that answered its
 *  last probe where there is one, and count a request to it as under way. Thread-safe.
 *  @param tried places that must not be chosen
 *  @return SOUK_WIRE_OK: report on it with souk_topology_report(); SOUK_WIRE_UNAVAILABLE: there is
 *          none; SOUK_WIRE_OVERLOADED: they are full */
enum souk_wire_status souk_topology_choose(struct souk_topology *t, int shard, const char *model,
                                           uint64_t tried, enum souk_choice_kind kind,
                                           struct souk_choice *choice);

/** How many requests the fleet takes at once: what the replicas of the narrowest shard take
 *  together. Kept up to date ten times a second; as long as the topology. */
const atomic_int *souk_topology_limit(const struct souk_topology *t);

/** How a replica fares in the choice. */
struct souk_standing {
    int outstanding, limit; /**< questions under way, and how many there may be */
    bool ejected;
    int64_t ejected_for_failures, ejected_as_slow; /**< counters */
};

/** Thread-safe. */
void souk_topology_standing(struct souk_topology *t, int index, struct souk_standing *standing);

/** Choices of a shard that ignored ejections, for too many were out. Thread-safe. */
int64_t souk_topology_panics(struct souk_topology *t, int shard);

/** What came of a choice. Thread-safe. @param took_us since the request was sent */
void souk_topology_report(struct souk_topology *t, const struct souk_choice *choice,
                          enum souk_outcome outcome, int64_t took_us);

/** A replica has answered that it does not hold its shard of a model: the view is made anew, and
 * all replicas are asked again soon. */
void souk_topology_lost(struct souk_topology *t, int index, const char *model);

/** Wait until the view is good or the time is over. */
bool souk_topology_wait(struct souk_topology *t, int64_t timeout_ms);

#endif
