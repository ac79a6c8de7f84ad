/* Which replica a question goes to, and what came of it: the requests' side of topology.h. */
#include "serve/proxy/fleetview.h"
#include "serve/proxy/topologystate.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static uint64_t bit(int place)
{
    return UINT64_C(1) << place;
}

static const struct souk_upstream *at(const struct souk_topology *t, int shard, int place)
{
    return &t->upstreams[t->shard[shard].slot[place]];
}

/* Places of the shard's replicas that can be asked; call with the lock held. Those that are not
 * ready, or missed their last probe, count where there is nobody else: all of them may just be
 * busy. Who is drained or leaves does not count at all. */
static uint64_t usable_places(const struct souk_topology *t, int shard, const char *model,
                              uint64_t tried)
{
    uint64_t connected = 0, alive = 0, ready = 0;
    for (uint64_t left = t->shard[shard].balancer.members; left; left &= left - 1) {
        const int place = __builtin_ctzll(left);
        const struct souk_upstream *u = at(t, shard, place);
        if (u->misfit || !souk_replica_facts_holds(&u->facts, model) ||
            !souk_caller_is_connected(&u->caller))
            continue;
        connected |= bit(place);
        alive |= u->facts.alive ? bit(place) : 0;
        ready |= u->facts.alive && u->facts.ready ? bit(place) : 0;
    }
    return ready & ~tried ? ready : alive & ~tried ? alive : connected;
}

/* Places that an extra question must not go to. */
static uint64_t unwell_places(const struct souk_topology *t, int shard, int64_t now)
{
    const struct souk_balancer *b = &t->shard[shard].balancer;
    uint64_t unwell = ~souk_balancer_healthy(b, now);
    for (uint64_t left = b->members; left; left &= left - 1) {
        const int place = __builtin_ctzll(left);
        const struct souk_replica_facts *f = &at(t, shard, place)->facts;
        unwell |= f->alive && f->ready ? 0 : bit(place);
    }
    return unwell;
}

/* A shard of which nothing can be asked does not count: answers are partial, not fewer. */
void souk_topology_update_limit(struct souk_topology *t)
{
    const int64_t now = souk_monotonic_us();
    int least = INT_MAX;
    for (int s = 0; s < t->shards; s++) {
        const int limit = souk_balancer_limit(&t->shard[s].balancer, now);
        least = limit > 0 && limit < least ? limit : least;
    }
    atomic_store(&t->limit, least);
}

const atomic_int *souk_topology_limit(const struct souk_topology *t)
{
    return &t->limit;
}

enum souk_wire_status souk_topology_choose(struct souk_topology *t, int shard, const char *model,
                                           uint64_t tried, enum souk_choice_kind kind,
                                           struct souk_choice *choice)
{
    const int64_t now = souk_monotonic_us();
    struct souk_shard_places *s = &t->shard[shard];
    pthread_mutex_lock(&t->lock);
    const uint64_t usable = usable_places(t, shard, model, tried);
    if (kind == SOUK_CHOICE_EXTRA)
        tried |= unwell_places(t, shard, now);
    const int place =
        souk_balancer_choose(&s->balancer, usable, tried, kind == SOUK_CHOICE_NEXT, now);
    if (place >= 0) {
        struct souk_upstream *u = &t->upstreams[s->slot[place]];
        *choice = (struct souk_choice){.slot = s->slot[place],
                                       .shard = shard,
                                       .place = place,
                                       .items = souk_replica_facts_of(&u->facts, model)->items,
                                       .caller = &u->caller};
    }
    pthread_mutex_unlock(&t->lock);
    if (place >= 0)
        return SOUK_WIRE_OK;
    return place == SOUK_BALANCER_FULL ? SOUK_WIRE_OVERLOADED : SOUK_WIRE_UNAVAILABLE;
}

void souk_topology_report(struct souk_topology *t, const struct souk_choice *choice,
                          enum souk_outcome outcome, int64_t took_us)
{
    struct souk_balancer *b = &t->shard[choice->shard].balancer;
    const int64_t now = souk_monotonic_us();
    char address[SOUK_ADDRESS_MAX + 1] = "";
    pthread_mutex_lock(&t->lock);
    const bool was_in = souk_balancer_healthy(b, now) & bit(choice->place);
    const int limit = souk_limiter_now(&b->replica[choice->place].limiter);
    souk_balancer_report(b, choice->place, outcome, took_us, now);
    if (limit != souk_limiter_now(&b->replica[choice->place].limiter))
        souk_topology_update_limit(t);
    const int64_t out_us = b->replica[choice->place].back_us - now;
    if (was_in && out_us > 0) /* it may be gone when the lock is free again */
        snprintf(address, sizeof address, "%s", choice->caller->url);
    pthread_mutex_unlock(&t->lock);
    if (address[0])
        souk_log(SOUK_LOG_WARN, "replica_ejected", "replica=%s shard=%d for_ms=%lld", address,
                 choice->shard, (long long)(out_us / 1000));
}

void souk_topology_lost(struct souk_topology *t, const struct souk_choice *choice,
                        const char *model)
{
    struct souk_replica_facts *f = &t->upstreams[choice->slot].facts;
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < f->version_count; i++)
        f->versions[i].held &= strcmp(f->versions[i].model, model) != 0;
    souk_fleetview_compose(t);
    t->wanted = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}
