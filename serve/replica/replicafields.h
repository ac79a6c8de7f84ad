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

/** How many fields souk_replica_put_hits() writes. @param calibrated whether an audience is given
 */
size_t souk_replica_hit_fields(bool calibrated);

/** The field `hits`: id, score, id, score, ...; and of a calibrated model what each score is worth
 *  to an audience: `confidence`, `probability`, and from how many it was learned, `calibrated`.
 *  @param confidence NULL: not a calibrated model, or scores that are not the list's */
void souk_replica_put_hits(struct souk_writer *reply, const struct souk_topk *list,
                           const struct souk_confidence *confidence, enum souk_audience audience);

/** The calibration of the model; NULL: it has none. */
const struct souk_confidence *souk_replica_confidence(const struct souk_replica *r);

#endif
