#include "train/twostage/fusion.h"

#include "shared/base/memory.h"
#include "shared/math/fixed.h"
#include "shared/score/features.h"
#include "shared/score/stagescore.h"

#include <math.h>
#include <stdlib.h>

/* Candidates for the weight, the trees' scores having a deviation of 1. */
static const float weights[] = {0, .125F, .25F, .5F, 1};
enum { WEIGHTS = sizeof weights / sizeof weights[0], TOP = 10, FEWEST = 50, SHIFT = 30 };

struct work {
    const struct souk_comm *comm;
    const struct souk_rankdata *data;
    const struct souk_model_stages *stages;
    const double *forest;          /* [rows] */
    enum souk_segment *segment;    /* [groups] */
    double *base;                  /* [rows], log of the source at hand */
    int64_t groups[SOUK_SEGMENTS]; /* of all ranks */
    struct souk_error *err;
};

/* What is added up for a row. */
static double score_of(const struct work *w, double of_forest, float weight, int64_t row)
{
    return of_forest * w->forest[row] + (double)weight * w->base[row];
}

/* NDCG@10 of labels 0 and 1; equal scores stand in the order of the rows. */
static double ndcg_of(const struct work *w, int64_t group, double of_forest, float weight)
{
    const int64_t first = w->data->group_start[group], end = w->data->group_start[group + 1];
    double top[TOP], dcg = 0, best = 0;
    bool is_wanted[TOP] = {false};
    int count = 0, wanted = 0;
    for (int64_t i = first; i < end; i++) {
        const double score = score_of(w, of_forest, weight, i);
        wanted += w->data->label[i] > 0;
        if (count == TOP && !(score > top[TOP - 1]))
            continue;
        int at = count < TOP ? count++ : TOP - 1;
        for (; at > 0 && score > top[at - 1]; at--) {
            top[at] = top[at - 1];
            is_wanted[at] = is_wanted[at - 1];
        }
        top[at] = score;
        is_wanted[at] = w->data->label[i] > 0;
    }
    for (int i = 0; i < count; i++) {
        dcg += is_wanted[i] ? 1 / log2(i + 2) : 0;
        best += i < wanted ? 1 / log2(i + 2) : 0;
    }
    return best > 0 ? dcg / best : 0;
}

/* Means over the groups of each segment, for each weight: exact sums. */
static souk_status measure_all(const struct work *w, double of_forest, const float *weight,
                               int count, double ndcg[][SOUK_SEGMENTS])
{
    int64_t sums[WEIGHTS * SOUK_SEGMENTS] = {0};
    const int64_t groups = w->data->groups;
#pragma omp parallel for default(none) shared(w, of_forest, weight, count, groups)                 \
    reduction(+ : sums) schedule(dynamic, 16)
    for (int64_t g = 0; g < groups; g++)
        for (int i = 0; i < count; i++)
            sums[i * SOUK_SEGMENTS + w->segment[g]] +=
                souk_fixed_from(ndcg_of(w, g, of_forest, weight[i]), SHIFT);
    const souk_status status = souk_sum_i64_all(w->comm, sums, count * SOUK_SEGMENTS, w->err);
    for (int i = 0; i < count; i++)
        for (int s = 0; s < SOUK_SEGMENTS; s++)
            ndcg[i][s] = w->groups[s] > 0 ? souk_fixed_to(sums[i * SOUK_SEGMENTS + s], SHIFT) /
                                                (double)w->groups[s]
                                          : 0;
    return status;
}

static void fill_base(const struct work *w, int source, bool lifted)
{
    const int feature = souk_feature_of_source(w->stages, source, lifted);
    for (int64_t i = 0; i < w->data->rows; i++)
        w->base[i] = souk_stage_base(w->data->value[i * w->data->features + feature]);
}

static souk_status try_source_all(const struct work *w, int source, bool lifted,
                                  struct souk_fusion *out)
{
    static const float whole[] = {1};
    double ndcg[WEIGHTS][SOUK_SEGMENTS], alone[1][SOUK_SEGMENTS];
    fill_base(w, source, lifted);
    souk_status status = measure_all(w, 0, whole, 1, alone);
    if (!status)
        status = measure_all(w, 1, weights, WEIGHTS, ndcg);
    for (int s = 0; s < SOUK_SEGMENTS && !status; s++) {
        struct souk_fusion_figures *f = &out->figures[s];
        f->source = fmax(f->source, alone[0][s]);
        f->forest = ndcg[0][s];
        for (int i = 0; i < WEIGHTS; i++) {
            if (!(ndcg[i][s] > f->both))
                continue;
            f->both = ndcg[i][s];
            out->blend[s] = (struct souk_blend){source, lifted, weights[i]};
        }
    }
    return status;
}

static souk_status count_segments_all(struct work *w, const struct souk_stage_rules *rules)
{
    const int items = souk_feature_of_items(w->stages);
    for (int64_t g = 0; g < w->data->groups; g++) {
        const float *row = w->data->value + w->data->group_start[g] * w->data->features;
        w->segment[g] = souk_stage_segment(rules, row[items]);
        w->groups[w->segment[g]]++;
    }
    return souk_sum_i64_all(w->comm, w->groups, SOUK_SEGMENTS, w->err);
}

souk_status souk_fusion_choose_all(const struct souk_comm *comm, const struct souk_heldout *h,
                                   const struct souk_model_stages *stages,
                                   const struct souk_stage_rules *rules, struct souk_fusion *out,
                                   struct souk_error *err)
{
    struct work w = {
        .comm = comm, .data = &h->data, .stages = stages, .forest = h->forest, .err = err};
    souk_status status = SOUK_OK;
    *out = (struct souk_fusion){0};
    w.segment = souk_alloc_array((size_t)h->data.groups, sizeof *w.segment);
    w.base = souk_alloc_array((size_t)h->data.rows, sizeof *w.base);
    if (!w.segment || !w.base)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for the held-out users");
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = count_segments_all(&w, rules);
    for (int b = 0; b < 2 * stages->source_count && !status; b++)
        status = try_source_all(&w, b / 2, b % 2, out);
    for (int s = 0; s < SOUK_SEGMENTS; s++) {
        out->figures[s].groups = w.groups[s];
        if (w.groups[s] < FEWEST && w.groups[1 - s] > w.groups[s])
            out->blend[s] = out->blend[1 - s];
    }
    free(w.segment);
    free(w.base);
    return status;
}
