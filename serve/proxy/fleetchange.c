#include "serve/proxy/fleetchange.h"

#include "serve/proxy/fleetview.h"
#include "serve/proxy/membership.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONNECT_MS = 2000, WAIT_POLL_MS = 2 };

/* ---- what a shard is left with ---- */

/* Members of a shard without one of them; call with the lock held. */
static int others(const struct souk_topology *t, int shard, int but)
{
    int count = 0;
    for (int i = 0; i < t->bound; i++)
        count +=
            i != but && t->upstreams[i].shard == shard && souk_upstream_is_member(&t->upstreams[i]);
    return count;
}

static int answering(const struct souk_topology *t, int shard, int but)
{
    int count = 0;
    for (int i = 0; i < t->bound; i++)
        count += i != but && t->upstreams[i].shard == shard &&
                 souk_upstream_can_answer(&t->upstreams[i]);
    return count;
}

/* Whether one may be taken out; call with the lock held. */
static souk_status check_loss(const struct souk_topology *t, int slot, struct souk_error *err)
{
    const struct souk_upstream *u = &t->upstreams[slot];
    if (souk_upstream_can_answer(u) && answering(t, u->shard, slot) == 0)
        return souk_fail(err, SOUK_EINVAL,
                         "%s is the last replica of shard %d that answers: add another one first, "
                         "or force it and serve partial answers",
                         u->caller.url, u->shard);
    return SOUK_OK;
}

/* ---- one replica ---- */

/* Call with the lock held. */
static souk_status find(const struct souk_topology *t, const char *address, int *slot,
                        struct souk_error *err)
{
    *slot = souk_membership_find(t, address);
    return *slot >= 0
               ? SOUK_OK
               : souk_fail(err, SOUK_ENOTFOUND, "%s is not in the fleet: `list` shows it", address);
}

/* Whether one that is JOINING may come in; call with the lock held. */
static souk_status check_joiner(const struct souk_upstream *u, bool must_answer,
                                struct souk_error *err)
{
    if (u->misfit)
        return souk_fail(err, SOUK_EINVAL, "%s %s", u->caller.url, u->reason);
    if (must_answer && !u->facts.known)
        return souk_fail(err, SOUK_EUNAVAILABLE,
                         "%s does not answer: start it first, or look at its log", u->caller.url);
    return SOUK_OK;
}

static souk_status check_new(struct souk_topology *t, int64_t shard, const char *address,
                             struct souk_error *err)
{
    if (shard < 0 || shard >= t->shards)
        return souk_fail(err, SOUK_EUSAGE,
                         "there is no shard %lld: the fleet has 0 to %d, and their number is fixed "
                         "while the proxy runs",
                         (long long)shard, t->shards - 1);
    const souk_status status = souk_address_check(address, err);
    if (status)
        return status;
    pthread_mutex_lock(&t->lock);
    const int slot = souk_membership_find(t, address);
    const int in = slot >= 0 ? t->upstreams[slot].shard : -1;
    pthread_mutex_unlock(&t->lock);
    return slot < 0 ? SOUK_OK
                    : souk_fail(err, SOUK_EEXIST, "%s is in the fleet already, in shard %d",
                                address, in);
}

static souk_status add(struct souk_topology *t, int64_t shard, const char *address,
                       struct souk_error *err)
{
    int slot = -1;
    souk_status status = check_new(t, shard, address, err);
    if (!status)
        status = souk_membership_join(t, (int)shard, address, &slot, err);
    if (status)
        return status;
    souk_membership_interview(t, &slot, 1, CONNECT_MS);
    pthread_mutex_lock(&t->lock);
    status = check_joiner(&t->upstreams[slot], true, err);
    if (!status) {
        souk_membership_admit(t, slot, false);
        souk_fleetview_compose(t);
    }
    pthread_mutex_unlock(&t->lock);
    if (status)
        souk_membership_abandon(t, slot);
    return status;
}

