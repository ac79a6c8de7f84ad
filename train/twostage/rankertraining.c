#include "train/twostage/rankertraining.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/score/features.h"
#include "shared/score/foresttext.h"
#include "shared/score/stagescore.h"
#include "train/ranker/rankmetric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_OUT = 5 }; /* one user of so many */

/* Candidates for the blend: shares of log-odds per logarithm of the base score. */
static const float blends[] = {0, .25F, .5F, .75F, 1};
enum { BLENDS = sizeof blends / sizeof blends[0] };

struct work {
    const struct souk_comm *comm;
    const struct souk_training_rows *rows;
    const struct souk_model *model;
    struct souk_rankdata data[2]; /* to learn from, held out */
    struct souk_error *err;
};

static souk_status name_features(struct work *w, struct souk_rankdata *d)
{
    d->feature_name = souk_zalloc_array((size_t)d->features, sizeof *d->feature_name);
    if (!d->feature_name)
        return SOUK_ENOMEM;
    for (int f = 0; f < d->features; f++) {
        char name[2 * SOUK_NAME_MAX_BYTES];
        souk_feature_name(&w->model->stages, f, name, sizeof name);
        d->feature_name[f] = souk_strndup(name, strlen(name));
        if (!d->feature_name[f])
            return SOUK_ENOMEM;
    }
    return SOUK_OK;
}

enum side { LEARN, HELD, WHOLE };

/* Users to learn from come with the rows that were drawn, held-out ones with all candidates: they
 * are ranked as a visitor would be. */
static int64_t take_group(const struct souk_training_rows *r, int64_t group, enum side side,
                          struct souk_rankdata *d, int64_t to)
{
    for (int64_t i = r->group_first[group]; i < r->group_first[group + 1]; i++) {
        if (side != HELD && !r->is_drawn[i])
            continue;
        if (d) {
            memcpy(d->value + to * r->features, r->feature + i * r->features,
                   (size_t)r->features * sizeof *d->value);
            d->label[to] = r->label[i];
        }
        to++;
    }
    return to;
}

bool souk_ranker_training_holds(const struct souk_training_rows *r, int window, uint64_t user)
{
    return r->is_temporal && r->windows > 1 ? window == 0 : user / 7 % HELD_OUT == 0;
}

static bool is_held(const struct souk_training_rows *r, int64_t group)
{
    return souk_ranker_training_holds(r, r->group_window[group], r->group_hash[group]);
}

static bool is_of_side(const struct souk_training_rows *r, int64_t group, enum side side)
{
    return side == WHOLE || (side == HELD) == is_held(r, group);
}

static souk_status take_side(struct work *w, enum side side, struct souk_rankdata *d)
{
    const struct souk_training_rows *r = w->rows;
    int64_t groups = 0, rows = 0;
    for (int64_t g = 0; g < r->groups; g++) {
        if (!is_of_side(r, g, side))
            continue;
        groups++;
        rows = take_group(r, g, side, NULL, rows);
    }
    souk_status status = souk_rankdata_init(d, rows, groups, r->features, w->err);
    if (status)
        return status;
    int64_t to = 0, group = 0;
    for (int64_t g = 0; g < r->groups; g++) {
        if (!is_of_side(r, g, side))
            continue;
        d->group_start[group++] = to;
        to = take_group(r, g, side, d, to);
        d->group_start[group] = to;
    }
    status = name_features(w, d);
    return status ? souk_fail(w->err, status, "out of memory for the features' names") : status;
}

static souk_status split(struct work *w)
{
    souk_status status = take_side(w, LEARN, &w->data[LEARN]);
    return status ? status : take_side(w, HELD, &w->data[HELD]);
}

/* Terms of the held-out users' scores. */
struct terms {
    struct souk_rankdata_totals totals;
    double *base, *trees, *score; /* [rows] */
};

static void fill_base(const struct work *w, int source, bool lifted, double *base)
{
    const struct souk_rankdata *d = &w->data[HELD];
    const struct souk_stage_ranker ranker = {
        .model = w->model, .rules = {.base_source = source, .base_lifted = lifted}};
    for (int64_t i = 0; i < d->rows; i++)
        base[i] = souk_stage_ranker_base(&ranker, d->value + i * d->features);
}

static void fill_trees(const struct work *w, const struct souk_forest *forest, double *trees)
{
    const struct souk_rankdata *d = &w->data[HELD];
    const struct souk_stage_ranker ranker = {
        .forest = *forest, .has_forest = true, .features = d->features};
    for (int64_t i = 0; i < d->rows; i++)
        trees[i] = souk_stage_ranker_forest(&ranker, d->value + i * d->features);
}

/* NDCG, whatever the trees descend. */
static souk_status metric_all(struct work *w, const struct souk_boosting_params *params,
                              const struct terms *t, const double *score, double *metric)
{
    const struct souk_rankobjective ndcg = {.kind = SOUK_RANK_LAMBDARANK};
    return souk_rankmetric_all(w->comm, &w->data[HELD], &t->totals, &ndcg, params->ndcg_at, score,
                               metric, w->err);
}

static souk_status choose_base_all(struct work *w, const struct souk_boosting_params *params,
                                   struct terms *t, struct souk_ranker_training *out)
{
    souk_status status = SOUK_OK;
    out->base_metric = -1;
    for (int b = 0; b < 2 * w->model->stages.source_count && !status; b++) {
        double metric = 0;
        fill_base(w, b / 2, b % 2, t->base);
        status = metric_all(w, params, t, t->base, &metric);
        if (metric > out->base_metric) {
            out->base_metric = metric;
            out->base_source = b / 2;
            out->base_lifted = b % 2;
        }
    }
    fill_base(w, out->base_source, out->base_lifted, t->base);
    return status;
}

