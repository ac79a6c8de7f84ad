/* What a peer says of itself, as JSON. */
#include "serve/client/clientcall.h"

#include <jansson.h>
#include <stdio.h>

static json_t *map_to_json(const msgpack_object *o)
{
    json_t *json = json_object();
    for (uint32_t i = 0; i < o->via.map.size && json; i++) {
        const msgpack_object *key = &o->via.map.ptr[i].key;
        char name[64];
        if (key->type != MSGPACK_OBJECT_STR)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)key->via.str.size, key->via.str.ptr);
        json_object_set_new(json, name, souk_client_json(&o->via.map.ptr[i].val));
    }
    return json;
}

static json_t *array_to_json(const msgpack_object *o)
{
    json_t *json = json_array();
    for (uint32_t i = 0; i < o->via.array.size && json; i++)
        json_array_append_new(json, souk_client_json(&o->via.array.ptr[i]));
    return json;
}

/* The depth is bounded by souk_message_check(). */
json_t *souk_client_json(const msgpack_object *o)
{
    switch (o->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean(o->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return json_integer(o->via.i64);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return json_real(o->via.f64);
    case MSGPACK_OBJECT_STR:
        return json_stringn(o->via.str.ptr, o->via.str.size);
    case MSGPACK_OBJECT_ARRAY:
        return array_to_json(o);
    case MSGPACK_OBJECT_MAP:
        return map_to_json(o);
    default:
        return json_null();
    }
}

souk_status souk_client_health(struct souk_client *c, int lane, int64_t timeout_ms, char **json,
                               struct souk_error *err)
{
    const struct souk_client_terms terms = {
        .deadline_ms = timeout_ms, .timeout_ms = timeout_ms, .idempotent = true};
    struct souk_message m;
    char reason[128];
    const void *bytes = NULL;
    size_t len = 0;
    souk_status status;
    *json = NULL;
    souk_client_begin(c, lane, "health", 0);
    status = souk_client_call(c, lane, &terms, &bytes, &len, err);
    if (status)
        return status;
    if (souk_message_parse(&m, bytes, len, reason, sizeof reason) == SOUK_WIRE_OK) {
        json_t *tree = souk_client_json(&m.unpacked.data);
        *json = json_dumps(tree, JSON_COMPACT);
        json_decref(tree);
    }
    souk_message_fini(&m);
    return *json ? SOUK_OK : souk_fail(err, SOUK_EFORMAT, "the reply cannot be read: %s", reason);
}
