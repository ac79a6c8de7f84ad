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

void souk_replica_put_hits(struct souk_writer *reply, const struct souk_topk *list)
{
    souk_writer_key(reply, "hits");
    souk_writer_array(reply, 2 * (size_t)list->count);
    for (int i = 0; i < list->count; i++) {
        souk_writer_text(reply, list->hits[i].id, strlen(list->hits[i].id));
        souk_writer_float(reply, list->hits[i].score);
    }
}
