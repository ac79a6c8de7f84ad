/** @file
 *  Fields of messages that several operations of a replica share.
 */
#ifndef SOUK_REPLICA_REPLICAFIELDS_H
#define SOUK_REPLICA_REPLICAFIELDS_H

#include "serve/replica/handler.h"
#include "shared/wire/reply.h"

/** The field `category` as an index, -1 where it is absent. A name that the model does not know has
 *  no items: *unknown. @return false: not a text of an id's length */
bool souk_replica_category(const struct souk_replica *r, const struct souk_request *request,
                           int32_t *category, bool *unknown);

/** The field `hits`: id, score, id, score, ... */
void souk_replica_put_hits(struct souk_writer *reply, const struct souk_topk *list);

#endif
