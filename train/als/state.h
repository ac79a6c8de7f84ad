/** @file
 *  What ALS needs to go on from an epoch's end, as a checkpoint describes it: both sides' factors
 * as they are, and the basis that they are in. The Gram matrix that the next epoch starts with is
 *  computed anew (souk_als_refresh_all()), to the same bits.
 */
#ifndef SOUK_ALS_STATE_H
#define SOUK_ALS_STATE_H

#include "train/als/als.h"
#include "train/comm/checkpoint.h"

struct souk_als_state {
    struct souk_checkpoint_rows rows[2];    /**< by souk_side_kind */
    struct souk_checkpoint_array arrays[1]; /**< the basis; `explicit` has none */
    struct souk_checkpoint checkpoint;      /**< points into this struct: do not copy it */
};

/** Describe the state of `als`, which must outlive it; saving reads from it, restoring writes to
 * it.
 *  @param parameters_json what the model depends on, the number of epochs left out; borrowed */
void souk_als_state_init(struct souk_als_state *state, struct souk_als *als,
                         uint64_t dataset_digest, const char *parameters_json);

#endif
