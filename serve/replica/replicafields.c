#include "serve/replica/replicafields.h"

#include "shared/base/memory.h"
#include "shared/wire/filterfields.h"

#include <stdlib.h>
#include <string.h>

/* ---- narrowing ---- */

bool souk_replica_find_item(const struct souk_replica *r, const char *id, size_t len, int *index,
                            int64_t *item)
{
    const struct souk_model_part *part = souk_shard_part_of(r->shard, id, len);
    if (!part)
        return false;
    *index = (int)(part - r->shard->parts);
    *item = souk_idtable_find(&part->items, id, len);
    return *item >= 0;
}

static int32_t category_of(const struct souk_replica *r, const char *id, size_t len)
{
    return (int32_t)souk_idtable_find(&r->model->categories.ids, id, len);
}

/* Indices of the categories of a list. @return NULL: no memory; free with free() */
static int32_t *categories_of(const struct souk_replica *r, const struct souk_filter_fields *f)
{
    int32_t *found = souk_alloc_array(f->category_count + 1, sizeof *found);
    for (size_t i = 0; i < f->category_count && found; i++)
        found[i] = category_of(r, f->categories[i].via.str.ptr, f->categories[i].via.str.size);
    return found;
}

/* The rows of what must not come, as far as it is here. */
static souk_status exclude(const struct souk_replica *r, const struct souk_filter_fields *f,
                           struct souk_item_filter *to)
{
    int64_t *rows, count = 0, item;
    int index;
    if (f->exclude_count == 0)
        return SOUK_OK;
    rows = souk_alloc_array(f->exclude_count, sizeof *rows);
    if (!rows)
        return SOUK_ENOMEM;
    for (size_t i = 0; i < f->exclude_count; i++)
        if (souk_replica_find_item(r, f->exclude[i].via.str.ptr, f->exclude[i].via.str.size, &index,
                                   &item))
            rows[count++] = r->model->item_first[r->shard->parts[index].part] + item;
    souk_item_filter_exclude(to, rows, count);
    return SOUK_OK;
}

static souk_status take_filters(const struct souk_replica *r, const struct souk_filter_fields *f,
                                struct souk_item_filter *to)
{
    souk_status status = SOUK_OK;
    to->by_price = f->has_price;
    to->price_min = f->price_min;
    to->price_max = f->price_max;
    to->available = f->available;
    if (f->category_count > 0) {
        int32_t *under = categories_of(r, f);
        status = under ? souk_item_filter_by_category(to, &r->model->categories, under,
                                                      (int64_t)f->category_count)
                       : SOUK_ENOMEM;
        free(under);
    }
    return status ? status : exclude(r, f, to);
}

static souk_status take_preferences(const struct souk_replica *r,
                                    const struct souk_filter_fields *f, struct souk_narrowing *to)
{
    souk_status status;
    int32_t *preferred;
    if (!f->map)
        return SOUK_OK;
    preferred = categories_of(r, f);
    status = preferred ? souk_liking_init(&to->liking, &r->model->categories, preferred,
                                          (int64_t)f->category_count, f->price_min, f->price_max)
                       : SOUK_ENOMEM;
    to->is_liked = status == SOUK_OK;
    free(preferred);
    return status;
}

bool souk_replica_take_narrowing(const struct souk_replica *r, const struct souk_request *request,
                                 struct souk_narrowing *out, struct souk_writer *reply)
{
    const struct souk_message *m = &request->message;
    struct souk_filter_fields filters, preferences;
    const char *name = NULL, *key = "filters", *reason;
    size_t len = 0;
    souk_status status = SOUK_OK;
    *out = (struct souk_narrowing){.is_liked = false};
    souk_item_filter_init(&out->filter);
    reason = souk_filter_fields_read(m, key, &filters);
    if (!reason)
        reason = souk_filter_fields_read(m, key = "preferences", &preferences);
    if (!reason && !souk_message_text(m, key = "category", SOUK_ID_MAX_BYTES, &name, &len))
        reason = "is not an id";
    if (reason) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD, "'%s' %s", key, reason);
        return false;
    }
    if (name)
        status = souk_item_filter_by_category(&out->filter, &r->model->categories,
                                              &(int32_t){category_of(r, name, len)}, 1);
    if (!status)
        status = take_filters(r, &filters, &out->filter);
    if (!status)
        status = take_preferences(r, &preferences, out);
    if (status)
        souk_reply_error(reply, request, SOUK_WIRE_INTERNAL, "no memory");
    return status == SOUK_OK;
}

void souk_narrowing_fini(struct souk_narrowing *n)
{
    souk_item_filter_fini(&n->filter);
    souk_liking_fini(&n->liking);
}

const struct souk_item_filter *souk_narrowing_filter(const struct souk_narrowing *n)
{
    return souk_item_filter_is_open(&n->filter) ? NULL : &n->filter;
}

const struct souk_liking *souk_narrowing_liking(const struct souk_narrowing *n)
{
    return n->is_liked ? &n->liking : NULL;
}

/* ---- hits ---- */

size_t souk_replica_hit_fields(bool calibrated)
{
    return calibrated ? 4 : 1;
}

const struct souk_confidence *souk_replica_confidence(const struct souk_replica *r)
{
    return r->stages && r->model->stages.confidence_text ? &r->stages->ranker.confidence : NULL;
}

/* What each score is worth: two arrays beside the hits. */
static void put_confidence(struct souk_writer *reply, const struct souk_topk *list,
                           const struct souk_confidence *c, enum souk_audience audience)
{
    const size_t bytes = (size_t)list->count * sizeof(double);
    souk_writer_put_int(reply, "calibrated", c->conformal[audience].count);
    souk_writer_begin_binary(reply, "confidence", bytes);
    for (int i = 0; i < list->count; i++) {
        const double value = souk_confidence_of(c, audience, (double)list->hits[i].score);
        souk_writer_append_binary(reply, &value, sizeof value);
    }
    souk_writer_begin_binary(reply, "probability", bytes);
    for (int i = 0; i < list->count; i++) {
        const double value = souk_confidence_probability(c, audience, (double)list->hits[i].score);
        souk_writer_append_binary(reply, &value, sizeof value);
    }
}

void souk_replica_put_hits(struct souk_writer *reply, const struct souk_topk *list,
                           const struct souk_confidence *confidence, enum souk_audience audience)
{
    souk_writer_key(reply, "hits");
    souk_writer_array(reply, 2 * (size_t)list->count);
    for (int i = 0; i < list->count; i++) {
        souk_writer_text(reply, list->hits[i].id, strlen(list->hits[i].id));
        souk_writer_float(reply, list->hits[i].score);
    }
    if (confidence)
        put_confidence(reply, list, confidence, audience);
}
