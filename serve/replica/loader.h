/** @file
 *  Changes the version that a replica answers from, while it answers.
 *
 *      open manifest -> held already? prefer it
 *                    -> room for a version: the older one, once nobody asks for it
 *                    -> memory: what it needs against what is left, before a part is read
 *                    -> load, check, self-test (loadedmodel.h) -> newest in the slot
 *
 *  Whatever fails leaves what was there. One change at a time; the work is done by a thread of
 * lower priority than those that answer.
 */
#ifndef SOUK_REPLICA_LOADER_H
#define SOUK_REPLICA_LOADER_H

#include "serve/replica/loadedmodel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct souk_loader {
    struct souk_modelslot *slot;
    struct souk_shard_place place;
    int64_t memory_limit_bytes; /**< of the whole process; 0: none */
    atomic_bool replacing;      /**< the slot is being emptied: nobody should ask */
    pthread_mutex_t lock;       /**< held by the one change */
};

void souk_loader_init(struct souk_loader *l, struct souk_modelslot *slot,
                      const struct souk_shard_place *place, int64_t memory_limit_bytes);

/** Free all versions; no reader may be left. */
void souk_loader_fini(struct souk_loader *l);

struct souk_change {
    char id[SOUK_MODEL_ID_BYTES + 1]; /**< of the version that is the newest now */
    bool was_held;                    /**< nothing had to be loaded */
    int64_t need_bytes;
};

/** Make the model of a folder the newest version.
 *  @param replace where two versions do not fit: check the new one, stop answering, drop the old
 *         ones, load it; and load the old one again if that fails
 *  @return SOUK_OK; SOUK_EEXIST (another change is under way), SOUK_ELIMIT (memory, with the
 * figure; or both versions are in use), and what souk_loaded_new() returns */
souk_status souk_loader_change(struct souk_loader *l, const char *path, bool replace,
                               struct souk_change *change, struct souk_error *err) SOUK_MUST_CHECK;

/** Free the older version if nobody has asked for it for so long, and no change is under way.
 *  @return whether one was freed */
bool souk_loader_retire(struct souk_loader *l, int64_t idle_ms);

#endif
