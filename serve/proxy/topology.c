#include "serve/proxy/topology.h"

#include "serve/proxy/fleetview.h"
#include "serve/proxy/healthwatch.h"
#include "serve/proxy/membership.h"
#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CANARY_SEED = 42 };

/* ---- making ---- */

static souk_status make(struct souk_topology *t, int shards, struct souk_error *err)
{
    const uint64_t seed = (uint64_t)souk_monotonic_us(); /* proxies must not choose in step */
    t->shards = shards;
    t->view.status = SOUK_WIRE_UNAVAILABLE;
    t->shard = souk_zalloc_array((size_t)shards, sizeof *t->shard);
    t->upstreams = souk_zalloc_array(SOUK_FLEET_REPLICAS_MAX, sizeof *t->upstreams);
    t->votes = souk_zalloc_array(SOUK_FLEET_REPLICAS_MAX, sizeof *t->votes);
    t->round = souk_zalloc_array(SOUK_FLEET_REPLICAS_MAX, sizeof *t->round);
    if (!t->shard || !t->upstreams || !t->votes || !t->round)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the topology");
    for (int s = 0; s < shards; s++)
        souk_balancer_init(&t->shard[s].balancer, 0, &souk_balancer_defaults, seed + (uint64_t)s);
    return SOUK_OK;
}

/* Nobody is asked first: a replica may well start after its proxy. */
static souk_status join_all(struct souk_topology *t, const struct souk_fleet_plan *plan,
                            struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < plan->count && !status; i++) {
        const struct souk_planned_replica *r = &plan->replicas[i];
        int slot;
        status = souk_membership_join(t, r->shard, r->address, &slot, err);
        if (!status)
            souk_membership_admit(t, slot, r->drained);
    }
    return status;
}

souk_status souk_topology_start(const struct souk_fleet_plan *plan, const struct souk_tls *tls,
                                struct souk_topology **out, struct souk_error *err)
{
    struct souk_topology *t = souk_zalloc_array(1, sizeof *t);
    *out = NULL;
    if (!t)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the topology");
    t->tls = tls;
    pthread_mutex_init(&t->lock, NULL);
    pthread_mutex_init(&t->changing, NULL);
    pthread_mutex_init(&t->sets_lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    souk_status status = make(t, plan->shards, err);
    if (!status)
        status = join_all(t, plan, err);
    if (!status && pthread_create(&t->thread, NULL, souk_healthwatch_run, t) != 0)
        status = souk_fail(err, SOUK_ENOMEM, "cannot start a thread");
    t->threaded = !status;
    if (status) {
        souk_topology_stop(t);
        return status;
    }
    *out = t;
    return SOUK_OK;
}

void souk_topology_stop(struct souk_topology *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    if (t->threaded)
        pthread_join(t->thread, NULL);
    souk_membership_close_all(t);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->sets_lock);
    pthread_mutex_destroy(&t->changing);
    pthread_mutex_destroy(&t->lock);
    free(t->upstreams);
    free(t->votes);
    free(t->round);
    free(t->shard);
    free(t->sets);
    free(t);
}

/* ---- the workers' flights ---- */

souk_status souk_topology_attach(struct souk_topology *t, struct souk_waitset *set,
                                 struct souk_error *err)
{
    pthread_mutex_lock(&t->sets_lock);
    souk_status status =
        souk_grow(&t->sets, &t->set_room, t->set_count + 1, SIZE_MAX / 2, sizeof *t->sets);
    if (!status)
        t->sets[t->set_count++] = set;
    pthread_mutex_unlock(&t->sets_lock);
    return status ? souk_fail(err, status, "no memory for a worker") : SOUK_OK;
}

void souk_topology_detach(struct souk_topology *t, const struct souk_waitset *set)
{
    size_t i = 0;
    pthread_mutex_lock(&t->sets_lock);
    while (i < t->set_count && t->sets[i] != set)
        i++;
    if (i < t->set_count)
        t->sets[i] = t->sets[--t->set_count];
    pthread_mutex_unlock(&t->sets_lock);
}

/* ---- asking the topology ---- */

int souk_topology_shards(const struct souk_topology *t)
{
    return t->shards;
}

void souk_topology_view(struct souk_topology *t, struct souk_view *view)
{
    pthread_mutex_lock(&t->lock);
    *view = t->view;
    pthread_mutex_unlock(&t->lock);
}

/* Apart from the hash that spreads users over parts: a canary's users are of all shards alike. */
static double place_of(const char *id, size_t len)
{
    return souk_random_uniform(CANARY_SEED, souk_hash_bytes(id, len), 0);
}

void souk_topology_view_for(struct souk_topology *t, const char *id, size_t len,
                            struct souk_view *view)
{
    pthread_mutex_lock(&t->lock);
    const double share = t->canary.model[0] ? t->canary_share : 0;
    const bool canary = share > 0 && id && place_of(id, len) < share;
    *view = canary ? t->canary : t->view;
    view->canary = canary;
    pthread_mutex_unlock(&t->lock);
}

double souk_topology_canary(struct souk_topology *t, struct souk_view *view)
{
    pthread_mutex_lock(&t->lock);
    const double share = t->canary_share;
    *view = t->canary;
    pthread_mutex_unlock(&t->lock);
    return share;
}

void souk_topology_set_canary(struct souk_topology *t, double share)
{
    pthread_mutex_lock(&t->lock);
    t->canary_share = share;
    souk_fleetview_compose(t);
    pthread_mutex_unlock(&t->lock);
    souk_log(SOUK_LOG_INFO, "canary", "share=%g", share);
}

bool souk_topology_wait(struct souk_topology *t, int64_t timeout_ms)
{
    const int64_t end = souk_monotonic_us() + timeout_ms * 1000;
    struct souk_view view;
    do {
        const struct timespec pause = {.tv_nsec = 5000000};
        souk_topology_view(t, &view);
        if (view.status == SOUK_WIRE_OK)
            return true;
        nanosleep(&pause, NULL);
    } while (souk_monotonic_us() < end);
    return false;
}
