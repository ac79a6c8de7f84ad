/** @file
 *  What the modules behind topology.h share; private to them.
 *
 *      topology        slots  [1024]            FREE JOINING IN DRAINED LEAVING CLOSING
 *        shard [s]     place -> slot [64]       taken: a bit for each place in use
 *                      balancer                 its members: those that are IN
 *
 *      FREE -> JOINING -> IN <-> DRAINED -> LEAVING -> CLOSING -> FREE
 *               (asked before it is let in)   (nothing under way any more)
 *
 *  A slot's caller and call belong to whoever changes the fleet while it is FREE or JOINING (under
 *  `changing`), then to the asking thread. Everything else is under `lock`. Who needs several locks
 *  takes them in the order changing, sets_lock, lock; the network is never waited for under `lock`.
 */
#ifndef SOUK_PROXY_TOPOLOGYSTATE_H
#define SOUK_PROXY_TOPOLOGYSTATE_H

#include "serve/proxy/topology.h"

#include <pthread.h>
#include <stdatomic.h>

enum souk_slot_state {
    SOUK_SLOT_FREE,
    SOUK_SLOT_JOINING,
    SOUK_SLOT_IN,
    SOUK_SLOT_DRAINED,
    SOUK_SLOT_LEAVING,
    SOUK_SLOT_CLOSING
};

struct souk_upstream {
    struct souk_caller caller;
    struct souk_call call; /**< for its health */
    enum souk_slot_state state;
    int shard, place;
    struct souk_replica_facts facts;
    bool misfit;
    char reason[160]; /**< why, without the address */
};

struct souk_shard_places {
    uint64_t taken;
    int slot[SOUK_BALANCER_REPLICAS_MAX]; /**< of the places that are taken */
    struct souk_balancer balancer;
};

struct souk_topology {
    int shards;
    const struct souk_tls *tls;      /**< of the replicas; NULL: none */
    struct souk_shard_places *shard; /**< [shards] */
    struct souk_upstream *upstreams; /**< [SOUK_FLEET_REPLICAS_MAX], by slot */
    int bound;                       /**< all slots from here on are FREE */
    struct souk_version_vote *votes; /**< [SOUK_FLEET_REPLICAS_MAX], of the view that is made */
    struct souk_view view;
    double canary_share;     /**< of the users; 0: no canary */
    struct souk_view canary; /**< the version that they get; model "": there is none yet */
    bool stopping, wanted;
    atomic_int limit; /**< souk_topology_limit(); read without the lock */
    pthread_mutex_t lock;
    pthread_cond_t changed; /**< stopping or wanted */

    pthread_mutex_t changing; /**< one change of the fleet at a time */

    pthread_mutex_t sets_lock; /**< of the two below */
    struct souk_waitset **sets;
    size_t set_count, set_room;

    pthread_t thread;
    bool threaded;
    int *round; /**< [SOUK_FLEET_REPLICAS_MAX], slots that the asking thread is at */
};

/** Work out souk_topology_limit() anew. Call with `lock` held. */
void souk_topology_update_limit(struct souk_topology *t);

/** It is one of the fleet, asked or not. */
static inline bool souk_upstream_is_member(const struct souk_upstream *u)
{
    return u->state == SOUK_SLOT_IN || u->state == SOUK_SLOT_DRAINED;
}

/** It can be asked, and would answer. */
static inline bool souk_upstream_can_answer(const struct souk_upstream *u)
{
    return u->state == SOUK_SLOT_IN && !u->misfit && souk_replica_facts_can_answer(&u->facts);
}

#endif
