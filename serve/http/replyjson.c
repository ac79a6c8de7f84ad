#include "serve/http/replyjson.h"

#include "shared/base/clock.h"

#include <stdio.h>
#include <string.h>

/* A field of a reply that has another name over HTTP; NULL: it is not shown. */
struct name {
    const char *wire, *http;
    bool is_time; /* milliseconds that become text */
};

static const struct name names[] = {
    {.wire = "v"},
    {.wire = "id"},
    {.wire = "status"},
    {"first_seen_ms", "first_seen", true},
    {"last_seen_ms", "last_seen", true},
    {.wire = NULL},
};

static bool key_is(const msgpack_object *key, const char *name)
{
    return strlen(name) == key->via.str.size &&
           memcmp(name, key->via.str.ptr, key->via.str.size) == 0;
}

static void put_value(struct souk_json_text *t, const msgpack_object *o);

static void put_time(struct souk_json_text *t, int64_t ms)
{
    char text[25];
    souk_time_format(ms, text);
    souk_json_text_string(t, text, strlen(text));
}

/* @return NULL: it is called as it is */
static const struct name *name_of(const msgpack_object *key)
{
    for (const struct name *n = names; n->wire; n++)
        if (key_is(key, n->wire))
            return n;
    return NULL;
}

static void put_field(struct souk_json_text *t, const msgpack_object *key,
                      const msgpack_object *value)
{
    const struct name *const n = name_of(key);
    if (n && !n->http)
        return;
    if (n)
        souk_json_text_key(t, n->http, strlen(n->http));
    else
        souk_json_text_key(t, key->via.str.ptr, key->via.str.size);
    if (n && n->is_time && value->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        put_time(t, value->via.i64);
    else
        put_value(t, value);
}

static void put_map(struct souk_json_text *t, const msgpack_object_map *map)
{
    souk_json_text_open(t, '{');
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object *const key = &map->ptr[i].key, *const value = &map->ptr[i].val;
        if (value->type == MSGPACK_OBJECT_NIL)
            continue;
        souk_json_text_key(t, key->via.str.ptr, key->via.str.size);
        put_value(t, value);
    }
    souk_json_text_close(t, '}');
}

