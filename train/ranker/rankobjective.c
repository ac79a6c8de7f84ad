#include "train/ranker/rankobjective.h"
#include "train/ranker/rankobjectives.h"

#include "shared/base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef void (*gradients_fn)(const struct souk_rankobjective *, struct souk_rankscratch *,
                             const struct souk_rankgroup *, int64_t, double *, double *);

static const struct {
    const char *name;
    gradients_fn gradients;
} OBJECTIVES[SOUK_RANK_OBJECTIVES] = {
    [SOUK_RANK_LAMBDARANK] = {"lambdarank", souk_lambdarank_gradients},
    [SOUK_RANK_YETIRANK] = {"yetirank", souk_yetirank_gradients},
    [SOUK_RANK_YETIRANK_PAIRWISE] = {"yetirank-pairwise", souk_yetirank_gradients},
    [SOUK_RANK_PAIRLOGIT] = {"pairlogit", souk_pairlogit_gradients},
    [SOUK_RANK_QUERYRMSE] = {"queryrmse", souk_queryrmse_gradients},
    [SOUK_RANK_LOGISTIC] = {"logistic", souk_logistic_gradients},
    [SOUK_RANK_RMSE] = {"rmse", souk_rmse_gradients},
};

souk_status souk_rankobjective_find(const char *name, struct souk_rankobjective *objective,
                                    struct souk_error *err)
{
    for (int kind = 0; kind < SOUK_RANK_OBJECTIVES; kind++)
        if (strcmp(name, OBJECTIVES[kind].name) == 0) {
            *objective = (struct souk_rankobjective){
                .kind = (enum souk_rankobjective_kind)kind,
                .sigmoid = 1,
                .truncation = 30,
                .normalise = true,
                .permutations = 10,
                .decay = .85,
                .noise = SOUK_RANK_LOGISTIC_NOISE,
            };
            return SOUK_OK;
        }
    return souk_fail(err, SOUK_EUSAGE,
                     "objective '%s' is not one of lambdarank, yetirank, yetirank-pairwise, "
                     "pairlogit, queryrmse, logistic, rmse",
                     name);
}

const char *souk_rankobjective_name(enum souk_rankobjective_kind kind)
{
    return OBJECTIVES[kind].name;
}

souk_status souk_rankobjective_check(const struct souk_rankobjective *o, struct souk_error *err)
{
    if (!(o->sigmoid > 0 && o->sigmoid <= 1e6))
        return souk_fail(err, SOUK_EUSAGE, "sigmoid %g is not in (0, 1e6]", o->sigmoid);
    if (o->truncation < 1)
        return souk_fail(err, SOUK_EUSAGE, "truncation level %d is below 1", o->truncation);
    if (o->permutations < 1)
        return souk_fail(err, SOUK_EUSAGE, "%d permutations are below 1", o->permutations);
    if (!(o->decay > 0 && o->decay <= 1))
        return souk_fail(err, SOUK_EUSAGE, "decay %g is not in (0, 1]", o->decay);
    return SOUK_OK;
}

static const char *label_reason(const struct souk_rankobjective *o, float label)
{
    if (!isfinite(label))
        return "is not a finite number";
    if (o->kind == SOUK_RANK_LAMBDARANK &&
        !(label >= 0 && label <= SOUK_RANK_MAX_GRADE && label == floorf(label)))
        return "is not a grade: lambdarank takes integers from 0 to 31";
    if (o->kind == SOUK_RANK_LOGISTIC && !(label >= 0 && label <= 1))
        return "is not in [0, 1], as logistic needs";
    return NULL;
}

souk_status souk_rankobjective_check_labels(const struct souk_rankobjective *o, const float *label,
                                            int64_t n, int64_t first_row, struct souk_error *err)
{
    for (int64_t i = 0; i < n; i++) {
        const char *reason = label_reason(o, label[i]);
        if (reason)
            return souk_fail(err, SOUK_EFORMAT, "row %lld: label %g %s",
                             (long long)(first_row + i + 1), (double)label[i], reason);
    }
    return SOUK_OK;
}

bool souk_rankobjective_is_pointwise(const struct souk_rankobjective *o)
{
    return o->kind == SOUK_RANK_LOGISTIC || o->kind == SOUK_RANK_RMSE;
}

bool souk_rankobjective_has_leaf_system(const struct souk_rankobjective *o)
{
    return o->kind == SOUK_RANK_YETIRANK_PAIRWISE;
}

double souk_rankobjective_initial(const struct souk_rankobjective *o, double mean_label)
{
    /* Where every label is the same the log-odds are infinite; trees have nothing to add anyway. */
    const double least = 1e-15, p = fmin(fmax(mean_label, least), 1 - least);
    if (o->kind == SOUK_RANK_RMSE)
        return mean_label;
    return o->kind == SOUK_RANK_LOGISTIC ? log(p / (1 - p)) / o->sigmoid : 0;
}

double souk_rankobjective_transform(const struct souk_rankobjective *o, double score)
{
    return o->kind == SOUK_RANK_LOGISTIC ? 1 / (1 + exp(-o->sigmoid * score)) : score;
}

souk_status souk_rankscratch_init(struct souk_rankscratch *scratch, int capacity,
                                  struct souk_error *err)
{
    const size_t n = (size_t)capacity;
    *scratch = (struct souk_rankscratch){
        .capacity = capacity,
        .key = souk_alloc_array(n, sizeof *scratch->key),
        .order = souk_alloc_array(n, sizeof *scratch->order),
        .spare = souk_alloc_array(n, sizeof *scratch->spare),
        .pairs = souk_alloc_array(n, sizeof *scratch->pairs),
    };
    if (!scratch->key || !scratch->order || !scratch->spare || !scratch->pairs)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a query group of %d documents", capacity);
    return SOUK_OK;
}

void souk_rankscratch_fini(struct souk_rankscratch *scratch)
{
    free(scratch->key);
    free(scratch->order);
    free(scratch->spare);
    free(scratch->pairs);
    *scratch = (struct souk_rankscratch){0};
}

souk_status souk_rankobjective_gradients(const struct souk_rankobjective *o,
                                         struct souk_rankscratch *scratch,
                                         const struct souk_rankgroup *group, int64_t iteration,
                                         double *gradient, double *hessian, struct souk_error *err)
{
    assert(group->n >= 0 && group->n <= scratch->capacity);
    const souk_status status = souk_rankgroup_check_scores(group, err);
    if (status != SOUK_OK)
        return status;
    OBJECTIVES[o->kind].gradients(o, scratch, group, iteration, gradient, hessian);
    return SOUK_OK;
}
