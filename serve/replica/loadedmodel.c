#include "serve/replica/loadedmodel.h"

#include "serve/replica/selftest.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/wire/eventfields.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

souk_status souk_loaded_open(const char *path, struct souk_model **out, struct souk_error *err)
{
    char *folder = realpath(path, NULL);
    *out = NULL;
    if (!folder)
        return souk_fail_errno(err, "%s", path);
    const souk_status status = souk_model_open(folder, out, err);
    free(folder);
    return status;
}

/* ---- how much memory ---- */

static int64_t part_bytes(const struct souk_model *m, int part)
{
    const int64_t rows = m->user_first[part + 1] - m->user_first[part] + m->item_first[part + 1] -
                         m->item_first[part];
    const int64_t padding = souk_factor_stride(m->factors) - m->factors;
    const int64_t norm = m->factors > 0;
    const int64_t screen = m->factors > 0 && souk_screen_is_wanted()
                               ? souk_screen_bytes(m->item_first[part + 1] - m->item_first[part],
                                                   souk_factor_stride(m->factors))
                               : 0;
    const int64_t gram = souk_gram_share_size(m) * (int64_t)sizeof(double);
    return m->files[part].size_bytes + rows * (padding + norm) * (int64_t)sizeof(float) + screen +
           gram;
}

static int64_t worker_bytes(const struct souk_model *m)
{
    const int64_t lists = SOUK_WIRE_LIST_MAX * (int64_t)sizeof(struct souk_hit);
    const int64_t event = 2 * sizeof(int64_t) + 1 + sizeof(float);
    const int64_t stage = event + (int64_t)m->stages.source_count * (int64_t)sizeof(float);
    return m->stages.source_count > 0
               ? lists * (2 + 2 * m->stages.source_count) + SOUK_WIRE_EVENTS_MAX * stage
               : lists;
}

/* model.h5 holds texts and tables that are in memory, too. */
static int64_t manifest_bytes(const struct souk_model *m)
{
    struct stat info;
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/model.h5", m->path);
    return length < (int)sizeof path && stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
}

int64_t souk_loaded_need(const struct souk_model *m, const struct souk_shard_place *place)
{
    int64_t need = manifest_bytes(m) + place->workers * worker_bytes(m), largest = 0;
    for (int p = place->shard; p < m->parts; p += place->shards) {
        const int64_t bytes = part_bytes(m, p);
        need += bytes;
        largest = bytes > largest ? bytes : largest;
    }
    return need + largest;
}

/* ---- loading ---- */

souk_status souk_loaded_verify(const struct souk_model *m, const struct souk_shard_place *place,
                               struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int p = place->shard; p < m->parts && !status; p += place->shards) {
        struct souk_model_part part;
        status = souk_model_read_part(m, p, SOUK_MODEL_WHOLE, &part, err);
        souk_model_part_fini(&part);
    }
    return status;
}

souk_status souk_loaded_new(struct souk_model *model, const struct souk_shard_place *place,
                            struct souk_loaded **out, struct souk_error *err)
{
    struct souk_loaded *l = souk_zalloc_array(1, sizeof *l);
    souk_status status;
    *out = NULL;
    if (!l) {
        souk_model_free(model);
        return souk_fail(err, SOUK_ENOMEM, "no memory for a model");
    }
    l->model = model;
    l->held.id = model->id;
    l->need_bytes = souk_loaded_need(model, place);
    l->loaded_ms = souk_wall_ms();
    status = souk_shard_load(model, place->shard, place->shards, SOUK_MODEL_WHOLE, &l->shard, err);
    const bool staged = !status && model->stages.source_count > 0;
    if (staged)
        status = souk_stage_shard_init(&l->stages, &l->shard, err);
    if (!status)
        status = souk_replica_init(&l->replica, model, &l->shard, staged ? &l->stages : NULL,
                                   place->shard, place->shards, place->workers, err);
    if (!status)
        status = souk_selftest_run(&l->replica, err);
    if (status) {
        souk_loaded_free(l);
        return status;
    }
    *out = l;
    return SOUK_OK;
}

void souk_loaded_free(struct souk_loaded *l)
{
    if (!l)
        return;
    souk_replica_fini(&l->replica);
    souk_stage_shard_fini(&l->stages);
    souk_shard_fini(&l->shard);
    souk_model_free(l->model);
    free(l);
}
