/** @file
 *  The operation `describe`: what the model says of some items beside their scores.
 */
#ifndef SOUK_REPLICA_DESCRIBE_H
#define SOUK_REPLICA_DESCRIBE_H

#include "serve/replica/handler.h"

/** Answer with `metadata`: a map for each of the `items` that the shard's parts could hold, in
 * their order, empty for those that the model does not know. */
void souk_replica_describe(const struct souk_replica *r, const struct souk_request *request,
                           struct souk_writer *reply);

#endif
