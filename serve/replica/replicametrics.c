#include "serve/replica/replicametrics.h"

#include "shared/base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const operations[] = {"profile", "scan",    "item",   "resolve", "candidates",
                                         "rank",    "explain", "health", NULL};

struct souk_held_model souk_held_model_of(const struct souk_shard *shard)
{
    const struct souk_model *m = shard->model;
    struct souk_held_model held = {.created_ms = m->created_ms,
                                   .loaded_ms = souk_wall_ms(),
                                   .items = souk_model_items(m),
                                   .shard_items = shard->item_count};
    snprintf(held.id, sizeof held.id, "%s", m->id);
    snprintf(held.kind, sizeof held.kind, "%s", m->kind);
    return held;
}

/* ---- the models: one family after the other, each with a series for each model ---- */

static void write_infos(const struct souk_replica_metrics *r, struct souk_exposition *e)
{
    souk_exposition_family(e, "souk_model_info", SOUK_METRIC_GAUGE,
                           "A model that is held; always 1.");
    for (int i = 0; i < r->model_count; i++) {
        const struct souk_label labels[] = {
            {"model", r->models[i].id}, {"kind", r->models[i].kind}, {0}};
        souk_exposition_integer(e, "", labels, 1, 0);
    }
}

/* A number of every model. @param offset of it in the struct souk_held_model */
static void write_numbers(const struct souk_replica_metrics *r, struct souk_exposition *e,
                          const char *name, const char *help, size_t offset, int decimals)
{
    souk_exposition_family(e, name, SOUK_METRIC_GAUGE, help);
    for (int i = 0; i < r->model_count; i++) {
        const struct souk_label labels[] = {{"model", r->models[i].id}, {0}};
        int64_t value;
        memcpy(&value, (const char *)&r->models[i] + offset, sizeof value);
        souk_exposition_integer(e, "", labels, value, decimals);
    }
}

static void collect(void *context, struct souk_exposition *e)
{
    struct souk_replica_metrics *r = context;
    pthread_mutex_lock(&r->lock);
    if (r->model_count > 0) {
        write_infos(r, e);
        write_numbers(r, e, "souk_model_created_timestamp_seconds",
                      "When the model was trained, since 1970.",
                      offsetof(struct souk_held_model, created_ms), 3);
        write_numbers(r, e, "souk_model_loaded_timestamp_seconds",
                      "When the model was loaded, since 1970.",
                      offsetof(struct souk_held_model, loaded_ms), 3);
        write_numbers(r, e, "souk_model_items", "Items of the model.",
                      offsetof(struct souk_held_model, items), 0);
        write_numbers(r, e, "souk_shard_items", "Items of the model that this replica holds.",
                      offsetof(struct souk_held_model, shard_items), 0);
    }
    pthread_mutex_unlock(&r->lock);
}

souk_status souk_replica_metrics_init(struct souk_replica_metrics *r, struct souk_metrics *m,
                                      struct souk_error *err)
{
    *r = (struct souk_replica_metrics){.lock = PTHREAD_MUTEX_INITIALIZER};
    souk_process_metrics_init(&r->process, m, "souk-replica");
    souk_request_metrics_init(&r->request, m, operations);
    r->workers =
        souk_metrics_gauge(m, "souk_workers", "Requests that can be under way at once.", NULL);
    souk_metrics_collect(m, collect, r);
    return souk_metrics_check(m, err);
}

void souk_replica_metrics_hold(struct souk_replica_metrics *r, const struct souk_held_model *models,
                               int count)
{
    assert(count <= SOUK_REPLICA_MODELS_MAX);
    pthread_mutex_lock(&r->lock);
    for (int i = 0; i < count; i++)
        r->models[i] = models[i];
    r->model_count = count;
    pthread_mutex_unlock(&r->lock);
}
