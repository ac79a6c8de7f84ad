#include "serve/client/clientcall.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A map's text at *at, which has room for all texts of the reply. @return false: there is none */
static bool copy_member(const msgpack_object *map, const char *key, const char **to, char **at)
{
    const struct souk_message m = {.unpacked = {.data = *map}};
    *to = souk_client_copy_text(&m, key, at);
    return *to != NULL;
}

static bool read_share(const msgpack_object *entry, struct souk_share *s, char **at)
{
    double value = (double)NAN;
    if (!copy_member(entry, "name", &s->name, at) ||
        !souk_message_map_number(entry, "contribution", &s->contribution))
        return false;
    const msgpack_object *const found = souk_message_map_get(entry, "value");
    if (!found ||
        (found->type != MSGPACK_OBJECT_NIL && !souk_message_map_number(entry, "value", &value)))
        return false;
    s->value = (float)value;
    return true;
}

static bool read_explanation(const msgpack_object *entry, struct souk_explanation *e, char **at)
{
    const struct souk_message m = {.unpacked = {.data = *entry}};
    const msgpack_object *const list = souk_message_map_get(entry, "features");
    double score = 0;
    if (!copy_member(entry, "item_id", &e->item, at) ||
        !souk_message_bool(&m, "candidate", &e->candidate) ||
        !souk_message_map_number(entry, "score", &score) ||
        !souk_message_map_number(entry, "forest", &e->forest) ||
        !souk_message_map_number(entry, "base", &e->base) || !list ||
        list->type != MSGPACK_OBJECT_ARRAY)
        return false;
    e->score = (float)score;
    e->features = souk_zalloc_array(list->via.array.size, sizeof *e->features);
    for (uint32_t f = 0; e->features && f < list->via.array.size; f++, e->count++)
        if (!read_share(&list->via.array.ptr[f], &e->features[f], at))
            return false;
    return e->features != NULL;
}

static bool read_explanations(const struct souk_message *m, struct souk_explained *x, char **at)
{
    const msgpack_object *const list = souk_message_get(m, "explanations");
    if (!list)
        return true;
    if (list->type != MSGPACK_OBJECT_ARRAY)
        return false;
    x->items = souk_zalloc_array(list->via.array.size, sizeof *x->items);
    for (uint32_t i = 0; x->items && i < list->via.array.size; i++)
        if (!read_explanation(&list->via.array.ptr[i], &x->items[x->count++], at))
            return false;
    return x->items != NULL;
}

/* Texts are copied out of the reply: a NUL behind each takes no more than its head there. */
static souk_status read_reply(const void *bytes, size_t len, struct souk_explained *x,
                              struct souk_error *err)
{
    struct souk_message m;
    char reason[128], *at;
    if (souk_message_parse(&m, bytes, len, reason, sizeof reason) != SOUK_WIRE_OK) {
        souk_message_fini(&m);
        return souk_fail(err, SOUK_EFORMAT, "the reply cannot be read: %s", reason);
    }
    x->memory = at = souk_alloc_array(len + 64, 1);
    x->status = SOUK_WIRE_INTERNAL;
    bool good = at && souk_message_int(&m, "status", 0, INT32_MAX, &x->status) &&
                souk_message_int(&m, "took_us", 0, INT64_MAX, &x->took_us) &&
                souk_message_int(&m, "moment_ms", 0, INT64_MAX, &x->moment_ms) &&
                souk_message_bool(&m, "partial", &x->partial) &&
                souk_message_bool(&m, "degraded", &x->degraded) && read_explanations(&m, x, &at);
    if (good) {
        x->error = souk_client_copy_text(&m, "error", &at);
        x->user_type = souk_client_copy_text(&m, "user_type", &at);
        x->model = souk_client_copy_text(&m, "model", &at);
    }
    if (good && x->count > 0)
        good = souk_message_map_number(&m.unpacked.data, "expectation", &x->expectation) &&
               souk_message_map_number(&m.unpacked.data, "blend", &x->blend);
    souk_message_fini(&m);
    return good ? SOUK_OK : souk_fail(err, SOUK_EFORMAT, "the reply is not as the protocol says");
}

souk_status souk_client_explain(struct souk_client *client, int lane,
                                const struct souk_query *query, struct souk_explained *explained,
                                struct souk_error *err)
{
    const struct souk_client_terms terms = souk_client_terms_of(query);
    const void *bytes = NULL;
    size_t len = 0;
    *explained = (struct souk_explained){.items = NULL};
    souk_client_write_query(client, lane, "explain", "user", query);
    souk_status status = souk_client_call(client, lane, &terms, &bytes, &len, err);
    if (!status)
        status = read_reply(bytes, len, explained, err);
    return status ? status : souk_client_status(explained->status, explained->error, err);
}

void souk_explained_fini(struct souk_explained *x)
{
    for (int i = 0; x->items && i < x->count; i++)
        free(x->items[i].features);
    free(x->items);
    free(x->memory);
    *x = (struct souk_explained){.items = NULL};
}
