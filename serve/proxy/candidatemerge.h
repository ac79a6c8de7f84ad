/** @file
 *  The shards' lists of candidates into those of the whole catalogue.
 *
 *      shard 0   list 0  list 1 ..        quota of the best of each, by score, then id
 *      shard 1   list 0  list 1 ..
 *                  |       |
 *      merged    list 0  list 1 ..   ->   best: the heads of the first `heads` lists
 *                                         rows: every item of any list, ascending
 *
 *  The result is that of one scan over all items, however they are spread.
 */
#ifndef SOUK_PROXY_CANDIDATEMERGE_H
#define SOUK_PROXY_CANDIDATEMERGE_H

#include "shared/math/topk.h"
#include "shared/wire/message.h"

#include <stdint.h>

enum { SOUK_CANDIDATE_LISTS_MAX = 64 };

/** Memory is kept from one visitor to the next. */
struct souk_candidate_merge {
    int lists; /**< 0: no shard was added yet */
    int heads;
    struct souk_topk list[SOUK_CANDIDATE_LISTS_MAX]; /**< ids point into the messages */
    int room[SOUK_CANDIDATE_LISTS_MAX];              /**< hits that fit into each list's memory */
    float best[SOUK_CANDIDATE_LISTS_MAX];            /**< [heads]; 0: the list is empty */
    int64_t *row;                                    /**< [rows] */
    int64_t rows;
    size_t row_room;
};

void souk_candidate_merge_fini(struct souk_candidate_merge *m);

/** Begin with no shard. */
void souk_candidate_merge_start(struct souk_candidate_merge *m);

/** Add the reply of a shard to `candidates`, which must outlive the next finish.
 *  @return SOUK_OK; SOUK_EFORMAT: it is not as the wire format says, or of other quotas than the
 *          first one, and was left out; SOUK_ENOMEM */
souk_status souk_candidate_merge_add(struct souk_candidate_merge *m,
                                     const struct souk_message *reply) SOUK_MUST_CHECK;

/** Fill in `best` and `row`. @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_candidate_merge_finish(struct souk_candidate_merge *m) SOUK_MUST_CHECK;

/** Whether any list named the item; after the finish. */
bool souk_candidate_merge_has(const struct souk_candidate_merge *m, int64_t row);

#endif
