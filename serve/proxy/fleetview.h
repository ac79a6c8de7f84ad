/** @file
 *  What the replicas of a topology agree on: one model that every shard holds (versionchoice.h), or
 *  the reason why there is none. Private to the topology.
 */
#ifndef SOUK_PROXY_FLEETVIEW_H
#define SOUK_PROXY_FLEETVIEW_H

#include "serve/proxy/topologystate.h"

/** Make the view anew from the facts. Call with the lock held. */
void souk_fleetview_compose(struct souk_topology *t);

#endif
