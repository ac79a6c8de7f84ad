#include "serve/client/clientcall.h"

#include "serve/net/caller.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ADDRESSES_MAX = 64, RECONNECT_POLL_MS = 5 };

struct lane {
    struct souk_call calls[ADDRESSES_MAX];
    struct souk_writer request;
};

struct souk_client {
    int proxies, lanes;
    struct souk_caller callers[ADDRESSES_MAX];
    struct lane *lane; /* [lanes] */
};

static souk_status connect_all(struct souk_client *c, char *addresses, struct souk_error *err)
{
    char *rest = NULL;
    souk_status status = SOUK_OK;
    for (char *url = strtok_r(addresses, ", ", &rest); url && !status;
         url = strtok_r(NULL, ", ", &rest)) {
        if (c->proxies == ADDRESSES_MAX)
            return souk_fail(err, SOUK_EUSAGE, "more than %d proxy addresses", ADDRESSES_MAX);
        status = souk_caller_init(&c->callers[c->proxies], url, err);
        c->proxies += !status;
    }
    if (!status && c->proxies == 0)
        return souk_fail(err, SOUK_EUSAGE, "no proxy address was given");
    return status;
}

souk_status souk_client_new(const char *addresses, int lanes, struct souk_client **out,
                            struct souk_error *err)
{
    struct souk_client *c = souk_zalloc_array(1, sizeof *c);
    char *copy = souk_strndup(addresses, strlen(addresses));
    souk_status status = SOUK_OK;
    *out = NULL;
    if (c)
        c->lane = souk_zalloc_array((size_t)lanes, sizeof *c->lane);
    if (!c || !copy || !c->lane)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a client");
    if (!status)
        status = connect_all(c, copy, err);
    for (int l = 0; l < lanes && !status; l++) {
        c->lanes++;
        souk_writer_init(&c->lane[l].request);
        for (int p = 0; p < c->proxies && !status; p++)
            status = souk_call_init(&c->lane[l].calls[p], &c->callers[p], err);
    }
    free(copy);
    if (status) {
        souk_client_free(c);
        return status;
    }
    *out = c;
    return SOUK_OK;
}

void souk_client_free(struct souk_client *c)
{
    if (!c)
        return;
    for (int l = 0; l < c->lanes; l++) {
        for (int p = 0; p < c->proxies; p++)
            souk_call_fini(&c->lane[l].calls[p]);
        souk_writer_fini(&c->lane[l].request);
    }
    for (int p = 0; p < c->proxies; p++)
        souk_caller_fini(&c->callers[p]);
    free(c->lane);
    free(c);
}

static int64_t left_ms(int64_t deadline_us)
{
    const int64_t left = (deadline_us - souk_monotonic_us()) / 1000;
    return left > 0 ? left : 0;
}

/* A connected proxy from `first` on, waiting for one until the deadline. -1: none */
static int find_proxy(const struct souk_client *c, int first, int64_t deadline_us)
{
    const struct timespec pause = {.tv_nsec = RECONNECT_POLL_MS * 1000000L};
    for (;;) {
        for (int k = 0; k < c->proxies; k++)
            if (souk_caller_is_connected(&c->callers[(first + k) % c->proxies]))
                return (first + k) % c->proxies;
        if (left_ms(deadline_us) == 0)
            return -1;
        nanosleep(&pause, NULL);
    }
}

/* Send the lane's request, go on to the next proxy where one is lost. */
static souk_status ask(struct souk_client *c, struct lane *lane, int64_t deadline_us,
                       const void **bytes, size_t *len, struct souk_error *err)
{
    souk_status status = SOUK_EUNAVAILABLE;
    int proxy = 0;
    while (status == SOUK_EUNAVAILABLE) {
        proxy = find_proxy(c, proxy, deadline_us);
        if (proxy < 0)
            return souk_fail(err, SOUK_EUNAVAILABLE, "cannot connect to %s", c->callers[0].url);
        status = souk_call_begin(&lane->calls[proxy], lane->request.buffer.data,
                                 lane->request.buffer.size, left_ms(deadline_us));
        if (!status)
            status = souk_call_end(&lane->calls[proxy], left_ms(deadline_us), bytes, len);
        if (status == SOUK_EUNAVAILABLE && left_ms(deadline_us) == 0)
            status = SOUK_ETIMEDOUT;
        if (status == SOUK_EUNAVAILABLE)
            proxy = (proxy + 1) % c->proxies;
    }
    if (status)
        return souk_fail(err, status, "%s: %s", c->callers[proxy].url, souk_status_text(status));
    return SOUK_OK;
}

souk_status souk_client_call(struct souk_client *c, int lane, int64_t timeout_ms,
                             const void **bytes, size_t *len, struct souk_error *err)
{
    return ask(c, &c->lane[lane], souk_monotonic_us() + timeout_ms * 1000, bytes, len, err);
}

/* ---- reading a reply ---- */

