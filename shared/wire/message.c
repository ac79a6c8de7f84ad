#include "shared/wire/message.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *souk_wire_status_name(int status)
{
    switch (status) {
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return text;
        SOUK_WIRE_STATUS_LIST(X)
#undef X
    }
    return "unknown";
}

/* The walk of the check: how many elements are still open at each level. */
struct walk {
    const unsigned char *at, *end;
    uint64_t open[SOUK_WIRE_DEPTH_MAX];
    int depth;
    int64_t elements;
};

static bool take(struct walk *w, size_t count, uint64_t *value)
{
    if ((size_t)(w->end - w->at) < count)
        return false;
    *value = 0;
    for (size_t i = 0; i < count; i++)
        *value = *value << 8 | w->at[i];
    w->at += count;
    return true;
}

static bool skip(struct walk *w, uint64_t count)
{
    if ((uint64_t)(w->end - w->at) < count)
        return false;
    w->at += count;
    return true;
}

static const char CUT[] = "the message is cut short";

/* A container of `count` objects opens. Each takes at least a byte: a count beyond the end is a
 * lie. */
static const char *open_container(struct walk *w, uint64_t count)
{
    if (count > (uint64_t)(w->end - w->at))
        return CUT;
    if (count == 0)
        return NULL;
    if (w->depth == SOUK_WIRE_DEPTH_MAX)
        return "nested too deep";
    w->open[w->depth++] = count;
    return NULL;
}

static const char *check_float(struct walk *w, size_t size)
{
    uint64_t bits;
    double value;
    if (!take(w, size, &bits))
        return CUT;
    if (size == 4) {
        const uint32_t narrow = (uint32_t)bits;
        float f;
        memcpy(&f, &narrow, sizeof f);
        value = (double)f;
    } else {
        memcpy(&value, &bits, sizeof value);
    }
    return isfinite(value) ? NULL : "a number is not finite";
}

/* Length of `size` bytes, then as many bytes (raw) or objects (factor per element). */
static const char *check_sized(struct walk *w, size_t size, uint64_t factor)
{
    uint64_t count;
    if (!take(w, size, &count))
        return CUT;
    if (factor == 0)
        return skip(w, count) ? NULL : CUT;
    return open_container(w, count * factor);
}

/* The head of the next object (MessagePack's table of formats). */
static const char *check_object(struct walk *w)
{
    uint64_t head;
    if (!take(w, 1, &head))
        return CUT;
    if (head < 0x80 || head >= 0xe0)
        return NULL;
    if (head < 0x90)
        return open_container(w, 2 * (head & 0x0f));
    if (head < 0xa0)
        return open_container(w, head & 0x0f);
    if (head < 0xc0)
        return skip(w, head & 0x1f) ? NULL : CUT;
    switch (head) {
    case 0xc0: /* nil */
    case 0xc2: /* false */
    case 0xc3: /* true */
        return NULL;
    case 0xc4: /* bin 8, 16, 32 */
    case 0xc5:
    case 0xc6:
        return check_sized(w, (size_t)1 << (head - 0xc4), 0);
    case 0xca: /* float 32, 64 */
    case 0xcb:
        return check_float(w, head == 0xca ? 4 : 8);
    case 0xcc: /* uint 8 to 64 */
    case 0xcd:
    case 0xce:
    case 0xcf:
        return skip(w, (uint64_t)1 << (head - 0xcc)) ? NULL : CUT;
    case 0xd0: /* int 8 to 64 */
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return skip(w, (uint64_t)1 << (head - 0xd0)) ? NULL : CUT;
    case 0xd9: /* str 8, 16, 32 */
    case 0xda:
    case 0xdb:
        return check_sized(w, (size_t)1 << (head - 0xd9), 0);
    case 0xdc: /* array 16, 32 */
    case 0xdd:
        return check_sized(w, head == 0xdc ? 2 : 4, 1);
    case 0xde: /* map 16, 32 */
    case 0xdf:
        return check_sized(w, head == 0xde ? 2 : 4, 2);
    default:
        return "a type that this protocol does not use";
    }
}

/* One object is complete: so are containers whose last element it was. */
static void close_containers(struct walk *w)
{
    while (w->depth > 0 && --w->open[w->depth - 1] == 0)
        w->depth--;
}

const char *souk_message_check(const void *bytes, size_t len)
{
    struct walk w = {.at = bytes, .end = (const unsigned char *)bytes + len};
    if (len == 0)
        return "the message is empty";
    if ((*w.at & 0xf0) != 0x80 && *w.at != 0xde && *w.at != 0xdf)
        return "the message is not a map";
    do {
        const int depth = w.depth;
        const char *reason = check_object(&w);
        if (reason)
            return reason;
        if (++w.elements > SOUK_WIRE_ELEMENTS_MAX)
            return "too many elements";
        if (w.depth == depth)
            close_containers(&w);
    } while (w.depth > 0);
    return w.at == w.end ? NULL : "bytes behind the message";
}

