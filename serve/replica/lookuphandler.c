#include "serve/replica/lookuphandler.h"

#include "serve/replica/replicafields.h"
#include "shared/model/weighing.h"
#include "shared/wire/eventfields.h"

#include <string.h>

enum {
    UNKNOWN_TYPE = 255,
    GRAM_BYTES = 4 << 20, /* of a reply, which may have 8 MiB */
    MARGIN_BYTES = 1024,  /* for heads of fields */
};

/* ---- resolve ---- */

struct lookup {
    const msgpack_object *items, *types;
    size_t item_count, type_count;
    const char *rows; /* [row_count] int64, unaligned */
    int64_t row_count;
    bool vectors, categories;
};

static bool take_lookup(const struct souk_request *request, struct lookup *l)
{
    const struct souk_message *m = &request->message;
    const void *rows = NULL;
    *l = (struct lookup){.items = NULL};
    if (!souk_message_texts(m, "items", SOUK_WIRE_CONTEXT_MAX, SOUK_ID_MAX_BYTES, &l->items,
                            &l->item_count) ||
        !souk_message_texts(m, "types", SOUK_WIRE_CONTEXT_MAX, SOUK_ID_MAX_BYTES, &l->types,
                            &l->type_count) ||
        !souk_message_array(m, "rows", sizeof(int64_t), &rows, &l->row_count) ||
        !souk_message_bool(m, "vectors", &l->vectors) ||
        !souk_message_bool(m, "categories", &l->categories))
        return false;
    l->rows = rows;
    return true;
}

/* An item of the shard: its place within a part. */
struct place {
    const struct souk_model_part *part; /* NULL: not of this shard */
    int64_t item;
};

static struct place place_of_id(const struct souk_replica *r, const msgpack_object *text)
{
    int64_t item;
    int index;
    if (!souk_replica_find_item(r, text->via.str.ptr, text->via.str.size, &index, &item))
        return (struct place){.part = NULL};
    return (struct place){.part = &r->shard->parts[index], .item = item};
}

static struct place place_of_row(const struct souk_replica *r, const char *rows, int64_t at)
{
    const int64_t *const first = r->model->item_first;
    int64_t row;
    memcpy(&row, rows + (size_t)at * sizeof row, sizeof row);
    for (int k = 0; k < r->shard->part_count; k++) {
        const struct souk_model_part *part = &r->shard->parts[k];
        if (row >= first[part->part] && row < first[part->part + 1])
            return (struct place){.part = part, .item = row - first[part->part]};
    }
    return (struct place){.part = NULL};
}

/* Place number `at` of what is asked for: first ids, then rows. */
static struct place place_at(const struct souk_replica *r, const struct lookup *l, int64_t at)
{
    const int64_t ids = (int64_t)l->item_count;
    return at < ids ? place_of_id(r, &l->items[at]) : place_of_row(r, l->rows, at - ids);
}

static int64_t row_of(const struct souk_replica *r, const struct place *p)
{
    return r->model->item_first[p->part->part] + p->item;
}

static void put_rows(const struct souk_replica *r, const struct lookup *l,
                     struct souk_writer *reply)
{
    souk_writer_begin_binary(reply, "rows", l->item_count * sizeof(int64_t));
    for (size_t i = 0; i < l->item_count; i++) {
        const struct place p = place_of_id(r, &l->items[i]);
        const int64_t row = p.part ? row_of(r, &p) : -1;
        souk_writer_append_binary(reply, &row, sizeof row);
    }
}

/* The types as the model numbers them. */
static uint8_t number_of_type(const struct souk_model *m, const char *name, size_t len)
{
    const bool staged = m->stages.source_count > 0;
    const struct souk_event_type *types = staged ? m->stages.types : m->weighing.types;
    const int count = staged ? m->stages.type_count : m->weighing.type_count;
    for (int t = 0; t < count; t++)
        if (strlen(types[t].name) == len && memcmp(types[t].name, name, len) == 0)
            return (uint8_t)t;
    return UNKNOWN_TYPE;
}

static void put_types(const struct souk_replica *r, const struct lookup *l,
                      struct souk_writer *reply)
{
    souk_writer_begin_binary(reply, "types", l->type_count);
    for (size_t i = 0; i < l->type_count; i++) {
        const uint8_t type =
            number_of_type(r->model, l->types[i].via.str.ptr, l->types[i].via.str.size);
        souk_writer_append_binary(reply, &type, sizeof type);
    }
}

