/** @file
 *  The gate of a proxy's public listeners, for nng and HTTP alike: the scope that an operation
 *  takes, and the `token` of the request, before it takes a place in the queue.
 *
 *      recommend, similar, explain, user_stats   read
 *      event                                     write
 *      health                                    none; without a token it tells whether it is
 * ready, and no more (load balancers have no token) anything else                             a
 * token, of whatever scope: who has none does not learn what there is
 *
 *  Admin operations have a listener of their own (proxyadmin.h), and no token opens them here.
 * There each of them takes the scope admin, unless the listener is a socket whose folder says who
 * may.
 */
#ifndef SOUK_PROXY_GATE_H
#define SOUK_PROXY_GATE_H

#include "serve/access/access.h"
#include "shared/wire/reply.h"

#include <stdbool.h>

/** Check a request, once. @param access NULL: all may pass
 *  @return false: the refusal is written */
bool souk_gate_check(struct souk_access *access, const struct souk_request *r,
                     struct souk_writer *reply) SOUK_MUST_CHECK;

/** The same of the admin listener. */
bool souk_gate_check_admin(struct souk_access *access, const struct souk_request *r,
                           struct souk_writer *reply) SOUK_MUST_CHECK;

/** Of a request that was let in: whether whoever sent it may see the fleet's addresses and models.
 */
bool souk_gate_shows_fleet(const struct souk_access *access, const struct souk_request *r);

#endif