enum souk_wire_status souk_message_parse(struct souk_message *m, const void *bytes, size_t len,
                                         char *reason, size_t reason_size)
{
    const char *why;
    size_t offset = 0;
    msgpack_unpacked_init(&m->unpacked);
    if (len > SOUK_WIRE_BYTES_MAX) {
        snprintf(reason, reason_size, "%zu bytes, at most %d are taken", len, SOUK_WIRE_BYTES_MAX);
        return SOUK_WIRE_TOO_LARGE;
    }
    why = souk_message_check(bytes, len);
    if (!why && msgpack_unpack_next(&m->unpacked, bytes, len, &offset) != MSGPACK_UNPACK_SUCCESS)
        why = "the message cannot be unpacked";
    if (!why && m->unpacked.data.type != MSGPACK_OBJECT_MAP)
        why = "the message is not a map";
    if (!why)
        return SOUK_WIRE_OK;
    snprintf(reason, reason_size, "%s", why);
    return SOUK_WIRE_MALFORMED;
}

void souk_message_fini(struct souk_message *m)
{
    msgpack_unpacked_destroy(&m->unpacked);
}

const msgpack_object *souk_message_map_get(const msgpack_object *map, const char *key)
{
    const size_t len = strlen(key);
    if (map->type != MSGPACK_OBJECT_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        if (pair->key.type == MSGPACK_OBJECT_STR && pair->key.via.str.size == len &&
            memcmp(pair->key.via.str.ptr, key, len) == 0)
            return &pair->val;
    }
    return NULL;
}

const msgpack_object *souk_message_get(const struct souk_message *m, const char *key)
{
    return souk_message_map_get(&m->unpacked.data, key);
}

bool souk_message_int(const struct souk_message *m, const char *key, int64_t min, int64_t max,
                      int64_t *value)
{
    const msgpack_object *field = souk_message_get(m, key);
    int64_t found;
    if (!field)
        return true;
    if (field->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        found = field->via.i64;
    else if (field->type == MSGPACK_OBJECT_POSITIVE_INTEGER && field->via.u64 <= INT64_MAX)
        found = (int64_t)field->via.u64;
    else
        return false;
    if (found < min || found > max)
        return false;
    *value = found;
    return true;
}

bool souk_message_bool(const struct souk_message *m, const char *key, bool *value)
{
    const msgpack_object *field = souk_message_get(m, key);
    if (!field)
        return true;
    if (field->type != MSGPACK_OBJECT_BOOLEAN)
        return false;
    *value = field->via.boolean;
    return true;
}

bool souk_message_text(const struct souk_message *m, const char *key, size_t max_len,
                       const char **text, size_t *len)
{
    const msgpack_object *field = souk_message_get(m, key);
    if (!field)
        return true;
    if (field->type != MSGPACK_OBJECT_STR || field->via.str.size > max_len)
        return false;
    *text = field->via.str.ptr;
    *len = field->via.str.size;
    return true;
}

bool souk_message_array(const struct souk_message *m, const char *key, size_t size,
                        const void **data, int64_t *count)
{
    const msgpack_object *field = souk_message_get(m, key);
    if (!field)
        return true;
    if (field->type != MSGPACK_OBJECT_BIN || field->via.bin.size % size != 0)
        return false;
    *data = field->via.bin.ptr;
    *count = (int64_t)(field->via.bin.size / size);
    return true;
}

bool souk_message_texts(const struct souk_message *m, const char *key, size_t max_count,
                        size_t max_len, const msgpack_object **list, size_t *count)
{
    const msgpack_object *field = souk_message_get(m, key);
    if (!field)
        return true;
    if (field->type != MSGPACK_OBJECT_ARRAY || field->via.array.size > max_count)
        return false;
    for (uint32_t i = 0; i < field->via.array.size; i++) {
        const msgpack_object *text = &field->via.array.ptr[i];
        if (text->type != MSGPACK_OBJECT_STR || text->via.str.size == 0 ||
            text->via.str.size > max_len)
            return false;
    }
    *list = field->via.array.ptr;
    *count = field->via.array.size;
    return true;
}

bool souk_message_map_number(const msgpack_object *map, const char *key, double *value)
{
    const msgpack_object *field = souk_message_map_get(map, key);
    if (!field)
        return false;
    switch (field->type) {
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        *value = field->via.f64;
        return true;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        *value = (double)field->via.u64;
        return true;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        *value = (double)field->via.i64;
        return true;
    default:
        return false;
    }
}
