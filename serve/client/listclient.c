/* Lists: recommend and similar. */
#include "serve/client/clientcall.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    const msgpack_object *metadata = souk_message_map_get(entry, "metadata");
    if (metadata && metadata->type == MSGPACK_OBJECT_MAP) {
        json_t *json = souk_client_json(metadata);
        item->metadata = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
        json_decref(json);
    }
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
    for (uint32_t i = 0; i < list->via.array.size && a->items; i++) {
        if (!read_item(&list->via.array.ptr[i], &a->items[i], at, &a->source))
            return false;
        a->count++;
    }
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
    a->age_ms = -1;
    good = at && souk_message_int(&m, "status", 0, INT32_MAX, &a->status) &&
           souk_message_int(&m, "took_us", 0, INT64_MAX, &a->took_us) &&
           souk_message_int(&m, "total_candidates_scored", 0, INT64_MAX,
                            &a->total_candidates_scored) &&
           souk_message_int(&m, "moment_ms", 0, INT64_MAX, &a->moment_ms) &&
           souk_message_int(&m, "age_ms", 0, INT64_MAX, &a->age_ms) &&
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
    const souk_status status = found == SOUK_WIRE_NOT_FOUND      ? SOUK_ENOTFOUND
                               : found == SOUK_WIRE_BAD_FIELD    ? SOUK_EINVAL
                               : found == SOUK_WIRE_UNAUTHORIZED ? SOUK_EINVAL
                               : found == SOUK_WIRE_FORBIDDEN    ? SOUK_EINVAL
                               : found == SOUK_WIRE_DEADLINE     ? SOUK_ETIMEDOUT
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

static void write_texts(struct souk_writer *w, const char *key, const char *const *texts, int count)
{
    souk_writer_key(w, key);
    souk_writer_array(w, (size_t)count);
    for (int i = 0; i < count; i++)
        souk_writer_text(w, texts[i], strlen(texts[i]));
}

/* @param filters with what only filters have */
static void write_narrow(struct souk_writer *w, const char *key, const struct souk_narrow *n,
                         bool filters)
{
    souk_writer_key(w, key);
    souk_writer_map(w, 1 + !isnan(n->price_min) + !isnan(n->price_max) + (filters ? 2 : 0));
    write_texts(w, "categories", n->categories, n->category_count);
    if (!isnan(n->price_min))
        souk_writer_put_real(w, "price_min", n->price_min);
    if (!isnan(n->price_max))
        souk_writer_put_real(w, "price_max", n->price_max);
    if (filters) {
        souk_writer_put_bool(w, "available", n->available);
        write_texts(w, "exclude", n->exclude, n->exclude_count);
    }
}

void souk_client_write_query(struct souk_client *c, int lane, const char *operation,
                             const char *id_key, const struct souk_query *q)
{
    struct souk_writer *w =
        souk_client_begin(c, lane, operation,
                          3 + (q->category != NULL) + (q->moment_ms > 0) + (q->event_count > 0) +
                              (q->min_confidence > 0) + (q->item_count > 0) + (q->filters != NULL) +
                              (q->preferences != NULL) + q->include_metadata);
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
        write_texts(w, "items", q->items, q->item_count);
    if (q->filters)
        write_narrow(w, "filters", q->filters, true);
    if (q->preferences)
        write_narrow(w, "preferences", q->preferences, false);
    if (q->include_metadata)
        souk_writer_put_bool(w, "include_metadata", true);
}

/* ---- asking ---- */

static souk_status query_list(struct souk_client *c, int lane, const char *operation,
                              const char *request_key, const char *reply_key,
                              const struct souk_query *q, struct souk_answer *a,
                              struct souk_error *err)
{
    const struct souk_client_terms terms = souk_client_terms_of(q);
    const void *bytes = NULL;
    size_t len = 0;
    souk_status status;
    *a = (struct souk_answer){.items = NULL};
    souk_client_write_query(c, lane, operation, request_key, q);
    status = souk_client_call(c, lane, &terms, &bytes, &len, err);
    if (!status)
        status = read_answer(bytes, len, reply_key, a, err);
    return status ? status : souk_client_status(a->status, a->error, err);
}

static void end_listing(void *context, souk_status status, const void *bytes, size_t len,
                        const struct souk_error *err)
{
    const struct souk_client_listing l = *(const struct souk_client_listing *)context;
    struct souk_answer answer = {.items = NULL};
    struct souk_error own = *err;
    if (!status)
        status = read_answer(bytes, len, l.reply_key, &answer, &own);
    if (!status)
        status = souk_client_status(answer.status, answer.error, &own);
    l.answered(l.context, status, &answer, &own);
    souk_answer_fini(&answer);
}

void souk_client_recommend_begin(struct souk_client *client, int lane,
                                 const struct souk_query *query, souk_client_answered *answered,
                                 void *context)
{
    const struct souk_client_terms terms = souk_client_terms_of(query);
    struct souk_client_listing *listing = souk_client_listing(client, lane);
    *listing = (struct souk_client_listing){
        .reply_key = "user_id", .answered = answered, .context = context};
    souk_client_write_query(client, lane, "recommend", "user", query);
    souk_client_start(client, lane, &terms, end_listing, listing);
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
    for (int i = 0; i < a->count; i++)
        free((char *)a->items[i].metadata);
    free(a->items);
    free(a->memory);
    *a = (struct souk_answer){.items = NULL};
}
