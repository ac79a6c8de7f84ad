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
static const float blends[] = {0, .125F, .25F, .5F, .75F, 1, 1.5F, 2, 4};
enum { BLENDS = sizeof blends / sizeof blends[0] };

struct work {
    const struct souk_comm *comm;
    const struct souk_training_rows *rows;
    const struct souk_model *model;
    struct souk_rankdata data[2]; /* to learn from, held out */
    struct souk_error *err;
};

static int side_of(const struct souk_training_rows *r, int64_t group)
{
    return r->group_hash[group] / 7 % HELD_OUT == 0;
}

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

/* Groups of a side (2: of both), in their order. */
static souk_status take_side(struct work *w, int side, struct souk_rankdata *d)
{
    const struct souk_training_rows *r = w->rows;
    int64_t groups = 0, rows = 0;
    for (int64_t g = 0; g < r->groups; g++) {
        if (side < 2 && side_of(r, g) != side)
            continue;
        groups++;
        rows += r->group_first[g + 1] - r->group_first[g];
    }
    souk_status status = souk_rankdata_init(d, rows, groups, r->features, w->err);
    if (status)
        return status;
    int64_t to = 0, group = 0;
    for (int64_t g = 0; g < r->groups; g++) {
        const int64_t first = r->group_first[g], n = r->group_first[g + 1] - first;
        if (side < 2 && side_of(r, g) != side)
            continue;
        d->group_start[group++] = to;
        memcpy(d->value + to * r->features, r->feature + first * r->features,
               (size_t)(n * r->features) * sizeof *d->value);
        memcpy(d->label + to, r->label + first, (size_t)n * sizeof *d->label);
        to += n;
        d->group_start[group] = to;
    }
    status = name_features(w, d);
    return status ? souk_fail(w->err, status, "out of memory for the features' names") : status;
}

static souk_status split(struct work *w)
{
    souk_status status = take_side(w, 0, &w->data[0]);
    return status ? status : take_side(w, 1, &w->data[1]);
}

static void fill_terms(const struct work *w, const struct souk_forest *forest, double *base,
                       double *trees)
{
    const struct souk_rankdata *d = &w->data[1];
    const struct souk_stage_ranker ranker = {
        .model = w->model, .forest = *forest, .has_forest = true, .features = d->features};
    for (int64_t i = 0; i < d->rows; i++) {
        base[i] = souk_stage_ranker_base(&ranker, d->value + i * d->features);
        trees[i] = souk_stage_ranker_forest(&ranker, d->value + i * d->features);
    }
}

static souk_status choose_blend_all(struct work *w, const struct souk_boosting_params *params,
                                    const struct souk_forest *forest,
                                    struct souk_ranker_training *out)
{
    const struct souk_rankdata *d = &w->data[1];
    struct souk_rankdata_totals totals;
    double *base = souk_alloc_array((size_t)d->rows, sizeof *base);
    double *trees = souk_alloc_array((size_t)d->rows, sizeof *trees);
    double *score = souk_alloc_array((size_t)d->rows, sizeof *score);
    souk_status status = SOUK_OK;
    if (!base || !trees || !score)
        status = souk_fail(w->err, SOUK_ENOMEM, "out of memory for the held-out users");
    else
        fill_terms(w, forest, base, trees);
    status = souk_status_agree_all(w->comm, status, w->err);
    if (!status)
        status = souk_rankdata_totals_all(w->comm, d, "held-out users", &totals, w->err);
    if (!status)
        status = souk_rankmetric_all(w->comm, d, &totals, &params->objective, params->ndcg_at, base,
                                     &out->base_metric, w->err);
    out->blend_metric = -1;
    for (int b = 0; b < BLENDS && !status; b++) {
        double metric = 0;
        for (int64_t i = 0; i < d->rows; i++)
            score[i] = trees[i] + (double)blends[b] * base[i];
        status = souk_rankmetric_all(w->comm, d, &totals, &params->objective, params->ndcg_at,
                                     score, &metric, w->err);
        if (b == 0)
            out->forest_metric = metric;
        if (metric > out->blend_metric) {
            out->blend_metric = metric;
            out->blend = blends[b];
        }
    }
    free(base);
    free(trees);
    free(score);
    return status;
}

/* The number of trees and the blend. */
static souk_status explore_all(struct work *w, const struct souk_boosting_params *params,
                               struct souk_ranker_training *out)
{
    struct souk_forest forest = {0};
    struct souk_boosting_report report;
    souk_status status =
        souk_ranker_train_all(w->comm, &w->data[0], &w->data[1], params, &forest, &report, w->err);
    if (!status) {
        out->trees = report.best_tree;
        status = choose_blend_all(w, params, &forest, out);
    }
    souk_forest_fini(&forest);
    return status;
}

static souk_status train_whole_all(struct work *w, struct souk_boosting_params params,
                                   struct souk_ranker_training *out)
{
    struct souk_rankdata whole = {0};
    struct souk_forest forest = {0};
    struct souk_boosting_report report;
    size_t len = 0;
    params.trees = out->trees > 0 ? out->trees : 1;
    params.stop_after = 0;
    souk_status status = souk_status_agree_all(w->comm, take_side(w, 2, &whole), w->err);
    if (!status)
        status = souk_ranker_train_all(w->comm, &whole, NULL, &params, &forest, &report, w->err);
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
                                     struct souk_ranker_training *out, struct souk_error *err)
{
    struct work w = {.comm = comm, .rows = rows, .model = model, .err = err};
    int64_t found = rows->found;
    *out = (struct souk_ranker_training){.forest_text = NULL};
    if (found == 0)
        return souk_fail(err, SOUK_ENOTFOUND,
                         "no candidate was wanted in the label windows: the ranker has nothing to "
                         "learn from");
    souk_status status = souk_status_agree_all(comm, split(&w), err);
    if (!status)
        status = explore_all(&w, params, out);
    if (!status)
        status = train_whole_all(&w, *params, out);
    souk_rankdata_fini(&w.data[0]);
    souk_rankdata_fini(&w.data[1]);
    return status;
}
