#include "serve/proxy/metadata.h"

#include <string.h>

static int shard_of(const struct souk_job *j, const char *id)
{
    return souk_job_home(j, id, strlen(id));
}

static const msgpack_object *maps_of(const struct souk_job *j, int shard)
{
    const struct souk_message *m = souk_job_answer(j, shard);
    const msgpack_object *maps = m ? souk_message_get(m, "metadata") : NULL;
    return maps && maps->type == MSGPACK_OBJECT_ARRAY ? maps : NULL;
}

/* What answers must be like, lest one item is described as another: as many maps as items. */
static void check_answers(struct souk_job *j, const struct souk_topk *list)
{
    int64_t *const items = j->space->described;
    memset(items, 0, (size_t)souk_topology_shards(j->topology) * sizeof *items);
    for (int i = 0; i < list->count; i++)
        items[shard_of(j, list->hits[i].id)]++;
    for (int s = 0; s < souk_topology_shards(j->topology); s++) {
        const msgpack_object *maps = items[s] > 0 ? maps_of(j, s) : NULL;
        bool good = maps && maps->via.array.size == items[s];
        for (int64_t i = 0; i < items[s] && good; i++)
            good = maps->via.array.ptr[i].type == MSGPACK_OBJECT_MAP &&
                   maps->via.array.ptr[i].via.map.size <= SOUK_WIRE_METADATA_MAX;
        if (items[s] > 0 && !good)
            souk_job_miss(j, s);
        items[s] = 0;
    }
}

bool souk_job_describe(struct souk_job *j)
{
    const struct souk_topk *list = &j->space->merge.best;
    struct souk_writer *w = &j->space->question;
    bool *const wanted = j->space->wanted;
    if (!j->include_metadata || list->count == 0)
        return true;
    souk_job_start_question(j, "describe", 1);
    souk_writer_key(w, "items");
    souk_writer_array(w, (size_t)list->count);
    for (int s = 0; s < souk_topology_shards(j->topology); s++)
        wanted[s] = false;
    for (int i = 0; i < list->count; i++) {
        souk_writer_text(w, list->hits[i].id, strlen(list->hits[i].id));
        wanted[shard_of(j, list->hits[i].id)] = true;
    }
    if (!souk_job_ask_wanted(j, SOUK_ROUND_LAST))
        return false;
    check_answers(j, list);
    return true;
}

const msgpack_object *souk_job_next_metadata(struct souk_job *j, const char *id)
{
    if (!j->include_metadata)
        return NULL;
    const int shard = shard_of(j, id);
    const msgpack_object *maps = maps_of(j, shard);
    const msgpack_object *map = maps ? &maps->via.array.ptr[j->space->described[shard]++] : NULL;
    return map && map->via.map.size > 0 ? map : NULL;
}
