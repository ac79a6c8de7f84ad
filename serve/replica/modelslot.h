/** @file
 *  The versions of a model that a replica answers from: two at most, during a change.
 *
 *      newest -> B     what was loaded, or preferred, last
 *      older  -> A     until nobody asks for it any more
 *
 *  A version is immutable and counted: a reader takes it, answers, gives it back. Who removes a
 *  version waits for its last reader, so that its memory is given back by the thread that changes
 *  models and never by one that answers. Readers hold the lock for a few instructions. One thread
 * at a time may put, prefer and remove (loader.h); any number take and give.
 */
#ifndef SOUK_REPLICA_MODELSLOT_H
#define SOUK_REPLICA_MODELSLOT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOUK_VERSIONS_HELD = 2 };

/** The head of whatever is held. Fields belong to the slot while the version is in it. */
struct souk_held {
    const char *id;        /**< of the version; lives as long as it */
    int64_t last_asked_us; /**< monotonic; when it was put, until somebody asks */
    int references;
};

struct souk_modelslot {
    pthread_mutex_t lock;
    pthread_cond_t released;
    struct souk_held *newest, *older; /**< NULL: none */
};

void souk_modelslot_init(struct souk_modelslot *s);

/** The slot must be empty. */
void souk_modelslot_fini(struct souk_modelslot *s);

/** The version of this id, to be given back. Thread-safe.
 *  @param id [len], NULL: the newest
 *  @return NULL: it is not here */
struct souk_held *souk_modelslot_take(struct souk_modelslot *s, const char *id, size_t len,
                                      int64_t now_us);
void souk_modelslot_give(struct souk_modelslot *s, struct souk_held *held);

/** All versions, newest first, to be given back; does not count as asking. Thread-safe.
 *  @return how many */
int souk_modelslot_list(struct souk_modelslot *s, struct souk_held *held[SOUK_VERSIONS_HELD]);

/** Make a version the newest; there must be room. */
void souk_modelslot_put(struct souk_modelslot *s, struct souk_held *held, int64_t now_us);

/** Make a version that is held the newest. @return false: it is not here */
bool souk_modelslot_prefer(struct souk_modelslot *s, const char *id, int64_t now_us);

/** Take the older version out, if nobody has asked for it for idle_us, and wait for its readers.
 *  @return what the caller now owns; NULL: there is none, or it is in use */
struct souk_held *souk_modelslot_remove_older(struct souk_modelslot *s, int64_t idle_us,
                                              int64_t now_us);

/** Take the newest version out; the older one becomes the newest. @return NULL: there is none */
struct souk_held *souk_modelslot_remove_newest(struct souk_modelslot *s);

bool souk_modelslot_is_full(struct souk_modelslot *s);

#endif
