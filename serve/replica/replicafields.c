#include "serve/replica/replicafields.h"

#include <string.h>

bool souk_replica_category(const struct souk_replica *r, const struct souk_request *request,
                           int32_t *category, bool *unknown)
{
    const char *name = NULL;
    size_t len = 0;
    *unknown = false;
    *category = -1;
    if (!souk_message_text(&request->message, "category", SOUK_ID_MAX_BYTES, &name, &len))
        return false;
    if (!name)
        return true;
    *category = (int32_t)souk_idtable_find(&r->model->categories.ids, name, len);
    *unknown = *category < 0;
    return true;
}

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
