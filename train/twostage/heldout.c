#include "train/twostage/heldout.h"

#include "shared/base/memory.h"
#include "shared/score/features.h"
#include "shared/score/forestscorer.h"

#include <stdlib.h>
#include <string.h>

enum { NEVER = -1 };

static bool is_by_time(const struct souk_training_rows *r)
{
    return r->is_temporal && r->windows > 1;
}

static int folds_of(const struct souk_training_rows *r)
{
    return is_by_time(r) ? 1 : SOUK_HELDOUT_FOLDS;
}

int souk_heldout_fold(const struct souk_training_rows *r, int window, uint64_t user)
{
    if (is_by_time(r))
        return window == 0 ? 0 : NEVER;
    return (int)(user / 7 % SOUK_HELDOUT_FOLDS);
}

static int fold_of(const struct souk_training_rows *r, int64_t group)
{
    return souk_heldout_fold(r, r->group_window[group], r->group_hash[group]);
}

static souk_status name_features(const struct souk_model_stages *stages, struct souk_rankdata *d)
{
    d->feature_name = souk_zalloc_array((size_t)d->features, sizeof *d->feature_name);
    if (!d->feature_name)
        return SOUK_ENOMEM;
    for (int f = 0; f < d->features; f++) {
        char name[2 * SOUK_NAME_MAX_BYTES];
        souk_feature_name(stages, f, name, sizeof name);
        d->feature_name[f] = souk_strndup(name, strlen(name));
        if (!d->feature_name[f])
            return SOUK_ENOMEM;
    }
    return SOUK_OK;
}

/* Which groups, and which of their rows. */
struct choice {
    bool held; /* those that some fold holds out, with all candidates */
    int fold;  /* else those that this one leaves, with the drawn ones */
};

static bool is_chosen(const struct souk_training_rows *r, int64_t group, struct choice c)
{
    const int fold = fold_of(r, group);
    return c.held ? fold != NEVER : c.fold < 0 || fold != c.fold;
}

