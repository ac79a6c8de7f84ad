/** @file
 *  What the parts of a shard add to the Gram matrix of all items, for the proxy, which folds
 *  visitors in (shared/score/foldin.h) and needs that of all shards. Made once, when the model is
 *  loaded; immutable then.
 */
#ifndef SOUK_REPLICA_GRAMSHARES_H
#define SOUK_REPLICA_GRAMSHARES_H

#include "shared/score/shard.h"

#include <stdint.h>

struct souk_gram_shares {
    int64_t size;   /**< doubles of each; 0: the model folds nobody in by a Gram matrix */
    double *shares; /**< [part_count x size], by the shard's parts */
};

/** Doubles of a part's share; 0 where there is none. By the manifest alone. */
int64_t souk_gram_share_size(const struct souk_model *model);

/** @param out empty with souk_gram_shares_fini(); zeroed on failure @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_gram_shares_init(struct souk_gram_shares *out, const struct souk_shard *shard,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_gram_shares_fini(struct souk_gram_shares *g);

#endif