souk_status souk_fleet_add(struct souk_topology *t, int64_t shard, const char *address,
                           struct souk_error *err)
{
    pthread_mutex_lock(&t->changing);
    const souk_status status = add(t, shard, address, err);
    pthread_mutex_unlock(&t->changing);
    return status;
}

souk_status souk_fleet_drain(struct souk_topology *t, const char *address, bool drained, bool force,
                             struct souk_error *err)
{
    int slot;
    pthread_mutex_lock(&t->changing);
    pthread_mutex_lock(&t->lock);
    souk_status status = find(t, address, &slot, err);
    if (!status && drained && !force)
        status = check_loss(t, slot, err);
    if (!status) {
        souk_membership_admit(t, slot, drained);
        souk_fleetview_compose(t);
    }
    pthread_mutex_unlock(&t->lock);
    pthread_mutex_unlock(&t->changing);
    return status;
}

souk_status souk_fleet_remove(struct souk_topology *t, const char *address, bool force,
                              struct souk_error *err)
{
    int slot;
    pthread_mutex_lock(&t->changing);
    pthread_mutex_lock(&t->lock);
    souk_status status = find(t, address, &slot, err);
    if (!status && others(t, t->upstreams[slot].shard, slot) == 0)
        status =
            souk_fail(err, SOUK_EINVAL, "%s is the only replica of shard %d: add another one first",
                      address, t->upstreams[slot].shard);
    if (!status && !force)
        status = check_loss(t, slot, err);
    if (!status) {
        souk_membership_leave(t, slot);
        souk_fleetview_compose(t);
    }
    pthread_mutex_unlock(&t->lock);
    pthread_mutex_unlock(&t->changing);
    return status;
}

/* Requests under way to an address that is going; -1: none, but it has not gone yet. */
static int under_way(struct souk_topology *t, const char *address)
{
    int sum = 0;
    bool going = false;
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < t->bound; i++) {
        const struct souk_upstream *u = &t->upstreams[i];
        if ((u->state != SOUK_SLOT_LEAVING && u->state != SOUK_SLOT_DRAINED) ||
            strcmp(u->caller.url, address) != 0)
            continue;
        sum += souk_membership_outstanding(t, i);
        going |= u->state == SOUK_SLOT_LEAVING;
    }
    pthread_mutex_unlock(&t->lock);
    return sum == 0 && going ? -1 : sum;
}

int souk_fleet_wait(struct souk_topology *t, const char *address, int64_t timeout_ms)
{
    const struct timespec pause = {.tv_nsec = WAIT_POLL_MS * 1000000L};
    const int64_t end_us = souk_monotonic_us() + timeout_ms * 1000;
    int left;
    while ((left = under_way(t, address)) != 0 && souk_monotonic_us() < end_us)
        nanosleep(&pause, NULL);
    return left > 0 ? left : 0;
}

/* ---- a whole plan ---- */

/* Replicas of a plan that are not in yet, or in another shard: one after the other they join. */
struct joiners {
    int *slot;
    bool *drained;
    int count;
};

/* Whether a member stays as it is planned; call with the lock held. */
static bool stays(const struct souk_upstream *u, const struct souk_fleet_plan *plan)
{
    const struct souk_planned_replica *r = souk_fleet_plan_find(plan, u->caller.url);
    return r && r->shard == u->shard;
}

static bool is_in(struct souk_topology *t, const struct souk_planned_replica *r)
{
    pthread_mutex_lock(&t->lock);
    const int slot = souk_membership_find(t, r->address);
    const bool in = slot >= 0 && t->upstreams[slot].shard == r->shard;
    pthread_mutex_unlock(&t->lock);
    return in;
}

static souk_status join_all(struct souk_topology *t, const struct souk_fleet_plan *plan,
                            struct joiners *j, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < plan->count && !status; i++) {
        const struct souk_planned_replica *r = &plan->replicas[i];
        if (is_in(t, r))
            continue;
        status = souk_membership_join(t, r->shard, r->address, &j->slot[j->count], err);
        j->drained[j->count] = r->drained;
        j->count += !status;
    }
    return status;
}

