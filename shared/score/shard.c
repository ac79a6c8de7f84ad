#include "shared/score/shard.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/math/dot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = SOUK_NEIGHBOURS_BLOCK
}; /* items scored at a time: their scores stay in the first-level cache */

/* Items [first, first + count) of a part; a score of NaN marks an item that may not be offered. */
struct block {
    const struct souk_model_part *part;
    const float *norm;                        /* of the part */
    const struct souk_neighbours *neighbours; /* of the part */
    int64_t first_row;                        /* model row of the part's first item */
    int64_t first, count;                     /* in the part */
    float score[BLOCK];
};

static float *norms_of(const struct souk_model_part *p)
{
    float *norm = souk_alloc_aligned((size_t)p->items.count, sizeof *norm);
    if (!norm)
        return NULL;
    for (int64_t i = 0; i < p->items.count; i++) {
        const float length = souk_norm(p->item_factors + i * p->stride, p->stride);
        norm[i] = length > 0 ? length : 1;
    }
    return norm;
}

/* A scan reads the turned rows only: give back the others, unless they are somebody else's. */
static souk_status turn_neighbours(struct souk_shard *s, int index, struct souk_error *err)
{
    struct souk_model_part *part = &s->parts[index];
    const souk_status status = souk_neighbours_init(&s->neighbours[index], part);
    if (status != SOUK_OK)
        return souk_fail(err, status, "out of memory for the neighbours of %lld items",
                         (long long)part->items.count);
    if (!s->borrowed) {
        free(part->neighbour_offsets);
        free(part->neighbour);
        free(part->neighbour_weight);
    }
    part->neighbour_offsets = part->neighbour = NULL;
    part->neighbour_weight = NULL;
    return SOUK_OK;
}

/* What a scan needs beside what is in the part. */
static souk_status prepare_part(struct souk_shard *s, int index, struct souk_error *err)
{
    const struct souk_model_part *part = &s->parts[index];
    souk_status status = SOUK_OK;
    if (s->neighbours && part->neighbour_offsets)
        status = turn_neighbours(s, index, err);
    if (status != SOUK_OK || !part->item_factors)
        return status;
    s->item_norm[index] = norms_of(part);
    if (!s->item_norm[index])
        return souk_fail(err, SOUK_ENOMEM, "out of memory for the norms of %lld items",
                         (long long)part->items.count);
    return SOUK_OK;
}

static souk_status load_part(struct souk_shard *s, int index, unsigned what, struct souk_error *err)
{
    const int number = s->shard + index * s->shards;
    const souk_status status = souk_model_read_part(s->model, number, what, &s->parts[index], err);
    return status == SOUK_OK ? prepare_part(s, index, err) : status;
}

static souk_status allocate(struct souk_shard *s, int part_count, struct souk_error *err)
{
    s->part_count = part_count;
    s->parts = souk_zalloc_array((size_t)part_count, sizeof *s->parts);
    s->item_norm = souk_zalloc_array((size_t)part_count, sizeof *s->item_norm);
    if (s->model->neighbours > 0)
        s->neighbours = souk_zalloc_array((size_t)part_count, sizeof *s->neighbours);
    if (!s->parts || !s->item_norm || (s->model->neighbours > 0 && !s->neighbours))
        return souk_fail(err, SOUK_ENOMEM, "out of memory for %d parts", part_count);
    return SOUK_OK;
}

souk_status souk_shard_load(const struct souk_model *model, int shard, int shards, unsigned what,
                            struct souk_shard *out, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    *out = (struct souk_shard){.model = model, .shard = shard, .shards = shards};
    if (shards < 1 || shards > model->parts || shard < 0 || shard >= shards) {
        status =
            souk_fail(err, SOUK_EINVAL,
                      "%s: shard %d of %d: the model has %d parts, so there can be shards 0 to %d",
                      model->path, shard, shards, model->parts, model->parts - 1);
        goto out;
    }
    status = allocate(out, (model->parts - shard + shards - 1) / shards, err);
    for (int i = 0; i < out->part_count && status == SOUK_OK; i++) {
        status = load_part(out, i, what, err);
        out->item_count += out->parts[i].items.count;
    }
out:
    if (status != SOUK_OK)
        souk_shard_fini(out);
    return status;
}

souk_status souk_shard_of_part(const struct souk_model *model, const struct souk_model_part *part,
                               struct souk_shard *out, struct souk_error *err)
{
    *out = (struct souk_shard){
        .model = model, .shard = part->part, .shards = model->parts, .borrowed = true};
    souk_status status = allocate(out, 1, err);
    if (status == SOUK_OK) {
        out->parts[0] = *part;
        out->item_count = part->items.count;
        status = prepare_part(out, 0, err);
    }
    if (status != SOUK_OK)
        souk_shard_fini(out);
    return status;
}

