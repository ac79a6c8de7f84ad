#include "serve/proxy/keptanswer.h"

#include <stdlib.h>
#include <string.h>

struct souk_kept_answer *souk_kept_answer_new(const struct souk_answer_key *key,
                                              const struct souk_answer_facts *facts,
                                              const void *body, size_t len, int64_t made_us)
{
    struct souk_kept_answer *a =
        len <= UINT32_MAX ? malloc(sizeof *a + (size_t)key->len + len) : NULL;
    if (!a)
        return NULL;
    *a = (struct souk_kept_answer){.facts = *facts,
                                   .owner_len = key->owner_len,
                                   .name_len = key->name_len,
                                   .key_len = key->len,
                                   .body_len = (uint32_t)len,
                                   .stamp = key->stamp,
                                   .owner_hash = key->owner_hash,
                                   .name_hash = key->name_hash,
                                   .made_us = made_us};
    atomic_init(&a->references, 1);
    memcpy(a->bytes, key->bytes, key->len);
    if (body && len > 0)
        memcpy(a->bytes + key->len, body, len);
    return a;
}

void souk_kept_answer_give(struct souk_kept_answer *a)
{
    if (a && atomic_fetch_sub_explicit(&a->references, 1, memory_order_acq_rel) == 1)
        free(a);
}