/* Replicas of a shard that would answer: those that stay, and those that come. */
static int answering_then(const struct souk_topology *t, const struct souk_fleet_plan *plan,
                          const struct joiners *j, int shard)
{
    int count = 0;
    for (int i = 0; i < t->bound; i++) {
        const struct souk_upstream *u = &t->upstreams[i];
        if (u->shard == shard && souk_upstream_is_member(u) && stays(u, plan) && !u->misfit)
            count += !souk_fleet_plan_find(plan, u->caller.url)->drained &&
                     souk_replica_facts_can_answer(&u->facts);
    }
    for (int k = 0; k < j->count; k++) {
        const struct souk_upstream *u = &t->upstreams[j->slot[k]];
        count += u->shard == shard && !j->drained[k] && souk_replica_facts_can_answer(&u->facts);
    }
    return count;
}

/* Call with the lock held. */
static souk_status check_plan(const struct souk_topology *t, const struct souk_fleet_plan *plan,
                              const struct joiners *j, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int k = 0; k < j->count && !status; k++)
        status = check_joiner(&t->upstreams[j->slot[k]], false, err);
    for (int s = 0; s < t->shards && !status; s++)
        if (answering(t, s, -1) > 0 && answering_then(t, plan, j, s) == 0)
            status = souk_fail(err, SOUK_EINVAL,
                               "shard %d would be left without a replica that answers: start those "
                               "that are new first",
                               s);
    return status;
}

/* Call with the lock held. */
static void carry_out(struct souk_topology *t, const struct souk_fleet_plan *plan,
                      const struct joiners *j, struct souk_fleet_change *change)
{
    for (int i = 0; i < t->bound; i++) {
        const struct souk_upstream *u = &t->upstreams[i];
        if (!souk_upstream_is_member(u))
            continue;
        if (!stays(u, plan)) {
            souk_membership_leave(t, i);
            change->removed++;
            continue;
        }
        const bool was = u->state == SOUK_SLOT_DRAINED;
        const bool drained = souk_fleet_plan_find(plan, u->caller.url)->drained;
        change->drained += drained && !was;
        change->undrained += was && !drained;
        souk_membership_admit(t, i, drained);
    }
    for (int k = 0; k < j->count; k++) {
        change->silent += !t->upstreams[j->slot[k]].facts.known;
        souk_membership_admit(t, j->slot[k], j->drained[k]);
    }
    change->added = j->count;
    souk_fleetview_compose(t);
}

static souk_status apply(struct souk_topology *t, const struct souk_fleet_plan *plan,
                         struct joiners *j, struct souk_fleet_change *change,
                         struct souk_error *err)
{
    souk_status status;
    if (plan->shards != t->shards)
        return souk_fail(err, SOUK_EINVAL,
                         "there are %d shards, not %d: their number is fixed while the proxy runs, "
                         "start another one",
                         plan->shards, t->shards);
    status = join_all(t, plan, j, err);
    if (!status && j->count > 0)
        souk_membership_interview(t, j->slot, j->count, CONNECT_MS);
    pthread_mutex_lock(&t->lock);
    if (!status)
        status = check_plan(t, plan, j, err);
    if (!status)
        carry_out(t, plan, j, change);
    pthread_mutex_unlock(&t->lock);
    for (int k = 0; status && k < j->count; k++)
        souk_membership_abandon(t, j->slot[k]);
    return status;
}

souk_status souk_fleet_apply(struct souk_topology *t, const struct souk_fleet_plan *plan,
                             struct souk_fleet_change *change, struct souk_error *err)
{
    struct joiners j = {.slot = souk_zalloc_array((size_t)plan->count, sizeof *j.slot),
                        .drained = souk_zalloc_array((size_t)plan->count, sizeof *j.drained)};
    souk_status status;
    *change = (struct souk_fleet_change){0};
    if (j.slot && j.drained) {
        pthread_mutex_lock(&t->changing);
        status = apply(t, plan, &j, change, err);
        pthread_mutex_unlock(&t->changing);
    } else {
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a change of the fleet");
    }
    free(j.slot);
    free(j.drained);
    return status;
}