const char *souk_client_copy_text(const struct souk_message *m, const char *key, char **at)
{
    const char *text = NULL, *copy = *at;
    size_t len = 0;
    if (!souk_message_text(m, key, SOUK_WIRE_BYTES_MAX, &text, &len) || !text)
        return NULL;
    memcpy(*at, text, len);
    (*at)[len] = '\0';
    *at += len + 1;
    return copy;
}

/* Nil, and what is absent, leave it as it is. */
static void read_number(const msgpack_object *map, const char *key, double *to)
{
    double value;
    if (souk_message_map_number(map, key, &value))
        *to = value;
}

static bool read_item(const msgpack_object *entry, struct souk_answer_item *item, char **at,
                      const char **source)
{
    const msgpack_object *id = souk_message_map_get(entry, "item_id");
    const msgpack_object *scores = souk_message_map_get(entry, "scores");
    double score = 0;
    if (!id || id->type != MSGPACK_OBJECT_STR || !souk_message_map_number(entry, "score", &score))
        return false;
    memcpy(*at, id->via.str.ptr, id->via.str.size);
    (*at)[id->via.str.size] = '\0';
    *item = (struct souk_answer_item){
        .id = *at, .score = (float)score, .confidence = NAN, .probability = NAN};
    read_number(entry, "confidence", &item->confidence);
    read_number(entry, "probability", &item->probability);
    *at += id->via.str.size + 1;
    if (!*source && scores && scores->type == MSGPACK_OBJECT_MAP && scores->via.map.size > 0 &&
        scores->via.map.ptr[0].key.type == MSGPACK_OBJECT_STR) {
        const msgpack_object_str *name = &scores->via.map.ptr[0].key.via.str;
        memcpy(*at, name->ptr, name->size);
        (*at)[name->size] = '\0';
        *source = *at;
        *at += name->size + 1;
    }
    return true;
}

static bool read_items(const struct souk_message *m, struct souk_answer *a, char **at)
{
    const msgpack_object *list = souk_message_get(m, "recommendations");
    if (!list)
        return true;
    if (list->type != MSGPACK_OBJECT_ARRAY)
        return false;
    a->items = souk_alloc_array(list->via.array.size, sizeof *a->items);
    for (uint32_t i = 0; i < list->via.array.size && a->items; i++, a->count++)
        if (!read_item(&list->via.array.ptr[i], &a->items[i], at, &a->source))
            return false;
    return a->items != NULL;
}

/* Texts are copied out of the reply: each is shorter than the reply, with room for its NUL. */
static souk_status read_answer(const void *bytes, size_t len, const char *id_key,
                               struct souk_answer *a, struct souk_error *err)
{
    struct souk_message m;
    char reason[128], *at;
    bool good;
    if (souk_message_parse(&m, bytes, len, reason, sizeof reason) != SOUK_WIRE_OK) {
        souk_message_fini(&m);
        return souk_fail(err, SOUK_EFORMAT, "the reply cannot be read: %s", reason);
    }
    a->memory = at = souk_alloc_array(2 * len + 64, 1);
    a->status = SOUK_WIRE_INTERNAL;
    good = at && souk_message_int(&m, "status", 0, INT32_MAX, &a->status) &&
           souk_message_int(&m, "took_us", 0, INT64_MAX, &a->took_us) &&
           souk_message_int(&m, "total_candidates_scored", 0, INT64_MAX,
                            &a->total_candidates_scored) &&
           souk_message_int(&m, "moment_ms", 0, INT64_MAX, &a->moment_ms) &&
           souk_message_bool(&m, "partial", &a->partial) &&
           souk_message_bool(&m, "degraded", &a->degraded) &&
           souk_message_bool(&m, "guaranteed", &a->guaranteed) && read_items(&m, a, &at);
    if (good) {
        a->error = souk_client_copy_text(&m, "error", &at);
        a->id = souk_client_copy_text(&m, id_key, &at);
        a->user_type = souk_client_copy_text(&m, "user_type", &at);
        a->model = souk_client_copy_text(&m, "model", &at);
        a->request_id = souk_client_copy_text(&m, "request_id", &at);
        souk_message_map_number(&m.unpacked.data, "coverage", &a->coverage);
    }
    souk_message_fini(&m);
    return good ? SOUK_OK : souk_fail(err, SOUK_EFORMAT, "the reply is not as the protocol says");
}

souk_status souk_client_status(int64_t found, const char *error, struct souk_error *err)
{
    const souk_status status = found == SOUK_WIRE_NOT_FOUND   ? SOUK_ENOTFOUND
                               : found == SOUK_WIRE_BAD_FIELD ? SOUK_EINVAL
                               : found == SOUK_WIRE_DEADLINE  ? SOUK_ETIMEDOUT
                                                              : SOUK_EUNAVAILABLE;
    if (found == SOUK_WIRE_OK)
        return SOUK_OK;
    return souk_fail(err, status, "%s: %s", souk_wire_status_name((int)found),
                     error ? error : "no reason was given");
}

