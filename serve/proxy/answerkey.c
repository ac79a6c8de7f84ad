#include "serve/proxy/answerkey.h"

#include "shared/base/hash.h"

#include <assert.h>
#include <string.h>

static void put(struct souk_answer_key *key, const void *bytes, size_t len)
{
    assert(key->len + len <= sizeof key->bytes);
    if (len > 0)
        memcpy(key->bytes + key->len, bytes, len);
    key->len = (uint16_t)(key->len + len);
}

/* No text is the beginning of another one: its length goes first. */
static void put_text(struct souk_answer_key *key, const char *text, size_t len)
{
    const unsigned char size = (unsigned char)len;
    assert(len <= UINT8_MAX);
    put(key, &size, 1);
    put(key, text, len);
}

void souk_answer_key_make(struct souk_answer_key *key, const struct souk_answer_question *q,
                          const char *model)
{
    const unsigned char operation = q->similar, has_category = q->category != NULL;
    const unsigned char flags =
        (unsigned char)((q->include_seen ? 1 : 0) | (q->include_metadata ? 2 : 0) |
                        (q->explain ? 4 : 0));
    const uint16_t narrowing_len = (uint16_t)q->narrowing_len;
    key->len = 0;
    key->stamp = 0;
    put(key, &operation, 1);
    put_text(key, q->id, q->id_len);
    key->owner_len = key->len;
    put(key, &q->n, sizeof q->n);
    put(key, &q->min_confidence, sizeof q->min_confidence);
    put(key, &flags, 1);
    put(key, &has_category, 1);
    if (q->category)
        put_text(key, q->category, q->category_len);
    put(key, &narrowing_len, sizeof narrowing_len);
    put(key, q->narrowing, narrowing_len);
    key->name_len = key->len;
    key->owner_hash = souk_hash_bytes(key->bytes, key->owner_len);
    key->name_hash = souk_hash_bytes(key->bytes, key->name_len);
    souk_answer_key_set_model(key, model);
}

void souk_answer_key_set_model(struct souk_answer_key *key, const char *model)
{
    key->len = key->name_len;
    put_text(key, model, strlen(model));
}