/* souk_message_parse() has checked depth and keys. */
static void put_value(struct souk_json_text *t, const msgpack_object *o)
{
    switch (o->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        souk_json_text_bool(t, o->via.boolean);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        souk_json_text_int(t, o->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
        souk_json_text_float(t, (float)o->via.f64);
        break;
    case MSGPACK_OBJECT_FLOAT64:
        souk_json_text_real(t, o->via.f64);
        break;
    case MSGPACK_OBJECT_STR:
        souk_json_text_string(t, o->via.str.ptr, o->via.str.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        souk_json_text_open(t, '[');
        for (uint32_t i = 0; i < o->via.array.size; i++)
            put_value(t, &o->via.array.ptr[i]);
        souk_json_text_close(t, ']');
        break;
    case MSGPACK_OBJECT_MAP:
        put_map(t, &o->via.map);
        break;
    default:
        souk_json_text_null(t);
        break;
    }
}

/* ---- events ---- */

static void put_text(struct souk_json_text *t, const char *key, const char *text)
{
    souk_json_text_key(t, key, strlen(key));
    souk_json_text_string(t, text, strlen(text));
}

/* An event that we could not read was an empty map to the proxy: say what was wrong with it. */
static void put_fault(struct souk_json_text *t, const struct souk_field_fault *fault)
{
    char text[sizeof fault->field + sizeof fault->text + 8];
    snprintf(text, sizeof text, fault->field[0] ? "'%s' %s" : "%s%s", fault->field, fault->text);
    souk_json_text_open(t, '{');
    put_text(t, "fate", "invalid");
    put_text(t, "error", text);
    if (fault->field[0])
        put_text(t, "field", fault->field);
    souk_json_text_close(t, '}');
}

static const char *text_of(const struct souk_message *m, const char *key, char *to, size_t size)
{
    const char *text = NULL;
    size_t len = 0;
    const bool found = souk_message_text(m, key, SOUK_WIRE_BYTES_MAX, &text, &len) && text;
    snprintf(to, size, "%.*s", found ? (int)len : 0, found ? text : "");
    return to;
}

/* The result of a request with one event: as it is, or what is wrong with it. */
static void put_single(struct souk_json_text *t, const msgpack_object *result,
                       struct souk_http_outcome *out)
{
    const struct souk_message m = {.unpacked = {.data = *result}};
    char fate[16];
    if (strcmp(text_of(&m, "fate", fate, sizeof fate), "invalid") != 0) {
        put_value(t, result);
        return;
    }
    out->is_problem = true;
    out->problem = SOUK_PROBLEM_INVALID_FIELD;
    text_of(&m, "error", out->detail, sizeof out->detail);
}

/* @return false: this is no reply to events */
static bool put_events(struct souk_json_text *t, const struct souk_message *m,
                       const struct souk_event_faults *faults, struct souk_http_outcome *out)
{
    const msgpack_object *const results = souk_message_get(m, "results");
    if (!results || results->type != MSGPACK_OBJECT_ARRAY || results->via.array.size == 0)
        return false;
    if (faults->is_single) {
        put_single(t, &results->via.array.ptr[0], out);
        return true;
    }
    souk_json_text_open(t, '{');
    souk_json_text_key(t, "results", 7);
    souk_json_text_open(t, '[');
    for (uint32_t i = 0; i < results->via.array.size; i++) {
        const struct souk_field_fault *const fault = souk_event_faults_find(faults, i);
        if (fault)
            put_fault(t, fault);
        else
            put_value(t, &results->via.array.ptr[i]);
    }
    souk_json_text_close(t, ']');
    souk_json_text_close(t, '}');
    return true;
}

/* ---- health ---- */

static void put_moment(struct souk_json_text *t, const char *key, int64_t ms)
{
    souk_json_text_key(t, key, strlen(key));
    put_time(t, ms);
}

static void put_count(struct souk_json_text *t, const char *key, int64_t value)
{
    if (value < 0)
        return; /* not known */
    souk_json_text_key(t, key, strlen(key));
    souk_json_text_int(t, value);
}

static int64_t int_of(const struct souk_message *m, const char *key)
{
    int64_t value = -1;
    return souk_message_int(m, key, 0, INT64_MAX, &value) ? value : -1;
}

/* The model in use and what it was trained on. */
static void put_version(struct souk_json_text *t, const struct souk_message *m)
{
    const int64_t now_ms = souk_wall_ms(), created_ms = int_of(m, "created_ms"),
                  from_ms = int_of(m, "from_ms"), until_ms = int_of(m, "until_ms");
    char text[128];
    souk_json_text_key(t, "model", 5);
    souk_json_text_open(t, '{');
    put_text(t, "version", text_of(m, "model", text, sizeof text));
    put_text(t, "kind", text_of(m, "kind", text, sizeof text));
    if (created_ms > 0) {
        put_moment(t, "created", created_ms);
        put_count(t, "age_s", (now_ms - created_ms) / 1000);
    }
    souk_json_text_close(t, '}');
    souk_json_text_key(t, "data", 4);
    souk_json_text_open(t, '{');
    put_count(t, "users", int_of(m, "users"));
    put_count(t, "items", int_of(m, "catalogue"));
    put_count(t, "events", int_of(m, "events"));
    if (until_ms > 0) {
        put_moment(t, "from", from_ms > 0 ? from_ms : 0);
        put_moment(t, "until", until_ms);
        put_count(t, "age_s", (now_ms - until_ms) / 1000);
    }
    souk_json_text_close(t, '}');
}

/* The addresses of replicas are the operator's: they are asked for over nng. */
static void put_health(struct souk_json_text *t, const struct souk_message *m, const char *version)
{
    const msgpack_object *const versions = souk_message_get(m, "versions");
    char text[256];
    souk_json_text_open(t, '{');
    put_text(t, "status", text_of(m, "state", text, sizeof text));
    put_text(t, "service", "souk");
    put_text(t, "version", version);
    if (souk_message_get(m, "reason"))
        put_text(t, "reason", text_of(m, "reason", text, sizeof text));
    put_count(t, "shards", int_of(m, "shards"));
    put_count(t, "catalogue", int_of(m, "catalogue"));
    if (versions && versions->type == MSGPACK_OBJECT_ARRAY && versions->via.array.size > 0 &&
        versions->via.array.ptr[0].type == MSGPACK_OBJECT_MAP) {
        const struct souk_message first = {.unpacked = {.data = versions->via.array.ptr[0]}};
        put_version(t, &first);
    }
    put_count(t, "took_us", int_of(m, "took_us"));
    souk_json_text_close(t, '}');
}

/* ---- a reply ---- */

static void put_reply(enum souk_http_op op, struct souk_json_text *t, const struct souk_message *m,
                      const char *version)
{
    const msgpack_object_map *const map = &m->unpacked.data.via.map;
    if (op == SOUK_HTTP_HEALTH) {
        put_health(t, m, version);
        return;
    }
    souk_json_text_open(t, '{');
    for (uint32_t i = 0; i < map->size; i++)
        if (map->ptr[i].val.type != MSGPACK_OBJECT_NIL)
            put_field(t, &map->ptr[i].key, &map->ptr[i].val);
    souk_json_text_close(t, '}');
}

static void fail(struct souk_http_outcome *out, const char *detail)
{
    out->is_problem = true;
    out->problem = SOUK_PROBLEM_INTERNAL;
    snprintf(out->detail, sizeof out->detail, "%s", detail);
}

void souk_reply_json_write(enum souk_http_op op, const void *reply, size_t len,
                           const struct souk_event_faults *faults, const char *version,
                           struct souk_json_text *t, struct souk_http_outcome *out)
{
    struct souk_message m;
    char reason[128];
    int64_t status = SOUK_WIRE_INTERNAL;
    *out = (struct souk_http_outcome){.retry_after_ms = -1};
    souk_json_text_clear(t);
    if (souk_message_parse(&m, reply, len, reason, sizeof reason) != SOUK_WIRE_OK ||
        !souk_message_int(&m, "status", 0, INT32_MAX, &status)) {
        fail(out, "the answer cannot be read");
    } else if (status != SOUK_WIRE_OK) {
        out->is_problem = true;
        out->problem = souk_problem_of_status((int)status);
        text_of(&m, "error", out->detail, sizeof out->detail);
        if (!souk_message_int(&m, "retry_after_ms", 0, INT32_MAX, &out->retry_after_ms))
            out->retry_after_ms = -1;
    } else if (!faults) {
        put_reply(op, t, &m, version);
    } else if (!put_events(t, &m, faults, out)) {
        fail(out, "the answer has no results");
    }
    if (t->failed && !out->is_problem)
        fail(out, "no memory for the answer");
    souk_message_fini(&m);
}
