#include "serve/proxy/merge.h"

#include "shared/base/memory.h"
#include "shared/data/idtable.h"

#include <stdlib.h>
#include <string.h>

souk_status souk_merge_init(struct souk_merge *m)
{
    *m = (struct souk_merge){.text = NULL};
    return souk_topk_init(&m->best, SOUK_WIRE_LIST_MAX);
}

void souk_merge_fini(struct souk_merge *m)
{
    souk_topk_fini(&m->best);
    free(m->text);
    *m = (struct souk_merge){0};
}

souk_status souk_merge_start(struct souk_merge *m, int n, int shards)
{
    const size_t need = (size_t)n * (size_t)shards * (SOUK_ID_MAX_BYTES + 1);
    if (need > m->text_size) {
        char *grown = realloc(m->text, need);
        if (!grown)
            return SOUK_ENOMEM;
        m->text = grown;
        m->text_size = need;
    }
    m->text_used = 0;
    m->best.capacity = n;
    souk_topk_clear(&m->best);
    return SOUK_OK;
}

static bool add_hit(struct souk_merge *m, const msgpack_object *id, const msgpack_object *score)
{
    if (id->type != MSGPACK_OBJECT_STR || id->via.str.size > SOUK_ID_MAX_BYTES ||
        (score->type != MSGPACK_OBJECT_FLOAT32 && score->type != MSGPACK_OBJECT_FLOAT64) ||
        m->text_used + id->via.str.size + 1 > m->text_size)
        return false;
    char *text = m->text + m->text_used;
    memcpy(text, id->via.str.ptr, id->via.str.size);
    text[id->via.str.size] = '\0';
    m->text_used += id->via.str.size + 1;
    souk_topk_offer(&m->best, &(struct souk_hit){.score = (float)score->via.f64, .id = text});
    return true;
}

bool souk_merge_add(struct souk_merge *m, const struct souk_message *reply)
{
    const msgpack_object *hits = souk_message_get(reply, "hits");
    if (!hits || hits->type != MSGPACK_OBJECT_ARRAY || hits->via.array.size % 2 != 0)
        return false;
    for (uint32_t i = 0; i < hits->via.array.size; i += 2)
        if (!add_hit(m, &hits->via.array.ptr[i], &hits->via.array.ptr[i + 1]))
            return false;
    return true;
}

const struct souk_topk *souk_merge_finish(struct souk_merge *m)
{
    souk_topk_sort(&m->best);
    return &m->best;
}
