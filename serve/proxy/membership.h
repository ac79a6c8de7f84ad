/** @file
 *  The slots of a topology: taken by a replica that joins, asked before it is let in, given back
 *  when it has left and nothing is under way to it. Private to the topology; fleetchange.h is what
 *  the operator's changes are made of.
 */
#ifndef SOUK_PROXY_MEMBERSHIP_H
#define SOUK_PROXY_MEMBERSHIP_H

#include "serve/proxy/topologystate.h"

/** Take a slot and a place, and dial. Call with `changing` held, without `lock`.
 *  @param slot of a replica that is JOINING: admit it or abandon it
 *  @return SOUK_OK, SOUK_ELIMIT (no place is left), SOUK_EUSAGE (not an address), SOUK_ENOMEM */
souk_status souk_membership_join(struct souk_topology *t, int shard, const char *address, int *slot,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** Ask all that are JOINING for their health, at once; those that are not connected or have not
 *  answered in time stay unknown. Call with `changing` held, without `lock`.
 *  @param slots [count] */
void souk_membership_interview(struct souk_topology *t, const int *slots, int count,
                               int64_t patience_ms);

/** Close one that is JOINING. Call as above. */
void souk_membership_abandon(struct souk_topology *t, int slot);

/** From JOINING, IN or DRAINED to IN or DRAINED. Call with `lock` held. */
void souk_membership_admit(struct souk_topology *t, int slot, bool drained);

/** No more questions; closed by the asking thread when nothing is under way. With `lock` held. */
void souk_membership_leave(struct souk_topology *t, int slot);

/** A member's slot by its address; -1: none. Call with `lock` held. */
int souk_membership_find(const struct souk_topology *t, const char *address);

/** Requests under way to a slot that is not FREE. Call with `lock` held. */
int souk_membership_outstanding(const struct souk_topology *t, int slot);

/** Close those that have left. Called by the asking thread. */
void souk_membership_retire(struct souk_topology *t);

/** Close all, when no other thread is left. */
void souk_membership_close_all(struct souk_topology *t);

#endif