/* @param d NULL: only count */
static int64_t take_group(const struct souk_training_rows *r, int64_t group, bool all,
                          struct souk_rankdata *d, int64_t to)
{
    for (int64_t i = r->group_first[group]; i < r->group_first[group + 1]; i++) {
        if (!all && !r->is_drawn[i])
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

/* A user of a window has the same number wherever the row lies: draws do not depend on ranks. */
static void fill(const struct souk_training_rows *r, struct choice c, struct souk_rankdata *d)
{
    int64_t to = 0, group = 0;
    for (int64_t g = 0; g < r->groups; g++) {
        if (!is_chosen(r, g, c))
            continue;
        d->group_number[group] = (int64_t)((r->group_hash[g] + (uint64_t)r->group_window[g]) >> 1);
        d->group_start[group++] = to;
        to = take_group(r, g, c.held, d, to);
        d->group_start[group] = to;
    }
}

static souk_status take(const struct souk_training_rows *r, const struct souk_model_stages *stages,
                        struct choice c, struct souk_rankdata *d, struct souk_error *err)
{
    int64_t groups = 0, rows = 0;
    for (int64_t g = 0; g < r->groups; g++) {
        if (!is_chosen(r, g, c))
            continue;
        groups++;
        rows = take_group(r, g, c.held, NULL, rows);
    }
    souk_status status = souk_rankdata_init(d, rows, groups, r->features, err);
    if (status)
        return status;
    d->group_number = souk_alloc_array((size_t)groups, sizeof *d->group_number);
    status = d->group_number ? name_features(stages, d) : SOUK_ENOMEM;
    if (!status) {
        fill(r, c, d);
        return SOUK_OK;
    }
    souk_rankdata_fini(d);
    return souk_fail(err, status, "out of memory for %lld users to learn from", (long long)groups);
}

souk_status souk_training_rows_take(const struct souk_training_rows *rows,
                                    const struct souk_model_stages *stages, int fold,
                                    struct souk_rankdata *out, struct souk_error *err)
{
    return take(rows, stages, (struct choice){.fold = fold}, out, err);
}

souk_status souk_heldout_take(const struct souk_training_rows *rows,
                              const struct souk_model_stages *stages, struct souk_heldout *out,
                              struct souk_error *err)
{
    *out = (struct souk_heldout){0};
    const souk_status status = take(rows, stages, (struct choice){.held = true}, &out->data, err);
    if (status)
        return status;
    out->fold = souk_alloc_array((size_t)out->data.groups, sizeof *out->fold);
    out->forest = souk_zalloc_array((size_t)out->data.rows, sizeof *out->forest);
    if (!out->fold || !out->forest) {
        souk_heldout_fini(out);
        return souk_fail(err, SOUK_ENOMEM, "out of memory for the held-out users");
    }
    for (int64_t g = 0, at = 0; g < rows->groups; g++)
        if (fold_of(rows, g) != NEVER)
            out->fold[at++] = fold_of(rows, g);
    return SOUK_OK;
}

void souk_heldout_fini(struct souk_heldout *h)
{
    souk_rankdata_fini(&h->data);
    free(h->fold);
    free(h->forest);
    for (int f = 0; f < SOUK_HELDOUT_FOLDS; f++)
        souk_forest_fini(&h->judge[f]);
    *h = (struct souk_heldout){0};
}

/* Each thread scores whole groups. @return threads that had no memory to */
static int score_groups(const struct souk_heldout *h, int fold,
                        const struct souk_forestscorer *scorer, double *score)
{
    const struct souk_rankdata *d = &h->data;
    int failed = 0;
#pragma omp parallel default(none) shared(h, fold, scorer, score, d) reduction(+ : failed)
    {
        void *scratch = souk_alloc_aligned(souk_forestscorer_scratch_bytes(scorer), 1);
        failed += !scratch;
#pragma omp for schedule(dynamic, 16)
        for (int64_t g = 0; g < d->groups; g++) {
            const int64_t start = d->group_start[g];
            if (scratch && h->fold[g] == fold)
                souk_forestscorer_score_floats(scorer, d->value + start * d->features,
                                               d->group_start[g + 1] - start, d->features, scratch,
                                               score + start);
        }
        free(scratch);
    }
    return failed;
}

souk_status souk_heldout_score(const struct souk_heldout *h, int fold,
                               const struct souk_forest *judge, int trees, double *score,
                               struct souk_error *err)
{
    struct souk_forestscorer *scorer = NULL;
    struct souk_forest first = *judge; /* only read */
    first.trees = trees < judge->trees ? trees : judge->trees;
    if (first.trees == 0)
        return SOUK_OK;
    souk_status status = souk_forestscorer_new(&first, &scorer, err);
    if (status == SOUK_OK && score_groups(h, fold, scorer, score) > 0)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to score the held-out users");
    souk_forestscorer_free(scorer);
    return status;
}

static souk_status learn_fold_all(const struct souk_comm *comm,
                                  const struct souk_training_rows *rows,
                                  const struct souk_model_stages *stages,
                                  const struct souk_boosting_params *params, int fold,
                                  struct souk_forest *forest, struct souk_error *err)
{
    struct souk_rankdata data = {0};
    struct souk_boosting_report report;
    souk_status status =
        souk_status_agree_all(comm, souk_training_rows_take(rows, stages, fold, &data, err), err);
    int64_t total = data.rows;
    if (!status)
        status = souk_sum_i64_all(comm, &total, 1, err);
    if (!status && total > 0)
        status = souk_ranker_train_all(comm, &data, NULL, params, forest, &report, err);
    souk_rankdata_fini(&data);
    return status;
}

souk_status souk_heldout_learn_all(const struct souk_comm *comm,
                                   const struct souk_training_rows *rows,
                                   const struct souk_model_stages *stages,
                                   const struct souk_boosting_params *params,
                                   struct souk_forest *judge, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    memset(judge, 0, SOUK_HELDOUT_FOLDS * sizeof *judge);
    for (int fold = 0; fold < folds_of(rows) && !status; fold++)
        status = learn_fold_all(comm, rows, stages, params, fold, &judge[fold], err);
    return status;
}