static souk_status choose_blend_all(struct work *w, const struct souk_boosting_params *params,
                                    struct terms *t, struct souk_ranker_training *out)
{
    souk_status status = SOUK_OK;
    out->blend_metric = -1;
    for (int b = 0; b < BLENDS && !status; b++) {
        double metric = 0;
        for (int64_t i = 0; i < w->data[HELD].rows; i++)
            t->score[i] = t->trees[i] + (double)blends[b] * t->base[i];
        status = metric_all(w, params, t, t->score, &metric);
        if (b == 0)
            out->forest_metric = metric;
        if (metric > out->blend_metric) {
            out->blend_metric = metric;
            out->blend = blends[b];
        }
    }
    return status;
}

static souk_status choose_all(struct work *w, const struct souk_boosting_params *params,
                              const struct souk_forest *forest, struct souk_ranker_training *out)
{
    const size_t rows = (size_t)w->data[HELD].rows;
    struct terms t = {.base = souk_alloc_array(rows, sizeof *t.base),
                      .trees = souk_alloc_array(rows, sizeof *t.trees),
                      .score = souk_alloc_array(rows, sizeof *t.score)};
    souk_status status = SOUK_OK;
    if (!t.base || !t.trees || !t.score)
        status = souk_fail(w->err, SOUK_ENOMEM, "out of memory for the held-out users");
    else
        fill_trees(w, forest, t.trees);
    status = souk_status_agree_all(w->comm, status, w->err);
    if (!status)
        status =
            souk_rankdata_totals_all(w->comm, &w->data[HELD], "held-out users", &t.totals, w->err);
    if (!status)
        status = choose_base_all(w, params, &t, out);
    if (!status)
        status = choose_blend_all(w, params, &t, out);
    free(t.base);
    free(t.trees);
    free(t.score);
    return status;
}

/* The base and the blend of one objective, by users that the trees have not seen. */
static souk_status explore_all(struct work *w, const struct souk_boosting_params *params,
                               struct souk_ranker_training *out)
{
    struct souk_boosting_report report;
    const souk_status status =
        souk_ranker_train_all(w->comm, &w->data[LEARN], NULL, params, &out->judge, &report, w->err);
    return status ? status : choose_all(w, params, &out->judge, out);
}

/* The best of several objectives; params->objective is then that one. */
static souk_status compare_all(struct work *w, struct souk_boosting_params *params,
                               const struct souk_rankobjective *objectives, int count,
                               struct souk_ranker_training *out)
{
    struct souk_ranker_training best = {.blend_metric = -1};
    souk_status status = SOUK_OK;
    for (int o = 0; o < count && !status; o++) {
        struct souk_ranker_training tried = {.objective = o};
        params->objective = objectives[o];
        status = explore_all(w, params, &tried);
        if (!status)
            souk_log(SOUK_LOG_INFO, "objective",
                     "name=%s ndcg_base=%.4f ndcg_forest=%.4f ndcg_blend=%.4f blend=%g",
                     souk_rankobjective_name(objectives[o].kind), tried.base_metric,
                     tried.forest_metric, tried.blend_metric, (double)tried.blend);
        const bool is_best = !status && tried.blend_metric > best.blend_metric;
        souk_forest_fini(is_best ? &best.judge : &tried.judge);
        if (is_best)
            best = tried;
    }
    *out = best;
    params->objective = objectives[best.objective];
    return status;
}

static souk_status train_whole_all(struct work *w, const struct souk_boosting_params *params,
                                   struct souk_ranker_training *out)
{
    struct souk_rankdata whole = {0};
    struct souk_forest forest = {0};
    struct souk_boosting_report report;
    size_t len = 0;
    souk_status status = souk_status_agree_all(w->comm, take_side(w, WHOLE, &whole), w->err);
    if (!status)
        status = souk_ranker_train_all(w->comm, &whole, NULL, params, &forest, &report, w->err);
    out->trees = forest.trees;
    if (!status)
        status = souk_status_agree_all(
            w->comm, souk_forest_format(&forest, &out->forest_text, &len, w->err), w->err);
    souk_forest_fini(&forest);
    souk_rankdata_fini(&whole);
    return status;
}

souk_status souk_ranker_training_all(const struct souk_comm *comm,
                                     const struct souk_training_rows *rows,
                                     const struct souk_model *model,
                                     const struct souk_boosting_params *params,
                                     const struct souk_rankobjective *objectives, int count,
                                     struct souk_ranker_training *out, struct souk_error *err)
{
    struct souk_boosting_params chosen = *params;
    struct work w = {.comm = comm, .rows = rows, .model = model, .err = err};
    int64_t found = rows->found;
    *out = (struct souk_ranker_training){.forest_text = NULL};
    if (found == 0)
        return souk_fail(err, SOUK_ENOTFOUND,
                         "no candidate was wanted in the label windows: the ranker has nothing to "
                         "learn from");
    souk_status status = souk_status_agree_all(comm, split(&w), err);
    if (!status)
        status = compare_all(&w, &chosen, objectives, count, out);
    if (!status)
        status = train_whole_all(&w, &chosen, out);
    souk_rankdata_fini(&w.data[LEARN]);
    souk_rankdata_fini(&w.data[HELD]);
    return status;
}
