/** @file
 *  Changes of a fleet while its proxy runs: each is made whole, or refused with its reason and
 *  nothing has changed.
 *
 *      apply a plan (SIGHUP)    all new replicas are asked first; then everything at once
 *      add                      only one that answers, and fits
 *      drain, undrain           no new questions; those under way go on
 *      remove                   the same, and then its connections are closed
 *
 *  A shard is not left without a replica that answers, unless it has none anyway, or by force; and
 *  never without any. The number of shards does not change. Thread-safe; one change at a time.
 */
#ifndef SOUK_PROXY_FLEETCHANGE_H
#define SOUK_PROXY_FLEETCHANGE_H

#include "serve/proxy/topology.h"

struct souk_fleet_change {
    int added, removed, drained, undrained;
    int silent; /**< of those added: not connected, or without an answer yet */
};

/** Make the fleet what a plan says; also undoes what the functions below did. Takes up to 3 s.
 *  @return SOUK_OK; SOUK_EINVAL (another number of shards, a replica that does not fit, a shard
 *          that would be left without an answer); SOUK_EUSAGE, SOUK_ELIMIT, SOUK_ENOMEM */
souk_status souk_fleet_apply(struct souk_topology *t, const struct souk_fleet_plan *plan,
                             struct souk_fleet_change *change,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** Takes up to 3 s.
 *  @return SOUK_OK; SOUK_EUSAGE (no such shard, not an address); SOUK_EEXIST (it is in already);
 *          SOUK_EUNAVAILABLE (it does not answer); SOUK_EINVAL (it does not fit); SOUK_ELIMIT;
 *          SOUK_ENOMEM */
souk_status souk_fleet_add(struct souk_topology *t, int64_t shard, const char *address,
                           struct souk_error *err) SOUK_MUST_CHECK;

/** @return SOUK_OK, also where it is so already; SOUK_ENOTFOUND; SOUK_EINVAL (it is the last one
 *          that answers, and `force` is not set) */
souk_status souk_fleet_drain(struct souk_topology *t, const char *address, bool drained, bool force,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** @return as above; SOUK_EINVAL also, by force or not, for the only one of its shard */
souk_status souk_fleet_remove(struct souk_topology *t, const char *address, bool force,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** Wait until nothing is under way to replicas of this address that are drained or leaving, and the
 *  latter have gone. @return how many requests still are when the time is over; 0: none */
int souk_fleet_wait(struct souk_topology *t, const char *address, int64_t timeout_ms);

#endif
