#include "train/ingest/dictionary.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/data/idtable.h"
#include "shared/base/largearray.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_AT_FIRST = 1024, INLINE_BYTES = 8 };

static const size_t IDS_MAX = INT32_MAX;
static const size_t ARENA_MAX = (size_t)INT32_MAX * SOUK_ID_MAX_BYTES;

static uint64_t load32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Up to 8 bytes, and with them the length, the key determines the text. */
static uint64_t key_of(const char *id, size_t len)
{
    if (len > INLINE_BYTES)
        return souk_hash_bytes(id, len);
    if (len >= 4)
        return load32(id) | load32(id + len - 4) << 32;
    if (len == 0)
        return 0;
    return (uint64_t)(unsigned char)id[0] | (uint64_t)(unsigned char)id[len / 2] << 8 |
           (uint64_t)(unsigned char)id[len - 1] << 16;
}

/* Decimal digits differ in few bits: fold, multiply, fold. */
static size_t home_of(uint64_t key, size_t slot_count)
{
    uint64_t h = (key ^ key >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return (size_t)(h >> 32) & (slot_count - 1);
}

static bool holds(const struct souk_dictionary *d, const struct souk_dictionary_slot *slot,
                  uint64_t key, const char *id, size_t len)
{
    return slot->key == key && slot->len == len &&
           (len <= INLINE_BYTES || memcmp(d->arena + d->ids[slot->index].offset, id, len) == 0);
}

/* The slot that holds the id, or the free one where it belongs. */
static struct souk_dictionary_slot *locate(const struct souk_dictionary *d, uint64_t key,
                                           const char *id, size_t len)
{
    size_t at = home_of(key, d->slot_count);
    while (d->slots[at].index >= 0 && !holds(d, &d->slots[at], key, id, len))
        at = (at + 1) & (d->slot_count - 1);
    return &d->slots[at];
}

static struct souk_dictionary_slot *free_slots(size_t count)
{
    struct souk_dictionary_slot *slots = souk_large_array(count, sizeof *slots);
    for (size_t i = 0; slots && i < count; i++)
        slots[i] = (struct souk_dictionary_slot){.index = -1};
    return slots;
}

souk_status souk_dictionary_init(struct souk_dictionary *d, const char *kind,
                                 struct souk_error *err)
{
    *d = (struct souk_dictionary){.kind = kind, .slot_count = SLOTS_AT_FIRST};
    d->slots = free_slots(d->slot_count);
    if (!d->slots)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a dictionary of %s ids", kind);
    return SOUK_OK;
}

void souk_dictionary_fini(struct souk_dictionary *d)
{
    free(d->slots);
    free(d->ids);
    free(d->arena);
    *d = (struct souk_dictionary){0};
}

souk_lidx souk_dictionary_find(const struct souk_dictionary *d, const char *id, size_t len)
{
    return locate(d, key_of(id, len), id, len)->index;
}

uint64_t souk_dictionary_ask(const struct souk_dictionary *d, const char *id, size_t len)
{
    const uint64_t key = key_of(id, len);
    __builtin_prefetch(&d->slots[home_of(key, d->slot_count)]);
    return key;
}

souk_lidx souk_dictionary_answer(const struct souk_dictionary *d, uint64_t asked, const char *id,
                                 size_t len)
{
    return locate(d, asked, id, len)->index;
}

static souk_status double_slots(struct souk_dictionary *d)
{
    const struct souk_dictionary old = *d;
    struct souk_dictionary_slot *slots = free_slots(old.slot_count * 2);
    if (!slots)
        return SOUK_ENOMEM;
    d->slots = slots;
    d->slot_count = old.slot_count * 2;
    for (size_t i = 0; i < old.slot_count; i++) {
        if (old.slots[i].index < 0)
            continue;
        size_t at = home_of(old.slots[i].key, d->slot_count);
        while (slots[at].index >= 0)
            at = (at + 1) & (d->slot_count - 1);
        slots[at] = old.slots[i];
    }
    free(old.slots);
    return SOUK_OK;
}

static souk_status append(struct souk_dictionary *d, const char *id, size_t len)
{
    souk_status status = SOUK_OK;
    if (2 * (d->count + 1) > d->slot_count)
        status = double_slots(d);
    if (!status)
        status = souk_grow(&d->ids, &d->id_cap, d->count + 1, IDS_MAX, sizeof *d->ids);
    if (!status)
        status = souk_grow(&d->arena, &d->arena_cap, d->arena_len + len, ARENA_MAX, 1);
    if (status)
        return status;
    d->ids[d->count] = (struct souk_dictionary_id){d->arena_len, (uint32_t)len};
    memcpy(d->arena + d->arena_len, id, len);
    d->arena_len += len;
    d->count++;
    if (len > d->longest)
        d->longest = (uint32_t)len;
    return SOUK_OK;
}

souk_status souk_dictionary_add(struct souk_dictionary *d, const char *id, size_t len,
                                souk_lidx *index, struct souk_error *err)
{
    const uint64_t key = key_of(id, len);
    struct souk_dictionary_slot *slot = locate(d, key, id, len);
    if (slot->index >= 0) {
        *index = slot->index;
        return SOUK_OK;
    }
    if (!souk_id_is_valid(id, len))
        return souk_fail(err, SOUK_EFORMAT,
                         "not a %s id: 1 to %d bytes of UTF-8 without control characters", d->kind,
                         SOUK_ID_MAX_BYTES);
    souk_status status = append(d, id, len);
    if (status)
        return souk_fail(err, status, "%s behind %zu %s ids on one rank; run on more ranks",
                         souk_status_text(status), d->count, d->kind);
    *index = (souk_lidx)(d->count - 1);
    *locate(d, key, id, len) = (struct souk_dictionary_slot){key, *index, (uint32_t)len};
    return SOUK_OK;
}