void souk_shard_fini(struct souk_shard *s)
{
    for (int i = 0; i < s->part_count; i++) {
        if (s->parts && !s->borrowed)
            souk_model_part_fini(&s->parts[i]);
        if (s->item_norm)
            free(s->item_norm[i]);
        if (s->neighbours)
            souk_neighbours_fini(&s->neighbours[i]);
    }
    free(s->neighbours);
    free(s->parts);
    free(s->item_norm);
    *s = (struct souk_shard){0};
}

const struct souk_model_part *souk_shard_part_of(const struct souk_shard *s, const char *id,
                                                 size_t len)
{
    const int part = souk_part_of(souk_hash_bytes(id, len), s->model->parts);
    return part % s->shards == s->shard ? &s->parts[part / s->shards] : NULL;
}

static void score_block(const struct souk_scan *scan, struct block *b)
{
    const struct souk_model_part *p = b->part;
    if (!scan->vector && scan->history && b->neighbours) {
        souk_neighbours_score(b->neighbours, b->first / BLOCK, scan->history, scan->history_weight,
                              scan->history_count, b->score, b->count);
        for (int64_t i = 0; i < b->count && scan->cosine; i++)
            b->score[i] = b->score[i] > 0 ? b->score[i] : NAN;
        return;
    }
    if (!scan->vector) {
        memcpy(b->score, p->popularity + b->first, (size_t)b->count * sizeof *b->score);
        return;
    }
    souk_dot_rows(p->item_factors + b->first * p->stride, b->count, p->stride, scan->vector,
                  p->stride, b->score);
    if (scan->cosine) {
        for (int64_t i = 0; i < b->count; i++)
            b->score[i] /= b->norm[b->first + i];
    }
}

static void mask_other_categories(const struct souk_shard *s, const struct souk_scan *scan,
                                  struct block *b)
{
    const int32_t *category = b->part->category;
    for (int64_t i = 0; i < b->count; i++) {
        const int32_t own = category ? category[b->first + i] : -1;
        if (own < 0 || !souk_categories_is_under(&s->model->categories, own, scan->category))
            b->score[i] = NAN;
    }
}

/* @param e where the excluded rows of this block begin; moves on to those of the next */
static void mask_excluded(const struct souk_scan *scan, struct block *b, int64_t *e)
{
    const int64_t first = b->first_row + b->first;
    for (; *e < scan->exclude_count && scan->exclude[*e] < first + b->count; ++*e)
        b->score[scan->exclude[*e] - first] = NAN;
}

/* Most blocks of a large catalogue hold nothing good enough: one pass that vectorises finds out. */
static int64_t offer_block(const struct block *b, struct souk_topk *best)
{
    float threshold = souk_topk_threshold(best);
    int scored = 0, candidates = 0;
    for (int64_t i = 0; i < b->count; i++) {
        scored += b->score[i] == b->score[i]; /* not NaN */
        candidates += b->score[i] >= threshold;
    }
    for (int64_t i = 0; candidates > 0 && i < b->count; i++) {
        if (!(b->score[i] >= threshold) || !isfinite(b->score[i]))
            continue;
        const struct souk_hit hit = {.score = b->score[i],
                                     .item = b->first_row + b->first + i,
                                     .id = souk_idtable_get(&b->part->items, b->first + i)};
        souk_topk_offer(best, &hit);
        threshold = souk_topk_threshold(best);
    }
    return scored;
}

/* First of the excluded rows that is >= row. */
static int64_t first_excluded(const struct souk_scan *scan, int64_t row)
{
    int64_t low = 0, high = scan->exclude_count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (scan->exclude[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct block first_block(const struct souk_shard *s, int index)
{
    const struct souk_model_part *part = &s->parts[index];
    return (struct block){.part = part,
                          .norm = s->item_norm[index],
                          .neighbours = s->neighbours ? &s->neighbours[index] : NULL,
                          .first_row = s->model->item_first[part->part]};
}

/* @param e as for mask_excluded() */
static void fill_block(const struct souk_shard *s, const struct souk_scan *scan, struct block *b,
                       int64_t *e)
{
    b->count = b->part->items.count - b->first < BLOCK ? b->part->items.count - b->first : BLOCK;
    score_block(scan, b);
    if (scan->category >= 0)
        mask_other_categories(s, scan, b);
    mask_excluded(scan, b, e);
}

int64_t souk_shard_scan(const struct souk_shard *s, const struct souk_scan *scan,
                        struct souk_topk *best)
{
    int64_t scored = 0;
    for (int p = 0; p < s->part_count; p++) {
        struct block b = first_block(s, p);
        int64_t e = first_excluded(scan, b.first_row);
        for (; b.first < b.part->items.count; b.first += BLOCK) {
            fill_block(s, scan, &b, &e);
            scored += offer_block(&b, best);
        }
    }
    return scored;
}

void souk_shard_score(const struct souk_shard *s, int index, const struct souk_scan *scan,
                      float *score)
{
    struct block b = first_block(s, index);
    int64_t e = first_excluded(scan, b.first_row);
    for (; b.first < b.part->items.count; b.first += BLOCK) {
        fill_block(s, scan, &b, &e);
        memcpy(score + b.first, b.score, (size_t)b.count * sizeof *score);
    }
}
