/** @file
 *  The operations of a replica that tell what it holds, for a proxy that has events of its own:
 *  `resolve` (ids into rows, item vectors, categories) and `rules` (how the model weighs events,
 *  and the shares of the Gram matrix); docs/wire-format.md.
 */
#ifndef SOUK_REPLICA_LOOKUPHANDLER_H
#define SOUK_REPLICA_LOOKUPHANDLER_H

#include "serve/replica/handler.h"
#include "shared/wire/reply.h"

/** @return false: the request is none of these, nothing was written */
bool souk_replica_handle_lookups(const struct souk_replica *r, const struct souk_request *request,
                                 struct souk_writer *reply);

#endif
