/** @file
 *  An answer that serves more than the one who asked: its bytes, and what it is like. Whoever takes
 *  a reference gives it back; the last one frees it. Once it is shared it does not change.
 *
 *      bytes   | key | body |      body: what follows the fields that each reply has of its own
 */
#ifndef SOUK_PROXY_KEPTANSWER_H
#define SOUK_PROXY_KEPTANSWER_H

#include "serve/proxy/answerkey.h"

#include <stdatomic.h>

struct souk_answer_facts {
    int16_t status;   /**< enum souk_wire_status; where it is not 0, the body is a text */
    int16_t fields;   /**< in the body */
    int32_t returned; /**< items in the list */
    bool has_list;
    bool of_user, warm; /**< of nobody where an item was asked about */
    bool partial, degraded;
};

struct souk_kept_answer {
    struct souk_answer_facts facts;
    uint16_t owner_len, name_len, key_len;
    uint32_t body_len, stamp;
    uint64_t owner_hash, name_hash;
    int64_t made_us; /**< monotonic */
    atomic_int references;
    unsigned char bytes[];
};

/** @param body [len], copied; NULL: the caller writes it
 *  @return with one reference, the caller's; NULL: no memory */
struct souk_kept_answer *souk_kept_answer_new(const struct souk_answer_key *key,
                                              const struct souk_answer_facts *facts,
                                              const void *body, size_t len,
                                              int64_t made_us) SOUK_MUST_CHECK;

/** Whether it can be stored: good, of all shards, and with all that is known of the user. */
static inline bool souk_kept_answer_is_whole(const struct souk_kept_answer *a)
{
    return a->facts.status == 0 && !a->facts.partial && !a->facts.degraded;
}

static inline unsigned char *souk_kept_answer_body(struct souk_kept_answer *a)
{
    return a->bytes + a->key_len;
}

static inline struct souk_kept_answer *souk_kept_answer_take(struct souk_kept_answer *a)
{
    atomic_fetch_add_explicit(&a->references, 1, memory_order_relaxed);
    return a;
}

/** NULL is fine. */
void souk_kept_answer_give(struct souk_kept_answer *a);

#endif
