/** @file
 *  Asks every replica of a topology for its health, ten times a second, and at once when a request
 *  met another model; closes those that have left. Private to the topology.
 */
#ifndef SOUK_PROXY_HEALTHWATCH_H
#define SOUK_PROXY_HEALTHWATCH_H

#include "serve/proxy/topologystate.h"

/** Ask one replica that is JOINING, or none of whose calls is under way.
 *  @return whether the question was sent; then souk_healthwatch_end() must follow */
bool souk_healthwatch_begin(struct souk_upstream *u);

/** Wait for its answer, a second at most. @return false: none that says what is needed */
bool souk_healthwatch_end(struct souk_upstream *u, struct souk_replica_facts *facts);

/** Take in what a replica has answered, and whether that fits. Call with the lock held. */
void souk_healthwatch_take(struct souk_topology *t, struct souk_upstream *u,
                           const struct souk_replica_facts *facts);

/** The thread. @param argument the topology */
void *souk_healthwatch_run(void *argument);

#endif
