#include "shared/score/shard.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/math/dot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *norms_of(const struct souk_model_part *p)
{
    const int64_t room =
        (p->items.count + SOUK_SCREEN_ROWS - 1) / SOUK_SCREEN_ROWS * SOUK_SCREEN_ROWS;
    float *norm = souk_alloc_aligned((size_t)room, sizeof *norm);
    if (!norm)
        return NULL;
    for (int64_t i = p->items.count; i < room; i++)
        norm[i] = 1;
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
    if (s->item_norm[index] && s->screens)
        status = souk_screen_init(&s->screens[index], part->item_factors, part->items.count,
                                  part->stride);
    if (!s->item_norm[index] || status)
        return souk_fail(err, SOUK_ENOMEM, "out of memory to scan %lld items",
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
    if (souk_screen_is_wanted() && !s->borrowed)
        s->screens = souk_zalloc_array((size_t)part_count, sizeof *s->screens);
    if (!s->parts || !s->item_norm || (s->model->neighbours > 0 && !s->neighbours) ||
        (souk_screen_is_wanted() && !s->borrowed && !s->screens))
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
        if (s->screens)
            souk_screen_fini(&s->screens[i]);
    }
    free(s->neighbours);
    free(s->screens);
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
