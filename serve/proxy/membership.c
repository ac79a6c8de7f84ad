#include "serve/proxy/membership.h"

#include "serve/proxy/healthwatch.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <string.h>
#include <time.h>

enum { CONNECT_POLL_MS = 2 };

static uint64_t bit(int place)
{
    return UINT64_C(1) << place;
}

/* ---- slots and places; call with the lock held ---- */

static int free_slot(struct souk_topology *t)
{
    int slot = 0;
    while (slot < SOUK_FLEET_REPLICAS_MAX && t->upstreams[slot].state != SOUK_SLOT_FREE)
        slot++;
    return slot < SOUK_FLEET_REPLICAS_MAX ? slot : -1;
}

/* @return false: none is left */
static bool take_slot(struct souk_topology *t, int shard, int *slot)
{
    struct souk_shard_places *places = &t->shard[shard];
    *slot = ~places->taken ? free_slot(t) : -1;
    if (*slot < 0)
        return false;
    const int place = __builtin_ctzll(~places->taken);
    places->taken |= bit(place);
    places->slot[place] = *slot;
    t->upstreams[*slot] =
        (struct souk_upstream){.state = SOUK_SLOT_JOINING, .shard = shard, .place = place};
    t->bound = *slot >= t->bound ? *slot + 1 : t->bound;
    return true;
}

static void give_slot_back(struct souk_topology *t, int slot)
{
    struct souk_upstream *u = &t->upstreams[slot];
    t->shard[u->shard].taken &= ~bit(u->place);
    u->state = SOUK_SLOT_FREE;
    while (t->bound > 0 && t->upstreams[t->bound - 1].state == SOUK_SLOT_FREE)
        t->bound--;
}

int souk_membership_find(const struct souk_topology *t, const char *address)
{
    for (int i = 0; i < t->bound; i++)
        if (souk_upstream_is_member(&t->upstreams[i]) &&
            strcmp(t->upstreams[i].caller.url, address) == 0)
            return i;
    return -1;
}

int souk_membership_outstanding(const struct souk_topology *t, int slot)
{
    const struct souk_upstream *u = &t->upstreams[slot];
    return t->shard[u->shard].balancer.replica[u->place].outstanding;
}

void souk_membership_admit(struct souk_topology *t, int slot, bool drained)
{
    struct souk_upstream *u = &t->upstreams[slot];
    struct souk_balancer *b = &t->shard[u->shard].balancer;
    if (!drained && u->state != SOUK_SLOT_IN)
        souk_balancer_join(b, u->place);
    else if (drained && u->state == SOUK_SLOT_IN)
        souk_balancer_leave(b, u->place);
    u->state = drained ? SOUK_SLOT_DRAINED : SOUK_SLOT_IN;
}

void souk_membership_leave(struct souk_topology *t, int slot)
{
    struct souk_upstream *u = &t->upstreams[slot];
    souk_balancer_leave(&t->shard[u->shard].balancer, u->place);
    u->state = SOUK_SLOT_LEAVING;
}

/* ---- joining ---- */

souk_status souk_membership_join(struct souk_topology *t, int shard, const char *address, int *slot,
                                 struct souk_error *err)
{
    pthread_mutex_lock(&t->lock);
    const bool taken = take_slot(t, shard, slot);
    pthread_mutex_unlock(&t->lock);
    if (!taken)
        return souk_fail(err, SOUK_ELIMIT,
                         "%s: shard %d has %d replicas, or all have %d, with those that are "
                         "leaving: remove one first",
                         address, shard, SOUK_BALANCER_REPLICAS_MAX, SOUK_FLEET_REPLICAS_MAX);
    struct souk_upstream *u = &t->upstreams[*slot];
    souk_status status = souk_caller_init(&u->caller, address, t->tls, err);
    if (!status) {
        status = souk_call_init(&u->call, &u->caller, err);
        if (status)
            souk_caller_fini(&u->caller);
    }
    if (status) {
        pthread_mutex_lock(&t->lock);
        give_slot_back(t, *slot);
        pthread_mutex_unlock(&t->lock);
    }
    return status;
}

static bool all_are_connected(const struct souk_topology *t, const int *slots, int count)
{
    int connected = 0;
    for (int k = 0; k < count; k++)
        connected += souk_caller_is_connected(&t->upstreams[slots[k]].caller);
    return connected == count;
}

void souk_membership_interview(struct souk_topology *t, const int *slots, int count,
                               int64_t patience_ms)
{
    const struct timespec pause = {.tv_nsec = CONNECT_POLL_MS * 1000000L};
    const int64_t end_us = souk_monotonic_us() + patience_ms * 1000;
    while (!all_are_connected(t, slots, count) && souk_monotonic_us() < end_us)
        nanosleep(&pause, NULL);
    for (int k = 0; k < count; k++)
        souk_healthwatch_begin(&t->upstreams[slots[k]]);
    for (int k = 0; k < count; k++) {
        struct souk_upstream *u = &t->upstreams[slots[k]];
        struct souk_replica_facts facts;
        if (!u->call.begun || !souk_healthwatch_end(u, &facts))
            continue;
        pthread_mutex_lock(&t->lock);
        souk_healthwatch_take(t, u, &facts);
        pthread_mutex_unlock(&t->lock);
    }
}

/* ---- closing ---- */

/* Nothing is under way to it, and nothing will be. */
static void close_upstream(struct souk_topology *t, int slot)
{
    struct souk_upstream *u = &t->upstreams[slot];
    pthread_mutex_lock(&t->sets_lock);
    for (size_t i = 0; i < t->set_count; i++)
        souk_waitset_close(t->sets[i], slot);
    pthread_mutex_unlock(&t->sets_lock);
    souk_call_fini(&u->call);
    souk_caller_fini(&u->caller);
}

void souk_membership_abandon(struct souk_topology *t, int slot)
{
    souk_call_fini(&t->upstreams[slot].call);
    souk_caller_fini(&t->upstreams[slot].caller);
    pthread_mutex_lock(&t->lock);
    give_slot_back(t, slot);
    pthread_mutex_unlock(&t->lock);
}

/* One that has left; -1: none. It is not seen any more. */
static int take_leaver(struct souk_topology *t)
{
    int slot = -1;
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < t->bound && slot < 0; i++)
        if (t->upstreams[i].state == SOUK_SLOT_LEAVING && souk_membership_outstanding(t, i) == 0)
            slot = i;
    if (slot >= 0)
        t->upstreams[slot].state = SOUK_SLOT_CLOSING;
    pthread_mutex_unlock(&t->lock);
    return slot;
}

void souk_membership_retire(struct souk_topology *t)
{
    int slot;
    while ((slot = take_leaver(t)) >= 0) {
        souk_log(SOUK_LOG_INFO, "replica_left", "replica=%s shard=%d",
                 t->upstreams[slot].caller.url, t->upstreams[slot].shard);
        close_upstream(t, slot);
        pthread_mutex_lock(&t->lock);
        give_slot_back(t, slot);
        pthread_mutex_unlock(&t->lock);
    }
}

void souk_membership_close_all(struct souk_topology *t)
{
    for (int i = 0; i < t->bound; i++)
        if (t->upstreams[i].state != SOUK_SLOT_FREE)
            close_upstream(t, i);
    t->bound = 0;
}