/* The rows and factors of what is here. @return false: they do not fit in a message */
static bool put_vectors(const struct souk_replica *r, const struct lookup *l,
                        struct souk_writer *reply)
{
    const int64_t count = (int64_t)l->item_count + l->row_count;
    const size_t bytes = (size_t)souk_factor_stride(r->model->factors) * sizeof(float);
    size_t here = 0;
    for (int64_t at = 0; at < count; at++)
        here += place_at(r, l, at).part != NULL;
    if (reply->buffer.size + here * (bytes + sizeof(int64_t)) > SOUK_WIRE_BYTES_MAX - MARGIN_BYTES)
        return false;
    souk_writer_begin_binary(reply, "vector_rows", here * sizeof(int64_t));
    for (int64_t at = 0; at < count; at++) {
        const struct place p = place_at(r, l, at);
        if (p.part)
            souk_writer_append_binary(reply, &(int64_t){row_of(r, &p)}, sizeof(int64_t));
    }
    souk_writer_begin_binary(reply, "vectors", here * bytes);
    for (int64_t at = 0; at < count; at++) {
        const struct place p = place_at(r, l, at);
        if (p.part && bytes > 0)
            souk_writer_append_binary(
                reply, p.part->item_factors + (size_t)p.item * (size_t)p.part->stride, bytes);
    }
    return true;
}

static void put_categories(const struct souk_replica *r, const struct lookup *l,
                           struct souk_writer *reply)
{
    const int64_t count = (int64_t)l->item_count + l->row_count;
    souk_writer_begin_binary(reply, "categories", (size_t)count * sizeof(int32_t));
    for (int64_t at = 0; at < count; at++) {
        const struct place p = place_at(r, l, at);
        const int32_t category = p.part && p.part->category ? p.part->category[p.item] : -1;
        souk_writer_append_binary(reply, &category, sizeof category);
    }
}

static void answer_resolve(const struct souk_replica *r, const struct souk_request *request,
                           struct souk_writer *reply)
{
    struct lookup l;
    if (!take_lookup(request, &l)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'items' and 'types' must be lists of at most %d texts, 'rows' int64, "
                         "'vectors' and 'categories' bool",
                         SOUK_WIRE_CONTEXT_MAX);
        return;
    }
    const bool sorted = l.categories && r->model->categories.ids.count > 0;
    souk_reply_begin(reply, request, r->model->id, 2 + (l.vectors ? 2 : 0) + sorted);
    put_rows(r, &l, reply);
    put_types(r, &l, reply);
    if (sorted)
        put_categories(r, &l, reply);
    if (l.vectors && !put_vectors(r, &l, reply))
        souk_reply_error(reply, request, SOUK_WIRE_TOO_LARGE,
                         "the vectors of so many items do not fit in a message");
}

/* ---- rules ---- */

static void put_weighing(const struct souk_model_weighing *w, struct souk_writer *reply)
{
    souk_writer_put_string(reply, "weighting", souk_weighting_name(w->weighting));
    souk_writer_key(reply, "types");
    souk_writer_array(reply, (size_t)w->type_count);
    for (int t = 0; t < w->type_count; t++) {
        souk_writer_map(reply, 3);
        souk_writer_put_string(reply, "name", w->types[t].name);
        souk_writer_put_real(reply, "weight", w->types[t].weight);
        souk_writer_put_bool(reply, "target", w->types[t].is_target);
    }
}

/* An older two-stage model has its types, without saying what became of them. */
static struct souk_model_weighing weighing_of(const struct souk_model *m)
{
    struct souk_model_weighing w = m->weighing;
    if (w.type_count == 0 && m->stages.source_count > 0) {
        w.type_count = m->stages.type_count;
        memcpy(w.types, m->stages.types, sizeof w.types);
    }
    return w;
}

/* The shares from the shard's part number `from` on: as many as a reply takes. */
static void put_gram(const struct souk_replica *r, int from, struct souk_writer *reply)
{
    const size_t bytes = (size_t)r->gram.size * sizeof *r->gram.shares;
    const int left =
        r->gram.size > 0 && from < r->shard->part_count ? r->shard->part_count - from : 0;
    const int fit = bytes > 0 && bytes < GRAM_BYTES ? (int)(GRAM_BYTES / bytes) : 1;
    const int count = left < fit ? left : fit;
    souk_writer_put_int(reply, "part_count", r->gram.size > 0 ? r->shard->part_count : 0);
    souk_writer_put_binary(reply, "gram", count > 0 ? r->gram.shares + from * r->gram.size : NULL,
                           (size_t)count * bytes);
}

static void answer_rules(const struct souk_replica *r, const struct souk_request *request,
                         struct souk_writer *reply)
{
    const char *parameters = r->model->parameters_json ? r->model->parameters_json : "{}";
    const struct souk_model_weighing weighing = weighing_of(r->model);
    int64_t from = 0;
    if (!souk_message_int(&request->message, "from", 0, SOUK_PARTS_MAX, &from)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'from' must be the number of a part within the shard");
        return;
    }
    souk_reply_begin(reply, request, r->model->id, 7);
    souk_writer_put_int(reply, "factors", r->model->factors);
    souk_writer_put_int(reply, "neighbours", r->model->neighbours);
    souk_writer_put_string(reply, "parameters", parameters);
    put_weighing(&weighing, reply);
    put_gram(r, (int)from, reply);
}

bool souk_replica_handle_lookups(const struct souk_replica *r, const struct souk_request *request,
                                 struct souk_writer *reply)
{
    if (souk_request_is(request, "resolve"))
        answer_resolve(r, request, reply);
    else if (souk_request_is(request, "rules"))
        answer_rules(r, request, reply);
    else
        return false;
    return true;
}
