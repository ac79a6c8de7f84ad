/** @file
 *  Who holds what: the replicas of each shard, what they said of themselves, and who is asked.
 *
 *      plan (fleetplan.h) --> membership.h   who is in; changes while the proxy runs
 *                                 |
 *      health, 10 times a second: healthwatch.h --> facts of each replica
 *                                 |
 *                             fleetview.h    the model that every shard holds, or why there is none
 *                                 |
 *      a request              souk_topology_choose() .. souk_topology_report()
 *
 *  A replica has a place in its shard (a bit of a set of 64, for the balancer) and a slot among all
 *  (the number of its flight in every worker's waitset). One that is removed keeps both until
 *  nothing is under way to it; then its flights, its call and its socket are closed, and both are
 *  free again. So a choice is valid from souk_topology_choose() to souk_topology_report(), whoever
 *  is removed meanwhile. The number of shards is fixed: which shard a user belongs to hangs on it.
 *
 *  Requests read all this under a lock and never wait for the network.
 */
#ifndef SOUK_PROXY_TOPOLOGY_H
#define SOUK_PROXY_TOPOLOGY_H

#include "serve/net/waitset.h"
#include "serve/proxy/balancer.h"
#include "serve/proxy/fleetplan.h"
#include "serve/proxy/replicafacts.h"
#include "shared/base/status.h"
#include "shared/wire/wirestatus.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct souk_topology;

/** What all shards agree on at the moment. */
struct souk_view {
    enum souk_wire_status status; /**< SOUK_WIRE_OK, _TOPOLOGY or _UNAVAILABLE */
    char reason[512];
    char model[SOUK_MODEL_NAME_MAX + 1], kind[SOUK_MODEL_NAME_MAX + 1];
    int64_t parts, catalogue, sources, created_ms;
    bool canary; /**< of souk_topology_view_for(): the user is one of those who get it */
    struct souk_model_data data; /**< that the model was trained on */
};

/** Give a share of the users the version that is not in use: as long as there is a share, the one
 * in use stays the others'. Who is in the share follows from the user's id alone. Thread-safe.
 *  @param share 0 to 1; 0: all users get what versionchoice.h says */
void souk_topology_set_canary(struct souk_topology *t, double share);

/** The view for a user. Thread-safe. @param id [len]; NULL: nobody's */
void souk_topology_view_for(struct souk_topology *t, const char *id, size_t len,
                            struct souk_view *view);

/** What the canary's users get. Thread-safe. @return the share; 0: there is no canary */
double souk_topology_canary(struct souk_topology *t, struct souk_view *view);

/** Dial, and start to ask; does not wait for answers.
 *  @param tls of replicas at "tls+tcp://..."; outlives the topology; NULL: none
 *  @return SOUK_OK, SOUK_EUSAGE (an address that nng does not take), SOUK_ENOMEM */
souk_status souk_topology_start(const struct souk_fleet_plan *plan, const struct souk_tls *tls,
                                struct souk_topology **out, struct souk_error *err) SOUK_MUST_CHECK;
void souk_topology_stop(struct souk_topology *t);

int souk_topology_shards(const struct souk_topology *t);

/** Thread-safe. */
void souk_topology_view(struct souk_topology *t, struct souk_view *view);

/** Wait until the view is good or the time is over. */
bool souk_topology_wait(struct souk_topology *t, int64_t timeout_ms);

/* ---- the replicas, for who shows them ---- */

enum souk_replica_state {
    SOUK_REPLICA_READY,
    SOUK_REPLICA_EJECTED, /**< ready, but out for a while (balancer.h) */
    SOUK_REPLICA_UNREADY, /**< it wants no questions: it drains, or is between two models */
    SOUK_REPLICA_SILENT,  /**< connected, without an answer the last time it was asked */
    SOUK_REPLICA_AWAY,    /**< not connected */
    SOUK_REPLICA_MISFIT,  /**< of another shard, or of other parts: it is not asked */
    SOUK_REPLICA_DRAINED, /**< by the operator */
    SOUK_REPLICA_LEAVING, /**< removed; the last requests are under way */
};

const char *souk_replica_state_name(enum souk_replica_state state);

/** A replica as the proxy sees it. */
struct souk_replica_report {
    char address[SOUK_ADDRESS_MAX + 1];
    int shard;
    enum souk_replica_state state;
    bool drained, connected;
    char reason[160]; /**< of a misfit */
    struct souk_replica_facts facts;
    int outstanding;
    int64_t latency_us;                            /**< moving mean; -1: not known */
    int64_t out_us;                                /**< ejected for so long still; 0: it is not */
    int limit;                                     /**< of requests outstanding */
    int64_t ejected_for_failures, ejected_as_slow; /**< counters */
};

/** All of them, by shard, then by address. Thread-safe.
 *  @param out [*count], owned by the caller, free with free(); NULL on failure */
souk_status souk_topology_replicas(struct souk_topology *t, struct souk_replica_report **out,
                                   int *count, struct souk_error *err) SOUK_MUST_CHECK;

/* ---- choosing ---- */

/** A replica that a request is to go to. */
struct souk_choice {
    int slot; /**< of the replica, and of the flight to it */
    int shard;
    int place;                  /**< among the replicas of its shard: a bit of a set of them */
    int64_t items;              /**< that it holds of the model */
    struct souk_caller *caller; /**< valid until the report */
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
 *  together. It follows their limits; valid as long as the topology. */
const atomic_int *souk_topology_limit(const struct souk_topology *t);

/** Choices of a shard that ignored ejections, for too many were out. Thread-safe. */
int64_t souk_topology_panics(struct souk_topology *t, int shard);

/** What came of a choice: the last that may be done with it. Thread-safe.
 *  @param took_us since the request was sent */
void souk_topology_report(struct souk_topology *t, const struct souk_choice *choice,
                          enum souk_outcome outcome, int64_t took_us);

/** A replica that was chosen, and is not reported on yet, has answered that it does not hold its
 *  shard of a model: the view is made anew, and all replicas are asked again soon. */
void souk_topology_lost(struct souk_topology *t, const struct souk_choice *choice,
                        const char *model);

/** The flights of a worker, number k to slot k: opened by the worker when it chooses the slot for
 *  the first time, closed by the topology when the replica has gone. Thread-safe.
 *  @param set outlives its detaching; SOUK_FLEET_REPLICAS_MAX flights
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_topology_attach(struct souk_topology *t, struct souk_waitset *set,
                                 struct souk_error *err) SOUK_MUST_CHECK;
void souk_topology_detach(struct souk_topology *t, const struct souk_waitset *set);

#endif
