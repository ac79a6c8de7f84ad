#include "train/ranker/rankmetric.h"

#include "shared/base/memory.h"
#include "train/comm/exactsum.h"
#include "train/ranker/rankobjectives.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double dcg(const float *label, const int32_t *order, int k)
{
    double sum = 0;
    for (int i = 0; i < k; i++)
        sum += (exp2((double)label[order[i]]) - 1) / log2(i + 2.0);
    return sum;
}

/* The k largest labels first, by selection: k is small. */
static void best_order(const float *label, int n, int k, int32_t *order)
{
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int i = 0; i < k; i++)
        for (int j = i + 1; j < n; j++)
            if (label[order[j]] > label[order[i]]) {
                const int32_t swap = order[i];
                order[i] = order[j];
                order[j] = swap;
            }
}

double souk_rank_ndcg(const double *score, const float *label, int n, int k, int32_t *order,
                      int32_t *spare)
{
    const int top = n < k ? n : k;
    best_order(label, n, top, order);
    const double best = dcg(label, order, top);
    if (!(best > 0))
        return 1;
    souk_rank_order(score, n, order, spare);
    return dcg(label, order, top) / best;
}

static bool is_ranking(const struct souk_rankobjective *objective)
{
    return !souk_rankobjective_is_pointwise(objective);
}

bool souk_rankmetric_grows(const struct souk_rankobjective *objective)
{
    return is_ranking(objective);
}

void souk_rankmetric_name(const struct souk_rankobjective *objective, int k, char name[24])
{
    if (is_ranking(objective))
        snprintf(name, 24, "ndcg@%d", k);
    else
        snprintf(name, 24, "%s", objective->kind == SOUK_RANK_RMSE ? "rmse" : "logloss");
}

/* A row's squared error, or its log loss. */
static double row_loss(const struct souk_rankobjective *objective, double label, double score)
{
    if (objective->kind == SOUK_RANK_RMSE)
        return (label - score) * (label - score);
    const double p = souk_rankobjective_transform(objective, score);
    const double floor = 1e-15; /* a certain error costs 34.5, not infinity */
    return -label * log(fmax(p, floor)) - (1 - label) * log(fmax(1 - p, floor));
}

static void fill(const struct souk_rankdata *d, const struct souk_rankobjective *objective, int k,
                 const double *score, int32_t *order, double *value)
{
    const int64_t half = d->rows;
    for (int64_t g = 0; is_ranking(objective) && g < d->groups; g++) {
        const int64_t start = d->group_start[g];
        value[g] = souk_rank_ndcg(score + start, d->label + start,
                                  (int)(d->group_start[g + 1] - start), k, order, order + half);
    }
    for (int64_t r = 0; !is_ranking(objective) && r < d->rows; r++)
        value[r] = row_loss(objective, (double)d->label[r], score[r]);
}

souk_status souk_rankmetric_all(const struct souk_comm *comm, const struct souk_rankdata *d,
                                const struct souk_rankdata_totals *totals,
                                const struct souk_rankobjective *objective, int k,
                                const double *score, double *metric, struct souk_error *err)
{
    const int64_t n = is_ranking(objective) ? d->groups : d->rows;
    const int64_t total = is_ranking(objective) ? totals->groups : totals->rows;
    double *value = souk_alloc_array((size_t)n, sizeof *value), sum = 0;
    int32_t *order = souk_alloc_array((size_t)d->rows, 2 * sizeof *order);
    souk_status status = SOUK_OK;
    if (!value || !order)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a metric");
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    fill(d, objective, k, score, order, value);
    status = souk_exact_sum_all(comm, value, n, total, &sum, err);
    *metric = total > 0 ? sum / (double)total : NAN;
    if (objective->kind == SOUK_RANK_RMSE)
        *metric = sqrt(*metric);
out:
    free(value);
    free(order);
    return status;
}
