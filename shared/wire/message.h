/** @file
 *  Reading a message from a peer that is not trusted: one MessagePack map, checked before any of it
 *  is unpacked.
 *
 *  The check walks the bytes without recursion: one whole object and nothing behind it, a map with
 *  text keys, at most SOUK_WIRE_DEPTH_MAX deep and SOUK_WIRE_ELEMENTS_MAX elements, no length
 * beyond the end, no number that is not finite, no extension type. docs/wire-format.md is the
 *  specification.
 */
#ifndef SOUK_WIRE_MESSAGE_H
#define SOUK_WIRE_MESSAGE_H

#include "shared/base/status.h"
#include "shared/wire/wirestatus.h"

#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SOUK_WIRE_VERSION = 1,
    SOUK_WIRE_BYTES_MAX = 8 << 20,    /**< of a message; longer ones are answered with too_large */
    SOUK_WIRE_RECEIVE_MAX = 16 << 20, /**< beyond this the connection is closed unread */
    SOUK_WIRE_DEPTH_MAX = 16,
    SOUK_WIRE_ELEMENTS_MAX = 100000,
    SOUK_WIRE_LIST_MAX = 1000,  /**< items in an answer, and of a list of candidates */
    SOUK_WIRE_EXPLAIN_MAX = 50, /**< items in a question why */
};

struct souk_message {
    msgpack_unpacked unpacked;
};

/** Check and unpack. Texts and binaries point into `bytes`, which must outlive the message.
 *  @param reason [reason_size], filled in on failure
 *  @return SOUK_WIRE_OK, SOUK_WIRE_MALFORMED, SOUK_WIRE_TOO_LARGE, SOUK_WIRE_INTERNAL (memory) */
enum souk_wire_status souk_message_parse(struct souk_message *m, const void *bytes, size_t len,
                                         char *reason, size_t reason_size) SOUK_MUST_CHECK;
void souk_message_fini(struct souk_message *m);

/** Only the check. @return NULL, or why not */
const char *souk_message_check(const void *bytes, size_t len);

/** A field; NULL where it is absent. */
const msgpack_object *souk_message_get(const struct souk_message *m, const char *key);
const msgpack_object *souk_message_map_get(const msgpack_object *map, const char *key);

/** Typed fields. An absent field leaves the value as it is and is fine.
 *  @return false where it is there with another type or out of range */
bool souk_message_int(const struct souk_message *m, const char *key, int64_t min, int64_t max,
                      int64_t *value);
bool souk_message_bool(const struct souk_message *m, const char *key, bool *value);
bool souk_message_text(const struct souk_message *m, const char *key, size_t max_len,
                       const char **text, size_t *len);

/** A binary of whole elements. @param size of an element; *count elements at *data (unaligned) */
bool souk_message_array(const struct souk_message *m, const char *key, size_t size,
                        const void **data, int64_t *count);

/** A list of texts of 1 to max_len bytes: *count objects at *list, all of them texts. */
bool souk_message_texts(const struct souk_message *m, const char *key, size_t max_count,
                        size_t max_len, const msgpack_object **list, size_t *count);

/** A number field of a map, as double. */
bool souk_message_map_number(const msgpack_object *map, const char *key, double *value);

#endif
