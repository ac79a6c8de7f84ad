#include "serve/replica/describe.h"

#include <math.h>
#include <string.h>

static const char CATEGORY[] = "category";

static bool has_value(const struct souk_attribute *a, int64_t item)
{
    size_t len;
    return a->type == SOUK_ATTRIBUTE_NUMBER ? !isnan(a->numbers[item])
                                            : souk_attribute_text(a, item, &len) != NULL;
}

/* The category of the tree, unless the catalogue has a column of that name. */
static const char *category_of(const struct souk_replica *r, const struct souk_model_part *part,
                               int64_t item)
{
    const int32_t category = part->category ? part->category[item] : -1;
    for (int a = 0; a < part->attributes.count; a++)
        if (strcmp(part->attributes.of[a].name, CATEGORY) == 0)
            return NULL;
    return category < 0 ? NULL : souk_idtable_get(&r->model->categories.ids, category);
}

static void put_value(struct souk_writer *w, const struct souk_attribute *a, int64_t item)
{
    size_t len;
    if (a->type == SOUK_ATTRIBUTE_NUMBER)
        souk_writer_put_real(w, a->name, a->numbers[item]);
    else {
        const char *text = souk_attribute_text(a, item, &len);
        souk_writer_put_text(w, a->name, text, len);
    }
}

static void put_item(const struct souk_replica *r, const struct souk_model_part *part, int64_t item,
                     struct souk_writer *w)
{
    const struct souk_attributes *all = &part->attributes;
    const char *category = category_of(r, part, item);
    size_t count = category != NULL;
    for (int a = 0; a < all->count; a++)
        count += has_value(&all->of[a], item);
    souk_writer_map(w, count);
    if (category)
        souk_writer_put_string(w, CATEGORY, category);
    for (int a = 0; a < all->count; a++)
        if (has_value(&all->of[a], item))
            put_value(w, &all->of[a], item);
}

void souk_replica_describe(const struct souk_replica *r, const struct souk_request *request,
                           struct souk_writer *reply)
{
    const msgpack_object *items = NULL;
    size_t count = 0, here = 0;
    if (!souk_message_texts(&request->message, "items", SOUK_WIRE_LIST_MAX, SOUK_ID_MAX_BYTES,
                            &items, &count)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'items' must be a list of at most %d ids", SOUK_WIRE_LIST_MAX);
        return;
    }
    for (size_t i = 0; i < count; i++)
        here += souk_shard_part_of(r->shard, items[i].via.str.ptr, items[i].via.str.size) != NULL;
    souk_reply_begin(reply, request, r->model->id, 1);
    souk_writer_key(reply, "metadata");
    souk_writer_array(reply, here);
    for (size_t i = 0; i < count; i++) {
        const char *id = items[i].via.str.ptr;
        const struct souk_model_part *part =
            souk_shard_part_of(r->shard, id, items[i].via.str.size);
        if (!part)
            continue;
        const int64_t item = souk_idtable_find(&part->items, id, items[i].via.str.size);
        if (item < 0)
            souk_writer_map(reply, 0);
        else
            put_item(r, part, item, reply);
    }
}
