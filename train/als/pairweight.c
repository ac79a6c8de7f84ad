#include "train/als/pairweight.h"

#include "shared/base/memory.h"
#include "shared/math/fixed.h"

#include <math.h>
#include <stdlib.h>

static int64_t pairs_of(const struct souk_ratings_part *p)
{
    return p->offsets[p->users.count];
}

static souk_status measure_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                               struct souk_recency *recency, struct souk_error *err)
{
    const int shift = souk_fixed_shift(1, ratings->pairs > 0 ? ratings->pairs : 1);
    int64_t sum = 0;
    souk_status status = souk_ratings_newest_all(comm, ratings, &recency->newest_ms, err);
    if (status)
        return status;
    for (int k = 0; k < ratings->local_count; k++)
        for (int64_t at = 0; at < pairs_of(&ratings->local[k]); at++)
            sum +=
                souk_fixed_from(souk_recency_decay(recency, ratings->local[k].last_ms[at]), shift);
    status = souk_sum_i64_all(comm, &sum, 1, err);
    recency->mean = souk_fixed_to(sum, shift) / (double)ratings->pairs;
    return status;
}

static souk_status weigh_part(const struct souk_ratings_part *p, double power,
                              const struct souk_recency *recency, float *weight,
                              struct souk_error *err)
{
    for (int64_t at = 0; at < pairs_of(p); at++) {
        const double given = (double)p->weight[at];
        const double raised = power == 0 ? 1 : pow(given, power);
        weight[at] = (float)(raised * souk_recency_factor(recency, p->last_ms[at]));
        if (!isfinite(weight[at]))
            return souk_fail(err, SOUK_ENUMERIC,
                             "a pair of weight %g to the power %g is out of range: take a smaller "
                             "--weight-power",
                             given, power);
    }
    return SOUK_OK;
}

static souk_status weigh(const struct souk_ratings *ratings, double power,
                         struct souk_pairweight_view *out, struct souk_error *err)
{
    int64_t at = 0;
    souk_status status = SOUK_OK;
    for (int k = 0; k < ratings->local_count; k++)
        at += pairs_of(&ratings->local[k]);
    out->weight = souk_alloc_array((size_t)at, sizeof *out->weight);
    out->ratings.local = souk_alloc_array((size_t)ratings->local_count, sizeof *out->ratings.local);
    if (!out->weight || !out->ratings.local)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the weights of %lld pairs",
                         (long long)at);
    at = 0;
    for (int k = 0; k < ratings->local_count && !status; k++) {
        struct souk_ratings_part *p = &out->ratings.local[k];
        *p = ratings->local[k];
        p->weight = out->weight + at;
        status = weigh_part(&ratings->local[k], power, &out->recency, p->weight, err);
        at += pairs_of(p);
    }
    return status;
}

souk_status souk_pairweight_view_all(const struct souk_comm *comm,
                                     const struct souk_ratings *ratings,
                                     const struct souk_pairweight_rule *rule,
                                     struct souk_pairweight_view *out, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    *out = (struct souk_pairweight_view){
        .ratings = *ratings, .recency = {.half_life_ms = rule->half_life_ms, .mean = 1}};
    out->ratings.local = NULL;
    if (rule->half_life_ms > 0)
        status = measure_all(comm, ratings, &out->recency, err);
    return status ? status
                  : souk_status_agree_all(comm, weigh(ratings, rule->power, out, err), err);
}

void souk_pairweight_fini(struct souk_pairweight_view *view)
{
    free(view->ratings.local);
    free(view->weight);
    *view = (struct souk_pairweight_view){0};
}
