/** @file
 *  Answers that were given, for those who ask the same again: bounded in bytes and in age,
 *  shared by all threads.
 *
 *      hash of the owner -> shard -> bucket -> answer -> answer     all of a user, or an item
 *
 *      a new answer -> small queue (10 %) -- asked again --> main queue -> its oldest:
 *                        | else                                asked again: another turn
 *                        v                                     else: gone
 *                      its hash, a ghost -- asked again --> main queue
 *
 *  What is given up when the room is full is chosen by S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: FIFO
 *  queues are all you need for cache eviction, SOSP 2023): who asks for everybody once, a batch job
 *  or a crawler, passes through the small queue and displaces nobody. A hit moves nothing.
 *
 *  A name has one answer: of the version that was asked for last. An answer of another version is
 *  dropped when it is met. At most SOUK_ANSWER_VARIANTS_MAX answers of an owner are held, the
 *  latest, so that no bucket grows long, whatever is asked.
 *
 *  What is stored lies in blocks of one size (blockpool.h): the limit is kept to the byte, whatever
 *  the lengths of answers. Time is a parameter. All functions are thread-safe; a lock is held for a
 *  few hundred instructions and one copy.
 */
#ifndef SOUK_PROXY_ANSWERCACHE_H
#define SOUK_PROXY_ANSWERCACHE_H

#include "serve/proxy/keptanswer.h"
#include "shared/base/status.h"

enum { SOUK_ANSWER_VARIANTS_MAX = 32, SOUK_ANSWER_CACHE_BYTES_MIN = 1 << 20 };

struct souk_answer_cache;

/** Why an answer went. */
enum souk_answer_end {
    SOUK_ANSWER_SPACE,    /**< for want of room */
    SOUK_ANSWER_EXPIRED,  /**< too old */
    SOUK_ANSWER_VERSION,  /**< another version of the model is asked for */
    SOUK_ANSWER_VARIANTS, /**< its owner has too many */
    SOUK_ANSWER_REPLACED, /**< by another answer to the same */
    SOUK_ANSWER_FORGOTTEN,
    SOUK_ANSWER_ENDS
};

struct souk_answer_cache_stats {
    int64_t bytes, entries;
    int64_t ends[SOUK_ANSWER_ENDS];
};

/** @param limit_bytes at least SOUK_ANSWER_CACHE_BYTES_MIN; of answers, keys and tables together,
 *         taken from the system as it fills
 *  @param ttl_us  an answer is given out while it is younger
 *  @return SOUK_OK, SOUK_EINVAL, SOUK_ENOMEM */
souk_status souk_answer_cache_new(int64_t limit_bytes, int64_t ttl_us,
                                  struct souk_answer_cache **out,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** No thread may be inside. NULL is fine. */
void souk_answer_cache_free(struct souk_answer_cache *c);

/** Note in a key when its question came: what was computed before its owner was forgotten is then
 *  not stored, nor handed to who asks later. */
void souk_answer_cache_stamp(struct souk_answer_cache *c, struct souk_answer_key *key);

/** A copy of the answer with this key. @return a reference, the caller's; NULL: there is none */
struct souk_kept_answer *souk_answer_cache_find(struct souk_answer_cache *c,
                                                const struct souk_answer_key *key, int64_t now_us);

/** Store a copy of a whole answer, instead of one with the same name. One that is too large (an
 * eighth of a shard), or whose owner was forgotten since its stamp, is not stored. */
void souk_answer_cache_put(struct souk_answer_cache *c, const struct souk_kept_answer *answer,
                           int64_t now_us);

/** Drop all answers of a user, those under way too: something has happened to them. Only once it
 * can be read by who computes: questions are stamped before they read (answering.h). */
void souk_answer_cache_forget(struct souk_answer_cache *c, const char *user, size_t len);

/** Drop all answers of everybody: nobody knows to whom something has happened. */
void souk_answer_cache_forget_all(struct souk_answer_cache *c);

void souk_answer_cache_read(struct souk_answer_cache *c, struct souk_answer_cache_stats *stats);

/** "space" .. */
const char *souk_answer_end_name(enum souk_answer_end end);

#endif
