#include "tests/support/plain_scan.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/math/dot.h"
#include "shared/score/stagerules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the model ---- */

/* The rows that `similar` goes by: the model's own, or the base source's. */
static souk_status use_base_source(const struct souk_model *m, struct souk_model_part *p,
                                   struct souk_error *err)
{
    struct souk_stage_rules rules;
    const souk_status status = souk_stage_rules_of(m, &rules, err);
    if (status)
        return status;
    p->neighbour_offsets = p->sources[rules.blend[SOUK_SEGMENT_WARM].source].offsets;
    p->neighbour = p->sources[rules.blend[SOUK_SEGMENT_WARM].source].item;
    p->neighbour_weight = p->sources[rules.blend[SOUK_SEGMENT_WARM].source].weight;
    p->sources[rules.blend[SOUK_SEGMENT_WARM].source] = (struct souk_source_rows){0};
    return SOUK_OK;
}

souk_status plain_scan_open(const char *path, struct plain_scan *out, struct souk_error *err)
{
    *out = (struct plain_scan){.model = NULL};
    souk_status status = souk_model_open(path, &out->model, err);
    if (status)
        return status;
    const struct souk_model *m = out->model;
    out->parts = souk_zalloc_array((size_t)m->parts, sizeof *out->parts);
    out->hits = souk_zalloc_array((size_t)souk_model_items(m), sizeof *out->hits);
    if (!out->parts || !out->hits)
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
    for (int p = 0; p < m->parts && !status; p++) {
        status =
            souk_model_read_part(m, p, SOUK_MODEL_USERS | SOUK_MODEL_ITEMS, &out->parts[p], err);
        if (!status && m->stages.source_count > 0)
            status = use_base_source(m, &out->parts[p], err);
    }
    return status;
}

void plain_scan_fini(struct plain_scan *s)
{
    for (int p = 0; s->parts && p < s->model->parts; p++)
        souk_model_part_fini(&s->parts[p]);
    free(s->parts);
    free(s->hits);
    souk_model_free(s->model);
    *s = (struct plain_scan){.model = NULL};
}

/* ---- scores ---- */

static bool in_history(const struct souk_model_part *p, int64_t row, int64_t item)
{
    for (int64_t k = p->history_offsets[row]; k < p->history_offsets[row + 1]; k++)
        if (p->history[k] == item)
            return true;
    return false;
}

/* The sum over the history, ascending: by looking each of its items up in the row of neighbours. */
static float by_neighbours(const struct souk_model_part *home, int64_t user,
                           const struct souk_model_part *p, int64_t item)
{
    float sum = 0;
    for (int64_t k = home->history_offsets[user]; k < home->history_offsets[user + 1]; k++)
        for (int64_t at = p->neighbour_offsets[item]; at < p->neighbour_offsets[item + 1]; at++)
            if (p->neighbour[at] == home->history[k])
                sum += home->history_weight[k] * p->neighbour_weight[at];
    return sum;
}

static bool is_heard(const struct souk_model_part *p, int64_t user)
{
    for (int64_t k = p->history_offsets[user]; k < p->history_offsets[user + 1]; k++)
        if (p->history_weight[k] != 0)
            return true;
    return false;
}

/* What one item says for another. */
static float neighbour_weight(const struct souk_model_part *p, int64_t item, int64_t row)
{
    for (int64_t at = p->neighbour_offsets[item]; at < p->neighbour_offsets[item + 1]; at++)
        if (p->neighbour[at] == row)
            return p->neighbour_weight[at];
    return 0;
}

static float norm(const float *x, int n)
{
    const float length = sqrtf(souk_dot_reference(x, x, n));
    return length > 0 ? length : 1;
}

/* ---- lists ---- */

static int better(const void *a, const void *b)
{
    const struct plain_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return strcmp(x->id, y->id);
}

static void add(struct plain_scan *s, int part, int64_t item, float score)
{
    s->hits[s->count++] = (struct plain_hit){
        .score = score, .id = souk_idtable_get(&s->parts[part].items, item), .part = part};
}

static const struct souk_model_part *home_of(const struct plain_scan *s, const char *id)
{
    return &s->parts[souk_part_of(souk_hash_bytes(id, strlen(id)), s->model->parts)];
}

void plain_scan_user(struct plain_scan *s, const char *id)
{
    const struct souk_model *m = s->model;
    const struct souk_model_part *h = home_of(s, id);
    const int64_t user = souk_idtable_find(&h->users, id, strlen(id));
    const int stride = h->stride;
    s->count = 0;
    for (int p = 0; p < m->parts; p++)
        for (int64_t i = 0; i < s->parts[p].items.count; i++) {
            float score = s->parts[p].popularity[i];
            if (user >= 0 && in_history(h, user, m->item_first[p] + i))
                continue;
            if (user >= 0 && m->neighbours > 0 && is_heard(h, user))
                score = by_neighbours(h, user, &s->parts[p], i);
            else if (user >= 0 && m->factors > 0)
                score = souk_dot_reference(h->user_factors + user * stride,
                                           s->parts[p].item_factors + i * stride, stride);
            add(s, p, i, score);
        }
    qsort(s->hits, (size_t)s->count, sizeof *s->hits, better);
}

bool plain_scan_item(struct plain_scan *s, const char *id)
{
    const struct souk_model *m = s->model;
    const struct souk_model_part *h = home_of(s, id);
    const int64_t row = souk_idtable_find(&h->items, id, strlen(id));
    const bool has_neighbours = m->neighbours > 0 || m->stages.source_count > 0;
    const int stride = h->stride;
    float vector[SOUK_FACTORS_MAX];
    s->count = 0;
    if (row < 0)
        return false;
    for (int c = 0; m->factors > 0 && c < stride; c++)
        vector[c] =
            h->item_factors[row * stride + c] / norm(h->item_factors + row * stride, stride);
    for (int p = 0; p < m->parts; p++)
        for (int64_t i = 0; i < s->parts[p].items.count; i++) {
            const float *y = m->factors > 0 ? s->parts[p].item_factors + i * stride : NULL;
            if (&s->parts[p] == h && i == row)
                continue;
            const float score = has_neighbours ? neighbour_weight(&s->parts[p], i,
                                                                  m->item_first[h - s->parts] + row)
                                : y ? souk_dot_reference(vector, y, stride) / norm(y, stride)
                                    : s->parts[p].popularity[i];
            if (!has_neighbours || score > 0)
                add(s, p, i, score);
        }
    qsort(s->hits, (size_t)s->count, sizeof *s->hits, better);
    return true;
}
