/** @file
 *  Which answers are the same: what was asked, of whom, and by which version of the model.
 *
 *      | operation, id | n, flags, min_confidence, category, narrowing | model |
 *      |<--- owner --->|                                             |
 *      |<-------------------------- name --------------------------->|
 *
 *  All answers of one user, or item, have one owner; answers of several versions have one name.
 */
#ifndef SOUK_PROXY_ANSWERKEY_H
#define SOUK_PROXY_ANSWERKEY_H

#include "serve/proxy/topology.h"
#include "shared/data/idtable.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SOUK_ANSWER_NARROWING_MAX = 256, /**< bytes of filters and preferences */
    SOUK_ANSWER_KEY_BYTES =
        32 + 2 * SOUK_ID_MAX_BYTES + SOUK_ANSWER_NARROWING_MAX + SOUK_MODEL_NAME_MAX
};

struct souk_answer_key {
    uint64_t owner_hash, name_hash;
    uint32_t stamp; /**< of the owner, when the question came (answercache.h) */
    uint16_t owner_len, name_len, len;
    unsigned char bytes[SOUK_ANSWER_KEY_BYTES];
};

/** What changes an answer, beside the model. Texts are borrowed. */
struct souk_answer_question {
    bool similar;                /**< to an item; else what a user is recommended */
    const char *id, *category;   /**< category NULL: of all */
    size_t id_len, category_len; /**< at most SOUK_ID_MAX_BYTES each */
    int64_t n;
    bool include_seen, include_metadata, explain;
    double min_confidence;
    const unsigned char *narrowing; /**< [narrowing_len], filters and preferences */
    size_t narrowing_len;           /**< at most SOUK_ANSWER_NARROWING_MAX */
};

/** Pure. The stamp is 0. @param model of at most SOUK_MODEL_NAME_MAX bytes */
void souk_answer_key_make(struct souk_answer_key *key, const struct souk_answer_question *question,
                          const char *model);

/** The same question to another version. */
void souk_answer_key_set_model(struct souk_answer_key *key, const char *model);

#endif
