#include "serve/proxy/topologystate.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *souk_replica_state_name(enum souk_replica_state state)
{
    static const char *const names[] = {"ready", "ejected", "unready", "silent",
                                        "away",  "misfit",  "drained", "leaving"};
    return names[state];
}

static enum souk_replica_state state_of(const struct souk_upstream *u, bool connected, bool ejected)
{
    if (u->state == SOUK_SLOT_LEAVING)
        return SOUK_REPLICA_LEAVING;
    if (u->state == SOUK_SLOT_DRAINED)
        return SOUK_REPLICA_DRAINED;
    if (u->misfit)
        return SOUK_REPLICA_MISFIT;
    if (!connected)
        return SOUK_REPLICA_AWAY;
    if (!u->facts.alive)
        return SOUK_REPLICA_SILENT;
    if (!u->facts.ready)
        return SOUK_REPLICA_UNREADY;
    return ejected ? SOUK_REPLICA_EJECTED : SOUK_REPLICA_READY;
}

static void report(const struct souk_topology *t, const struct souk_upstream *u, int64_t now_us,
                   struct souk_replica_report *r)
{
    const struct souk_balancer_replica *b = &t->shard[u->shard].balancer.replica[u->place];
    *r = (struct souk_replica_report){
        .shard = u->shard,
        .drained = u->state == SOUK_SLOT_DRAINED,
        .connected = souk_caller_is_connected(&u->caller),
        .facts = u->facts,
        .outstanding = b->outstanding,
        .latency_us = b->learned_us >= 0 ? (int64_t)b->latency_us : -1,
        .out_us = b->back_us > now_us ? b->back_us - now_us : 0,
        .limit = souk_limiter_now(&b->limiter),
        .ejected_for_failures = b->ejected_for_failures,
        .ejected_as_slow = b->ejected_as_slow,
    };
    r->state = state_of(u, r->connected, r->out_us > 0);
    snprintf(r->address, sizeof r->address, "%s", u->caller.url);
    memcpy(r->reason, u->reason, sizeof r->reason);
}

int64_t souk_topology_panics(struct souk_topology *t, int shard)
{
    pthread_mutex_lock(&t->lock);
    const int64_t panics = t->shard[shard].balancer.panics;
    pthread_mutex_unlock(&t->lock);
    return panics;
}

static int by_shard(const void *a, const void *b)
{
    const struct souk_replica_report *x = a, *y = b;
    if (x->shard != y->shard)
        return x->shard < y->shard ? -1 : 1;
    return strcmp(x->address, y->address);
}

souk_status souk_topology_replicas(struct souk_topology *t, struct souk_replica_report **out,
                                   int *count, struct souk_error *err)
{
    const int64_t now_us = souk_monotonic_us();
    *count = 0;
    pthread_mutex_lock(&t->lock);
    *out = souk_alloc_array((size_t)t->bound, sizeof **out);
    for (int i = 0; i < t->bound && *out; i++) {
        const struct souk_upstream *u = &t->upstreams[i];
        if (souk_upstream_is_member(u) || u->state == SOUK_SLOT_LEAVING)
            report(t, u, now_us, &(*out)[(*count)++]);
    }
    pthread_mutex_unlock(&t->lock);
    if (!*out)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the list of replicas");
    qsort(*out, (size_t)*count, sizeof **out, by_shard);
    return SOUK_OK;
}
