#include "serve/proxy/candidatemerge.h"

#include "shared/base/memory.h"
#include "shared/data/idtable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A reply, as it lies in its message. */
struct reply {
    int64_t heads, lists, hits, id_bytes;
    const void *quotas, *counts; /* int32 [lists] */
    const void *rows, *scores;   /* int64, float32 [hits] */
    const char *ids;             /* [id_bytes], each ended by NUL */
};

void souk_candidate_merge_fini(struct souk_candidate_merge *m)
{
    for (int l = 0; l < SOUK_CANDIDATE_LISTS_MAX; l++)
        souk_topk_fini(&m->list[l]);
    free(m->row);
    *m = (struct souk_candidate_merge){0};
}

void souk_candidate_merge_start(struct souk_candidate_merge *m)
{
    m->lists = 0;
    m->rows = 0;
}

/* Numbers of a binary, which need not be aligned. */
static int32_t int_at(const void *numbers, int64_t at)
{
    int32_t value;
    memcpy(&value, (const char *)numbers + (size_t)at * sizeof value, sizeof value);
    return value;
}

static struct souk_hit hit_at(const struct reply *r, int64_t at, const char *id)
{
    struct souk_hit hit = {.id = id};
    memcpy(&hit.item, (const char *)r->rows + (size_t)at * sizeof hit.item, sizeof hit.item);
    memcpy(&hit.score, (const char *)r->scores + (size_t)at * sizeof hit.score, sizeof hit.score);
    return hit;
}

/* Counts within their quotas, as many hits as they say. */
static bool check_lengths(const struct reply *r)
{
    int64_t hits = 0;
    for (int64_t l = 0; l < r->lists; l++) {
        const int32_t quota = int_at(r->quotas, l), count = int_at(r->counts, l);
        if (quota < 0 || quota > SOUK_WIRE_LIST_MAX || count < 0 || count > quota)
            return false;
        hits += count;
    }
    return hits == r->hits;
}

static bool check_hits(const struct reply *r)
{
    const char *id = r->ids, *const end = r->ids + r->id_bytes;
    for (int64_t at = 0; at < r->hits; at++) {
        const struct souk_hit hit = hit_at(r, at, NULL);
        const size_t left = (size_t)(end - id);
        const char *const stop = left > 0 ? memchr(id, '\0', left) : NULL;
        if (!stop || stop == id || stop - id > SOUK_ID_MAX_BYTES || !isfinite(hit.score) ||
            hit.item < 0)
            return false;
        id = stop + 1;
    }
    return id == end;
}

static bool read_reply(const struct souk_message *m, struct reply *r)
{
    int64_t counts = 0, scores = 0;
    const void *ids = "";
    *r = (struct reply){.heads = -1};
    if (!souk_message_int(m, "heads", 0, SOUK_CANDIDATE_LISTS_MAX, &r->heads) ||
        !souk_message_array(m, "quotas", sizeof(int32_t), &r->quotas, &r->lists) ||
        !souk_message_array(m, "counts", sizeof(int32_t), &r->counts, &counts) ||
        !souk_message_array(m, "rows", sizeof(int64_t), &r->rows, &r->hits) ||
        !souk_message_array(m, "scores", sizeof(float), &r->scores, &scores) ||
        !souk_message_array(m, "ids", 1, &ids, &r->id_bytes))
        return false;
    r->ids = ids;
    return r->lists > 0 && r->lists <= SOUK_CANDIDATE_LISTS_MAX && counts == r->lists &&
           r->heads >= 0 && r->heads <= r->lists && scores == r->hits && check_lengths(r) &&
           check_hits(r);
}

static souk_status make_room(struct souk_candidate_merge *m, int list, int quota)
{
    if (quota > m->room[list]) {
        souk_topk_fini(&m->list[list]);
        m->room[list] = 0;
        if (souk_topk_init(&m->list[list], quota) != SOUK_OK)
            return SOUK_ENOMEM;
        m->room[list] = quota;
    }
    m->list[list].capacity = quota;
    souk_topk_clear(&m->list[list]);
    return SOUK_OK;
}

/* The first shard says how many lists there are, and how long; all hold the same model. */
static souk_status take_quotas(struct souk_candidate_merge *m, const struct reply *r)
{
    souk_status status = SOUK_OK;
    for (int64_t l = 0; l < r->lists && !status; l++)
        status = make_room(m, (int)l, int_at(r->quotas, l));
    if (!status) {
        m->lists = (int)r->lists;
        m->heads = (int)r->heads;
    }
    return status;
}

static bool quotas_agree(const struct souk_candidate_merge *m, const struct reply *r)
{
    if (m->lists != r->lists || m->heads != r->heads)
        return false;
    for (int l = 0; l < m->lists; l++)
        if (m->list[l].capacity != int_at(r->quotas, l))
            return false;
    return true;
}

souk_status souk_candidate_merge_add(struct souk_candidate_merge *m,
                                     const struct souk_message *message)
{
    struct reply r;
    int64_t at = 0;
    if (!read_reply(message, &r))
        return SOUK_EFORMAT;
    const souk_status status = m->lists == 0 ? take_quotas(m, &r) : SOUK_OK;
    if (status)
        return status;
    if (!quotas_agree(m, &r))
        return SOUK_EFORMAT;
    const char *id = r.ids;
    for (int l = 0; l < m->lists; l++) {
        for (int32_t h = int_at(r.counts, l); h > 0; h--, at++) {
            const struct souk_hit hit = hit_at(&r, at, id);
            souk_topk_offer(&m->list[l], &hit);
            id += strlen(id) + 1;
        }
    }
    return SOUK_OK;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

souk_status souk_candidate_merge_finish(struct souk_candidate_merge *m)
{
    int64_t named = 0, kept = 0;
    for (int l = 0; l < m->lists; l++)
        named += m->list[l].count;
    const souk_status status =
        souk_grow(&m->row, &m->row_room, (size_t)named,
                  (size_t)SOUK_CANDIDATE_LISTS_MAX * SOUK_WIRE_LIST_MAX, sizeof *m->row);
    if (status)
        return status;
    named = 0;
    for (int l = 0; l < m->lists; l++) {
        m->best[l] = 0;
        for (int h = 0; h < m->list[l].count; h++) {
            const struct souk_hit *hit = &m->list[l].hits[h];
            m->best[l] = hit->score > m->best[l] ? hit->score : m->best[l];
            m->row[named++] = hit->item;
        }
    }
    if (named > 0)
        qsort(m->row, (size_t)named, sizeof *m->row, ascending);
    for (int64_t at = 0; at < named; at++)
        if (kept == 0 || m->row[kept - 1] != m->row[at])
            m->row[kept++] = m->row[at];
    m->rows = kept;
    return SOUK_OK;
}

bool souk_candidate_merge_has(const struct souk_candidate_merge *m, int64_t row)
{
    return m->rows > 0 && bsearch(&row, m->row, (size_t)m->rows, sizeof *m->row, ascending) != NULL;
}
