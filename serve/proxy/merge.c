#include "serve/proxy/merge.h"

#include "shared/base/memory.h"
#include "shared/data/idtable.h"

#include <math.h>
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
    free(m->sure);
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
    m->sure_count = 0;
    m->calibrated = -1;
    m->best.capacity = n;
    souk_topk_clear(&m->best);
    return souk_grow(&m->sure, &m->sure_room, (size_t)n * (size_t)shards, SIZE_MAX / 64,
                     sizeof *m->sure);
}

static bool add_hit(struct souk_merge *m, const msgpack_object *id, const msgpack_object *score,
                    struct souk_sure sure)
{
    if (id->type != MSGPACK_OBJECT_STR || id->via.str.size > SOUK_ID_MAX_BYTES ||
        (score->type != MSGPACK_OBJECT_FLOAT32 && score->type != MSGPACK_OBJECT_FLOAT64) ||
        m->text_used + id->via.str.size + 1 > m->text_size ||
        m->sure_count >= (int64_t)m->sure_room)
        return false;
    char *text = m->text + m->text_used;
    memcpy(text, id->via.str.ptr, id->via.str.size);
    text[id->via.str.size] = '\0';
    m->text_used += id->via.str.size + 1;
    m->sure[m->sure_count] = sure;
    const struct souk_hit hit = {
        .score = (float)score->via.f64, .item = m->sure_count++, .id = text};
    souk_topk_offer(&m->best, &hit);
    return true;
}

/* What a reply says of its hits; NULL: nothing. */
struct said {
    const char *confidence, *probability; /* float64 [hits] */
};

static bool read_said(struct souk_merge *m, const struct souk_message *reply, int64_t hits,
                      struct said *said)
{
    const void *confidence = NULL, *probability = NULL;
    int64_t calibrated = -1, confidences = 0, probabilities = 0;
    if (!souk_message_int(reply, "calibrated", 0, INT64_MAX, &calibrated) ||
        !souk_message_array(reply, "confidence", sizeof(double), &confidence, &confidences) ||
        !souk_message_array(reply, "probability", sizeof(double), &probability, &probabilities))
        return false;
    *said = (struct said){NULL, NULL};
    if (calibrated < 0)
        return true;
    m->calibrated = calibrated;
    *said = (struct said){confidence, probability};
    return confidences == hits && probabilities == hits;
}

/* @return false: a confidence that is none */
static bool sure_of(const struct said *said, uint32_t hit, struct souk_sure *sure)
{
    *sure = (struct souk_sure){.confidence = 1, .probability = NAN};
    if (!said->confidence)
        return true;
    memcpy(&sure->confidence, said->confidence + hit * sizeof(double), sizeof(double));
    memcpy(&sure->probability, said->probability + hit * sizeof(double), sizeof(double));
    return sure->confidence >= 0 && sure->confidence <= 1 &&
           !(sure->probability < 0 || sure->probability > 1);
}

bool souk_merge_add(struct souk_merge *m, const struct souk_message *reply)
{
    const msgpack_object *hits = souk_message_get(reply, "hits");
    struct souk_sure sure;
    struct said said;
    if (!hits || hits->type != MSGPACK_OBJECT_ARRAY || hits->via.array.size % 2 != 0 ||
        !read_said(m, reply, hits->via.array.size / 2, &said))
        return false;
    for (uint32_t i = 0; i < hits->via.array.size; i += 2)
        if (!sure_of(&said, i / 2, &sure) ||
            !add_hit(m, &hits->via.array.ptr[i], &hits->via.array.ptr[i + 1], sure))
            return false;
    return true;
}

void souk_merge_finish(struct souk_merge *m)
{
    souk_topk_sort(&m->best);
}

/* Confidence never rises along a list. */
void souk_merge_keep_confident(struct souk_merge *m, double min_confidence)
{
    while (m->best.count > 0 &&
           m->sure[m->best.hits[m->best.count - 1].item].confidence <= min_confidence)
        m->best.count--;
}
