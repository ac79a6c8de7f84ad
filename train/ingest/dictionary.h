/** @file
 *  A rank's dictionary of identifiers of one kind (users, or items): text <-> local index.
 *
 *      slots   [ key | index | len ]   open addressing, linear probing, at most half full;
 *                                      the key is the id itself up to 8 bytes, else its XXH3-64
 *      ids     [ offset | len ]        by local index, in the order of arrival
 *      arena   "17850" "536365" ...    the text, one id behind the other
 *
 *  Each text is stored once per rank. numbering.h turns local indexes into global rows.
 */
#ifndef SOUK_INGEST_DICTIONARY_H
#define SOUK_INGEST_DICTIONARY_H

#include "shared/base/status.h"
#include "train/comm/comm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct souk_dictionary_slot {
    uint64_t key;
    souk_lidx index; /**< -1: free */
    uint32_t len;
};

struct souk_dictionary_id {
    uint64_t offset; /**< into the arena */
    uint32_t len;
};

struct souk_dictionary {
    const char *kind; /**< "user", "item": for messages; not owned */
    struct souk_dictionary_slot *slots;
    size_t slot_count; /**< a power of two */
    struct souk_dictionary_id *ids;
    size_t count, id_cap;
    char *arena;
    size_t arena_len, arena_cap;
    uint32_t longest; /**< bytes of the longest id */
};

/** @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_dictionary_init(struct souk_dictionary *d, const char *kind,
                                 struct souk_error *err) SOUK_MUST_CHECK;
/** Safe on a zeroed struct. */
void souk_dictionary_fini(struct souk_dictionary *d);

/** Local index of an id, -1 when it is not there. Any bytes may be asked for. */
souk_lidx souk_dictionary_find(const struct souk_dictionary *d, const char *id, size_t len);

/** The two halves of souk_dictionary_find(), for many at once: ask for all of them, then look, and
 *  the memory is there.
 *  @return what souk_dictionary_answer() wants to have */
uint64_t souk_dictionary_ask(const struct souk_dictionary *d, const char *id, size_t len);
souk_lidx souk_dictionary_answer(const struct souk_dictionary *d, uint64_t asked, const char *id,
                                 size_t len);

/** Local index of an id, which is added when it is new.
 *  @return SOUK_OK, SOUK_EFORMAT (not an id: souk_id_is_valid), SOUK_ELIMIT (more ids than a local
 *          index counts), SOUK_ENOMEM */
souk_status souk_dictionary_add(struct souk_dictionary *d, const char *id, size_t len,
                                souk_lidx *index, struct souk_error *err) SOUK_MUST_CHECK;

/** Text of a local index; not NUL-terminated; valid until the next add. */
static inline const char *souk_dictionary_text(const struct souk_dictionary *d, souk_lidx index,
                                               size_t *len)
{
    *len = d->ids[index].len;
    return d->arena + d->ids[index].offset;
}

#endif
