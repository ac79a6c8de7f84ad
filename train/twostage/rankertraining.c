#include "train/twostage/rankertraining.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/score/foresttext.h"
#include "train/comm/exactsum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUARTERS = 4 };

struct work {
    const struct souk_comm *comm;
    const struct souk_training_rows *rows;
    const struct souk_model_stages *stages;
    struct souk_boosting_params params;
    const struct souk_rankobjective *objectives;
    int count;
    double deviation[SOUK_RANKER_OBJECTIVES_MAX]; /* of the held-out users' scores; > 0 */
    struct souk_forest judge[SOUK_RANKER_OBJECTIVES_MAX][SOUK_HELDOUT_FOLDS];
    int trees;               /* of each objective, as chosen */
    double *score, *scratch; /* [held-out rows] */
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

/* The trees that held-out users are ranked by, as long as their number is not settled. */
static souk_status learn_judges_all(struct work *w)
{
    souk_status status = SOUK_OK;
    for (int o = 0; o < w->count && !status; o++) {
        w->params.objective = w->objectives[o];
        status =
            souk_heldout_learn_all(w->comm, w->rows, w->stages, &w->params, w->judge[o], w->err);
    }
    return status;
}

/* w->score by one objective. */
static souk_status score_all(const struct work *w, int objective, int trees,
                             const struct souk_heldout *h)
{
    souk_status status = SOUK_OK;
    for (int64_t i = 0; i < h->data.rows; i++)
        w->score[i] = 0;
    for (int f = 0; f < SOUK_HELDOUT_FOLDS && !status; f++)
        status = souk_heldout_score(h, f, &w->judge[objective][f], trees, w->score, w->err);
    return souk_status_agree_all(w->comm, status, w->err);
}

/* Rank the held-out users by the first `trees` trees of all objectives. */
static souk_status rank_all(struct work *w, int trees, struct souk_heldout *h)
{
    souk_status status = SOUK_OK;
    for (int64_t i = 0; i < h->data.rows; i++)
        h->forest[i] = 0;
    for (int o = 0; o < w->count && !status; o++) {
        status = score_all(w, o, trees, h);
        if (!status)
            status = deviation_all(w, w->score, h->data.rows, w->scratch, &w->deviation[o]);
        if (!(w->deviation[o] > 0))
            w->deviation[o] = 1; /* trees of one leaf */
        for (int64_t i = 0; i < h->data.rows; i++)
            h->forest[i] += w->score[i] / w->deviation[o];
    }
    return status;
}

/* NDCG of all held-out users. */
static double metric_of(const struct souk_fusion *fusion)
{
    double sum = 0;
    int64_t groups = 0;
    for (int s = 0; s < SOUK_SEGMENTS; s++) {
        sum += (double)fusion->figures[s].groups * fusion->figures[s].both;
        groups += fusion->figures[s].groups;
    }
    return groups > 0 ? sum / (double)groups : 0;
}

/* The number of trees, and with it the blend. The held-out users are ranked by it in the end. */
static souk_status choose_trees_all(struct work *w, const struct souk_stage_rules *rules,
                                    struct souk_heldout *h, struct souk_fusion *fusion)
{
    souk_status status = SOUK_OK;
    double best = -1;
    int ranked = 0;
    for (int quarter = 1; quarter <= QUARTERS && !status; quarter++) {
        struct souk_fusion tried;
        ranked = (w->params.trees * quarter + QUARTERS - 1) / QUARTERS;
        status = rank_all(w, ranked, h);
        if (!status)
            status = souk_fusion_choose_all(w->comm, h, w->stages, rules, &tried, w->err);
        if (status || !(metric_of(&tried) > best))
            continue;
        best = metric_of(&tried);
        *fusion = tried;
        w->trees = ranked;
    }
    return status || ranked == w->trees ? status : rank_all(w, w->trees, h);
}

/* h->judge[f] = sum over the objectives of the trees that judged the fold. */
static souk_status keep_judges_all(struct work *w, struct souk_heldout *h)
{
    souk_status status = SOUK_OK;
    for (int o = 0; o < w->count; o++) {
        for (int f = 0; f < SOUK_HELDOUT_FOLDS && !status; f++) {
            struct souk_forest *judge = &w->judge[o][f];
            souk_forest_truncate(judge, w->trees < judge->trees ? w->trees : judge->trees);
            souk_forest_scale(judge, 1 / w->deviation[o]);
            if (judge->trees > 0)
                status = souk_forest_join(&h->judge[f], judge, w->err);
        }
    }
    return souk_status_agree_all(w->comm, status, w->err);
}

static souk_status judge_all(struct work *w, const struct souk_stage_rules *rules,
                             struct souk_ranker_training *out)
{
    struct souk_heldout *h = &out->held;
    souk_status status = souk_heldout_take(w->rows, w->stages, h, w->err);
    if (!status) {
        w->score = souk_alloc_array((size_t)h->data.rows, sizeof *w->score);
        w->scratch = souk_alloc_array((size_t)h->data.rows, sizeof *w->scratch);
        if (!w->score || !w->scratch)
            status = souk_fail(w->err, SOUK_ENOMEM, "out of memory for the held-out users");
    }
    status = souk_status_agree_all(w->comm, status, w->err);
    if (!status)
        status = learn_judges_all(w);
    if (!status)
        status = choose_trees_all(w, rules, h, &out->fusion);
    if (!status)
        status = keep_judges_all(w, h);
    for (int o = 0; o < w->count; o++)
        for (int f = 0; f < SOUK_HELDOUT_FOLDS; f++)
            souk_forest_fini(&w->judge[o][f]);
    free(w->score);
    free(w->scratch);
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
    souk_status status = judge_all(&w, rules, out);
    w.params.trees = w.trees;
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
