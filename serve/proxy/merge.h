/** @file
 *  The lists of the shards into one: score descending, then id ascending by bytes. The result is
 * that of one scan over all items, however they are spread.
 */
#ifndef SOUK_PROXY_MERGE_H
#define SOUK_PROXY_MERGE_H

#include "shared/math/topk.h"
#include "shared/wire/message.h"

/** What a calibrated model says of a hit beside its score. */
struct souk_sure {
    double confidence;
    double probability; /**< NaN: not said */
};

/** Ids of hits that came by wire, as C strings in one piece of memory that is used again. */
struct souk_merge {
    struct souk_topk best; /**< `item` of a hit is its index into sure[] */
    char *text;
    size_t text_size, text_used;
    struct souk_sure *sure; /**< [sure_count], of every hit that was added */
    size_t sure_room;
    int64_t sure_count;
    int64_t calibrated; /**< visitors that confidence was learned from; -1: nothing is said of it */
};

souk_status souk_merge_init(struct souk_merge *m) SOUK_MUST_CHECK;
void souk_merge_fini(struct souk_merge *m);

/** Begin a list of at most n. @param shards lists that will come */
souk_status souk_merge_start(struct souk_merge *m, int n, int shards) SOUK_MUST_CHECK;

/** Add the `hits` of a reply, and what it says of their confidence.
 *  @return false when they are not as the wire format says */
bool souk_merge_add(struct souk_merge *m, const struct souk_message *reply);

/** Order the merged list, best first. */
void souk_merge_finish(struct souk_merge *m);

/** End the list where confidence does not exceed this; after the finish, of a calibrated model. */
void souk_merge_keep_confident(struct souk_merge *m, double min_confidence);

#endif
