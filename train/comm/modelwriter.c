#include "train/comm/modelwriter.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/base/staging.h"
#include "shared/model/modelfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A part's files entry on its way to rank 0. */
struct entry {
    int64_t part, events;
    struct souk_part_file file;
};

static float *of_part(float *const *arrays, int part)
{
    return arrays ? arrays[part] : NULL;
}

static int64_t *rows_of_part(int64_t *const *arrays, int part)
{
    return arrays ? arrays[part] : NULL;
}

static void take_stages(struct souk_model_part *to, const struct souk_model_part *from)
{
    to->event_offsets = from->event_offsets;
    to->event_item = from->event_item;
    to->event_ms = from->event_ms;
    to->event_type = from->event_type;
    to->event_value = from->event_value;
    memcpy(to->sources, from->sources, sizeof to->sources);
    to->columns = from->columns;
    to->days = from->days;
}

struct souk_model_part souk_model_part_view(const struct souk_ratings *ratings,
                                            const struct souk_model_content *c, int local)
{
    const struct souk_ratings_part *r = &ratings->local[local];
    struct souk_model_part p = {
        .part = r->part,
        .factors = c->factors,
        .stride = c->stride,
        .users = r->users,
        .items = r->items,
        .user_factors = of_part(c->user_factors, r->part),
        .history_offsets = r->offsets,
        .history = r->item,
        .history_weight = r->weight,
        .item_factors = of_part(c->item_factors, r->part),
        .neighbour_offsets = rows_of_part(c->neighbour_offsets, r->part),
        .neighbour = rows_of_part(c->neighbour, r->part),
        .neighbour_weight = of_part(c->neighbour_weight, r->part),
        .popularity = of_part(c->popularity, r->part),
        .item_events = c->item_events[r->part],
        .category = r->category,
        .attributes = r->columns,
    };
    if (c->stages)
        take_stages(&p, &c->stage_parts[r->part]);
    return p;
}

/* How the pairs were weighed. */
static struct souk_model_weighing weighing_of(const struct souk_dataset *dataset,
                                              const struct souk_interaction_rule *rule)
{
    struct souk_model_weighing w = {.type_count = dataset->type_count,
                                    .weighting = rule->weighting};
    for (int t = 0; t < w.type_count; t++) {
        w.types[t] = dataset->types[t];
        w.types[t].weight = rule->type_weight[t];
    }
    return w;
}

/* What the events of the dataset span inside of the window. */
static struct souk_window data_of(const struct souk_dataset *dataset, struct souk_window window)
{
    if (window.from_ms < dataset->first_ms)
        window.from_ms = dataset->first_ms;
    if (window.until_ms > dataset->last_ms)
        window.until_ms = dataset->last_ms + 1;
    return window;
}

struct souk_model souk_model_view(const struct souk_dataset *dataset,
                                  const struct souk_ratings *ratings,
                                  const struct souk_model_content *content)
{
    struct souk_model m = {
        .schema = SOUK_MODEL_SCHEMA,
        .parts = ratings->parts,
        .id_width = ratings->id_width,
        .factors = content->factors,
        .neighbours = content->neighbours,
        .user_first = ratings->user_first,
        .item_first = ratings->item_first,
        .window = ratings->window,
        .data = data_of(dataset, ratings->window),
        .dataset_digest = dataset->digest,
        .parameters_json = (char *)content->parameters_json, /* read only */
        .metrics_json = (char *)content->metrics_json,
        .categories = dataset->categories,
        .weighing = weighing_of(dataset, &ratings->weighing),
    };
    if (content->stages)
        m.stages = *content->stages;
    snprintf(m.kind, sizeof m.kind, "%s", content->kind);
    return m;
}

/* Rank's parts, in the order of `local`. */
static souk_status write_parts(const char *folder, const struct souk_ratings *ratings,
                               const struct souk_model_content *c, struct entry *entries,
                               struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int k = 0; k < ratings->local_count && status == SOUK_OK; k++) {
        const struct souk_model_part part = souk_model_part_view(ratings, c, k);
        entries[k].part = part.part;
        for (int64_t i = 0; i < part.items.count; i++)
            entries[k].events += part.item_events[i];
        status = souk_model_write_part(folder, ratings->id_width, c->stages, &part,
                                       &entries[k].file, err);
    }
    return status;
}

static souk_status write_manifest(const char *folder, const struct souk_dataset *dataset,
                                  const struct souk_ratings *ratings,
                                  const struct souk_model_content *content,
                                  const struct entry *entries, char *id, struct souk_error *err)
{
    struct souk_model m = souk_model_view(dataset, ratings, content);
    m.created_ms = souk_wall_ms();
    m.files = souk_zalloc_array((size_t)m.parts, sizeof *m.files);
    if (!m.files)
        return souk_fail(err, SOUK_ENOMEM, "out of memory for the manifest");
    for (int p = 0; p < m.parts; p++) {
        m.files[entries[p].part] = entries[p].file;
        m.events += entries[p].events;
    }
    const souk_status status = souk_model_write_manifest(folder, &m, err);
    if (status == SOUK_OK && id)
        memcpy(id, m.id, sizeof m.id);
    free(m.files);
    return status;
}

/* All parts, then the manifest, into the staging folder that rank 0 has made. */
static souk_status write_all(const struct souk_comm *comm, const char *folder,
                             const struct souk_dataset *dataset, const struct souk_ratings *ratings,
                             const struct souk_model_content *content, char *id,
                             struct souk_error *err)
{
    void *all = NULL;
    struct entry *own = souk_zalloc_array((size_t)ratings->local_count, sizeof *own);
    int64_t *counts = souk_zalloc_array((size_t)comm->size, sizeof *counts);
    souk_status status = SOUK_OK;
    if (!own || !counts)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %d parts", ratings->local_count);
    if (status == SOUK_OK)
        status = write_parts(folder, ratings, content, own, err);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = souk_gather_all(comm, own, ratings->local_count, sizeof *own, &all, counts, err);
    if (status == SOUK_OK && comm->rank == 0)
        status = write_manifest(folder, dataset, ratings, content, all, id, err);
    free(own);
    free(counts);
    free(all);
    return status;
}

/* Rank 0 makes the folder before the others look for it. */
static souk_status begin_all(const struct souk_comm *comm, const char *path,
                             struct souk_staging *staging, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if (comm->rank == 0)
        status = souk_staging_begin(staging, path, true, "model.h5", true, err);
    status = souk_status_agree_all(comm, status, err);
    if (status != SOUK_OK)
        return status;
    if (comm->rank > 0)
        status = souk_staging_begin(staging, path, true, "model.h5", false, err);
    else
        souk_staging_guard(staging);
    return souk_status_agree_all(comm, status, err);
}

souk_status souk_model_save_all(const struct souk_comm *comm, const char *path,
                                const struct souk_dataset *dataset,
                                const struct souk_ratings *ratings,
                                const struct souk_model_content *content, char *id,
                                struct souk_error *err)
{
    struct souk_staging staging = {0};
    souk_status status = begin_all(comm, path, &staging, err);
    if (status == SOUK_OK)
        status = write_all(comm, staging.partial, dataset, ratings, content, id, err);
    if (status == SOUK_OK && comm->rank == 0)
        status = souk_staging_commit(&staging, err);
    status = souk_status_agree_all(comm, status, err);
    souk_staging_end(&staging, comm->rank == 0);
    return status;
}
