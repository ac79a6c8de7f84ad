/** @file
 *  Fields of messages that several operations of a replica share.
 */
#ifndef SOUK_REPLICA_REPLICAFIELDS_H
#define SOUK_REPLICA_REPLICAFIELDS_H

#include "serve/replica/handler.h"
#include "shared/wire/reply.h"

/** What narrows a list, and what a visitor without a history prefers, as they were asked for. */
struct souk_narrowing {
    struct souk_item_filter filter;
    struct souk_liking liking;
    bool is_liked; /**< there are preferences */
};

/** Take the fields `category`, `filters` and `preferences`. A category that the model does not know
 *  has no items.
 *  @param out empty with souk_narrowing_fini() in all cases
 *  @return false: an error reply is there */
bool souk_replica_take_narrowing(const struct souk_replica *r, const struct souk_request *request,
                                 struct souk_narrowing *out, struct souk_writer *reply);
void souk_narrowing_fini(struct souk_narrowing *n);

/** For a scan; NULL: nothing is narrowed, nothing preferred. */
const struct souk_item_filter *souk_narrowing_filter(const struct souk_narrowing *n);
const struct souk_liking *souk_narrowing_liking(const struct souk_narrowing *n);

/** Where an item is in the shard. @param index of its part in shard->parts; @param item row within
 *  it @return false: it is not here, or not known */
bool souk_replica_find_item(const struct souk_replica *r, const char *id, size_t len, int *index,
                            int64_t *item);

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
