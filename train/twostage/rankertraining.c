#include "train/twostage/rankertraining.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/score/foresttext.h"
#include "train/comm/exactsum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct work {
    const struct souk_comm *comm;
    const struct souk_training_rows *rows;
    const struct souk_model_stages *stages;
    struct souk_boosting_params params;
    const struct souk_rankobjective *objectives;
    int count;
    double deviation[SOUK_RANKER_OBJECTIVES_MAX]; /* of the held-out users' scores; > 0 */
    struct souk_error *err;
};

/* Over the rows of all ranks. @param score [rows]; @param scratch [rows] */
static souk_status deviation_all(const struct work *w, const double *score, int64_t rows,
                                 double *scratch, double *deviation)
{
    int64_t total = rows;
    double sum = 0, squares = 0;
    souk_status status = souk_sum_i64_all(w->comm, &total, 1, w->err);
    if (!status)
        status = souk_exact_sum_all(w->comm, score, rows, total, &sum, w->err);
    const double mean = total > 0 ? sum / (double)total : 0;
    for (int64_t i = 0; i < rows; i++)
        scratch[i] = (score[i] - mean) * (score[i] - mean);
    if (!status)
        status = souk_exact_sum_all(w->comm, scratch, rows, total, &squares, w->err);
    *deviation = total > 0 ? sqrt(squares / (double)total) : 0;
    return status;
}

/* The trees of an objective, behind those of the ones before it. */
static souk_status keep_judges_all(const struct work *w, int objective, struct souk_forest *judge,
                                   struct souk_heldout *h)
{
    souk_status status = SOUK_OK;
    for (int f = 0; f < SOUK_HELDOUT_FOLDS && !status; f++) {
        souk_forest_scale(&judge[f], 1 / w->deviation[objective]);
        if (judge[f].trees > 0)
            status = souk_forest_join(&h->judge[f], &judge[f], w->err);
    }
    return souk_status_agree_all(w->comm, status, w->err);
}

static souk_status try_objective_all(struct work *w, int objective, struct souk_heldout *h,
                                     double *score, double *scratch)
{
    double *deviation = &w->deviation[objective];
    struct souk_forest judge[SOUK_HELDOUT_FOLDS];
    w->params.objective = w->objectives[objective];
    souk_status status =
        souk_heldout_score_all(w->comm, w->rows, w->stages, &w->params, h, score, judge, w->err);
    if (!status)
        status = deviation_all(w, score, h->data.rows, scratch, deviation);
    *deviation = *deviation > 0 ? *deviation : 1; /* trees of one leaf */
    for (int64_t i = 0; i < h->data.rows && !status; i++)
        h->forest[i] += score[i] / *deviation;
    if (!status)
        status = keep_judges_all(w, objective, judge, h);
    for (int f = 0; f < SOUK_HELDOUT_FOLDS; f++)
        souk_forest_fini(&judge[f]);
    return status;
}

/* Held-out users ranked by the sum of all objectives. */
static souk_status try_all(struct work *w, struct souk_heldout *h)
{
    double *score = NULL, *scratch = NULL;
    souk_status status = souk_heldout_take(w->rows, w->stages, h, w->err);
    if (!status) {
        score = souk_alloc_array((size_t)h->data.rows, sizeof *score);
        scratch = souk_alloc_array((size_t)h->data.rows, sizeof *scratch);
        if (!score || !scratch)
            status = souk_fail(w->err, SOUK_ENOMEM, "out of memory for the held-out users");
    }
    status = souk_status_agree_all(w->comm, status, w->err);
    for (int o = 0; o < w->count && !status; o++)
        status = try_objective_all(w, o, h, score, scratch);
    free(score);
    free(scratch);
    return status;
}

static souk_status train_trees_all(struct work *w, const struct souk_rankdata *data,
                                   struct souk_forest *sum)
{
    souk_status status = SOUK_OK;
    for (int o = 0; o < w->count && !status; o++) {
        struct souk_forest forest = {0};
        struct souk_boosting_report report;
        w->params.objective = w->objectives[o];
        status = souk_ranker_train_all(w->comm, data, NULL, &w->params, &forest, &report, w->err);
        if (!status) {
            souk_forest_scale(&forest, 1 / w->deviation[o]);
            status = souk_status_agree_all(w->comm, souk_forest_join(sum, &forest, w->err), w->err);
        }
        souk_forest_fini(&forest);
    }
    return status;
}

static souk_status train_whole_all(struct work *w, struct souk_ranker_training *out)
{
    struct souk_rankdata data = {0};
    struct souk_forest sum = {0};
    size_t len = 0;
    souk_status status = souk_status_agree_all(
        w->comm, souk_training_rows_take(w->rows, w->stages, -1, &data, w->err), w->err);
    if (!status)
        status = train_trees_all(w, &data, &sum);
    out->trees = sum.trees;
    if (!status)
        status = souk_status_agree_all(
            w->comm, souk_forest_format(&sum, &out->forest_text, &len, w->err), w->err);
    souk_forest_fini(&sum);
    souk_rankdata_fini(&data);
    return status;
}

souk_status souk_ranker_training_all(const struct souk_comm *comm,
                                     const struct souk_training_rows *rows,
                                     const struct souk_model_stages *stages,
                                     const struct souk_stage_rules *rules,
                                     const struct souk_boosting_params *params,
                                     const struct souk_rankobjective *objectives, int count,
                                     struct souk_ranker_training *out, struct souk_error *err)
{
    struct work w = {.comm = comm,
                     .rows = rows,
                     .stages = stages,
                     .params = *params,
                     .objectives = objectives,
                     .count = count,
                     .err = err};
    *out = (struct souk_ranker_training){.forest_text = NULL};
    if (rows->found == 0)
        return souk_fail(err, SOUK_ENOTFOUND,
                         "no candidate was wanted in the label windows: the ranker has nothing to "
                         "learn from");
    souk_status status = try_all(&w, &out->held);
    if (!status)
        status = souk_fusion_choose_all(comm, &out->held, stages, rules, &out->fusion, err);
    if (!status)
        status = train_whole_all(&w, out);
    if (status)
        souk_ranker_training_fini(out);
    return status;
}

void souk_ranker_training_fini(struct souk_ranker_training *t)
{
    free(t->forest_text);
    souk_heldout_fini(&t->held);
    *t = (struct souk_ranker_training){0};
}