static void write_events(struct souk_writer *w, const struct souk_query *q)
{
    souk_writer_key(w, "events");
    souk_writer_array(w, (size_t)q->event_count);
    for (int i = 0; i < q->event_count; i++) {
        const struct souk_context_event *e = &q->events[i];
        souk_writer_map(w, 3 + (e->ms > 0));
        souk_writer_put_string(w, "item", e->item);
        souk_writer_put_string(w, "type", e->type);
        souk_writer_put_real(w, "value", e->value);
        if (e->ms > 0)
            souk_writer_put_int(w, "ms", e->ms);
    }
}

static void write_items(struct souk_writer *w, const struct souk_query *q)
{
    souk_writer_key(w, "items");
    souk_writer_array(w, (size_t)q->item_count);
    for (int i = 0; i < q->item_count; i++)
        souk_writer_text(w, q->items[i], strlen(q->items[i]));
}

void souk_client_write_query(struct souk_client *c, int lane, const char *operation,
                             const char *id_key, const struct souk_query *q)
{
    struct souk_writer *w = &c->lane[lane].request;
    souk_writer_clear(w);
    souk_writer_map(w, 6 + (q->category != NULL) + (q->moment_ms > 0) + (q->event_count > 0) +
                           (q->min_confidence > 0) + (q->item_count > 0));
    souk_writer_put_int(w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(w, "op", operation);
    souk_writer_put_int(w, "deadline_ms", souk_client_timeout(q));
    souk_writer_put_string(w, id_key, q->id);
    souk_writer_put_int(w, "n", q->n);
    souk_writer_put_bool(w, "include_seen", q->include_seen);
    if (q->category)
        souk_writer_put_string(w, "category", q->category);
    if (q->min_confidence > 0)
        souk_writer_put_real(w, "min_confidence", q->min_confidence);
    if (q->moment_ms > 0)
        souk_writer_put_int(w, "moment_ms", q->moment_ms);
    if (q->event_count > 0)
        write_events(w, q);
    if (q->item_count > 0)
        write_items(w, q);
}

static souk_status query_list(struct souk_client *c, int lane, const char *operation,
                              const char *request_key, const char *reply_key,
                              const struct souk_query *q, struct souk_answer *a,
                              struct souk_error *err)
{
    const void *bytes = NULL;
    size_t len = 0;
    souk_status status;
    *a = (struct souk_answer){.items = NULL};
    souk_client_write_query(c, lane, operation, request_key, q);
    status = souk_client_call(c, lane, souk_client_timeout(q), &bytes, &len, err);
    if (!status)
        status = read_answer(bytes, len, reply_key, a, err);
    return status ? status : souk_client_status(a->status, a->error, err);
}

souk_status souk_client_recommend(struct souk_client *client, int lane,
                                  const struct souk_query *query, struct souk_answer *answer,
                                  struct souk_error *err)
{
    return query_list(client, lane, "recommend", "user", "user_id", query, answer, err);
}

souk_status souk_client_similar(struct souk_client *client, int lane,
                                const struct souk_query *query, struct souk_answer *answer,
                                struct souk_error *err)
{
    return query_list(client, lane, "similar", "item", "item_id", query, answer, err);
}

void souk_answer_fini(struct souk_answer *a)
{
    free(a->items);
    free(a->memory);
    *a = (struct souk_answer){.items = NULL};
}

/* ---- health ---- */

static json_t *to_json(const msgpack_object *o);

static json_t *map_to_json(const msgpack_object *o)
{
    json_t *json = json_object();
    for (uint32_t i = 0; i < o->via.map.size && json; i++) {
        const msgpack_object *key = &o->via.map.ptr[i].key;
        char name[64];
        if (key->type != MSGPACK_OBJECT_STR)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)key->via.str.size, key->via.str.ptr);
        json_object_set_new(json, name, to_json(&o->via.map.ptr[i].val));
    }
    return json;
}

static json_t *array_to_json(const msgpack_object *o)
{
    json_t *json = json_array();
    for (uint32_t i = 0; i < o->via.array.size && json; i++)
        json_array_append_new(json, to_json(&o->via.array.ptr[i]));
    return json;
}

/* The depth is bounded by souk_message_check(). */
static json_t *to_json(const msgpack_object *o)
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
    struct souk_writer *w = &c->lane[lane].request;
    struct souk_message m;
    char reason[128];
    const void *bytes = NULL;
    size_t len = 0;
    souk_status status;
    *json = NULL;
    souk_writer_clear(w);
    souk_writer_map(w, 2);
    souk_writer_put_int(w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(w, "op", "health");
    status = ask(c, &c->lane[lane], souk_monotonic_us() + timeout_ms * 1000, &bytes, &len, err);
    if (status)
        return status;
    if (souk_message_parse(&m, bytes, len, reason, sizeof reason) == SOUK_WIRE_OK) {
        json_t *tree = to_json(&m.unpacked.data);
        *json = json_dumps(tree, JSON_COMPACT);
        json_decref(tree);
    }
    souk_message_fini(&m);
    return *json ? SOUK_OK : souk_fail(err, SOUK_EFORMAT, "the reply cannot be read: %s", reason);
}
