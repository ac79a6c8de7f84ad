/** @file
 *  The lists of the shards into one: score descending, then id ascending by bytes. The result is
 * that of one scan over all items, however they are spread.
 */
#ifndef SOUK_PROXY_MERGE_H
#define SOUK_PROXY_MERGE_H

#include "shared/math/topk.h"
#include "shared/wire/message.h"

/** Ids of hits that came by wire, as C strings in one piece of memory that is used again. */
struct souk_merge {
    struct souk_topk best;
    char *text;
    size_t text_size, text_used;
};

souk_status souk_merge_init(struct souk_merge *m) SOUK_MUST_CHECK;
void souk_merge_fini(struct souk_merge *m);

/** Begin a list of at most n. @param shards lists that will come */
souk_status souk_merge_start(struct souk_merge *m, int n, int shards) SOUK_MUST_CHECK;

/** Add the `hits` of a scan's reply. @return false when they are not as the wire format says */
bool souk_merge_add(struct souk_merge *m, const struct souk_message *reply);

/** The merged list, best first. */
const struct souk_topk *souk_merge_finish(struct souk_merge *m);

#endif
