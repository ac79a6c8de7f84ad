#include "serve/replica/replicametrics.h"

#include "serve/replica/loadedmodel.h"

static const char *const operations[] = {"scan", "profile", "item",     "resolve", "candidates",
                                         "rank", "explain", "describe", "health",  NULL};

/* ---- the models: one family after the other, each with a series for each model ---- */

static int64_t created_ms(const struct souk_loaded *l)
{
    return l->model->created_ms;
}

static int64_t loaded_ms(const struct souk_loaded *l)
{
    return l->loaded_ms;
}

static int64_t items(const struct souk_loaded *l)
{
    return souk_model_items(l->model);
}

static int64_t shard_items(const struct souk_loaded *l)
{
    return l->shard.item_count;
}

static int64_t need_bytes(const struct souk_loaded *l)
{
    return l->need_bytes;
}

static const struct number {
    const char *name, *help;
    int64_t (*of)(const struct souk_loaded *l);
    int decimals;
} numbers[] = {
    {"souk_model_created_timestamp_seconds", "When the model was trained, since 1970.", created_ms,
     3},
    {"souk_model_loaded_timestamp_seconds", "When the model was loaded, since 1970.", loaded_ms, 3},
    {"souk_model_items", "Items of the model.", items, 0},
    {"souk_shard_items", "Items of the model that this replica holds.", shard_items, 0},
    {"souk_model_need_bytes", "Memory that loading the model took at its height, as foreseen.",
     need_bytes, 0},
};

static void write_infos(struct souk_held *const *held, int count, struct souk_exposition *e)
{
    souk_exposition_family(e, "souk_model_info", SOUK_METRIC_GAUGE,
                           "A model that is held; always 1.");
    for (int i = 0; i < count; i++) {
        const struct souk_label labels[] = {
            {"model", held[i]->id}, {"kind", souk_loaded_of(held[i])->model->kind}, {0}};
        souk_exposition_integer(e, "", labels, 1, 0);
    }
}

static void write_numbers(struct souk_held *const *held, int count, const struct number *n,
                          struct souk_exposition *e)
{
    souk_exposition_family(e, n->name, SOUK_METRIC_GAUGE, n->help);
    for (int i = 0; i < count; i++) {
        const struct souk_label labels[] = {{"model", held[i]->id}, {0}};
        souk_exposition_integer(e, "", labels, n->of(souk_loaded_of(held[i])), n->decimals);
    }
}

static void collect(void *context, struct souk_exposition *e)
{
    struct souk_replica_metrics *r = context;
    struct souk_held *held[SOUK_VERSIONS_HELD];
    const int count = souk_modelslot_list(r->slot, held);
    if (count > 0) {
        write_infos(held, count, e);
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
            write_numbers(held, count, &numbers[i], e);
    }
    for (int i = 0; i < count; i++)
        souk_modelslot_give(r->slot, held[i]);
}

souk_status souk_replica_metrics_init(struct souk_replica_metrics *r, struct souk_metrics *m,
                                      struct souk_modelslot *slot, struct souk_error *err)
{
    static const char changes[] = "Changes of the model that were asked for, by their result.";
    *r = (struct souk_replica_metrics){.slot = slot};
    souk_process_metrics_init(&r->process, m, "souk-replica");
    souk_request_metrics_init(&r->request, m, operations);
    souk_server_metrics_init(&r->server, m);
    r->workers =
        souk_metrics_gauge(m, "souk_workers", "Requests that can be under way at once.", NULL);
    r->changes = souk_metrics_counter(m, "souk_model_changes_total", changes,
                                      (struct souk_label[]){{"result", "ok"}, {0}});
    r->failed_changes = souk_metrics_counter(m, "souk_model_changes_total", changes,
                                             (struct souk_label[]){{"result", "refused"}, {0}});
    souk_metrics_collect(m, collect, r);
    return souk_metrics_check(m, err);
}
