#include "train/als/pairweight.h"

#include "shared/base/memory.h"
#include "shared/math/fixed.h"

#include <math.h>
#include <stdlib.h>

/* Older than this all pairs count alike, next to nothing: no weight becomes zero or subnormal. */
static const double half_lives_max = 64;

struct aging {
    int64_t newest_ms, half_life_ms;
    double mean; /* of the decays of all pairs */
};

static double decay_of(const struct aging *aging, int64_t last_ms)
{
    if (aging->half_life_ms <= 0)
        return 1;
    return exp2(
        -fmin((double)(aging->newest_ms - last_ms) / (double)aging->half_life_ms, half_lives_max));
}

static int64_t pairs_of(const struct souk_ratings_part *p)
{
    return p->offsets[p->users.count];
}

static souk_status measure_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                               struct aging *aging, struct souk_error *err)
{
    const int shift = souk_fixed_shift(1, ratings->pairs > 0 ? ratings->pairs : 1);
    int64_t sum = 0;
    souk_status status = souk_ratings_newest_all(comm, ratings, &aging->newest_ms, err);
    if (status)
        return status;
    for (int k = 0; k < ratings->local_count; k++)
        for (int64_t at = 0; at < pairs_of(&ratings->local[k]); at++)
            sum += souk_fixed_from(decay_of(aging, ratings->local[k].last_ms[at]), shift);
    status = souk_sum_i64_all(comm, &sum, 1, err);
    aging->mean = souk_fixed_to(sum, shift) / (double)ratings->pairs;
    return status;
}

static souk_status weigh_part(const struct souk_ratings_part *p, double power,
                              const struct aging *aging, float *weight, struct souk_error *err)
{
    for (int64_t at = 0; at < pairs_of(p); at++) {
        const double given = (double)p->weight[at];
        const double raised = power == 0 ? 1 : pow(given, power);
        weight[at] = (float)(raised * decay_of(aging, p->last_ms[at]) / aging->mean);
        if (!isfinite(weight[at]))
            return souk_fail(err, SOUK_ENUMERIC,
                             "a pair of weight %g to the power %g is out of range: take a smaller "
                             "--weight-power",
                             given, power);
    }
    return SOUK_OK;
}

static souk_status weigh(const struct souk_ratings *ratings, double power,
                         const struct aging *aging, struct souk_pairweight_view *out,
                         struct souk_error *err)
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
        status = weigh_part(&ratings->local[k], power, aging, p->weight, err);
        at += pairs_of(p);
    }
    return status;
}

souk_status souk_pairweight_view_all(const struct souk_comm *comm,
                                     const struct souk_ratings *ratings,
                                     const struct souk_pairweight_rule *rule,
                                     struct souk_pairweight_view *out, struct souk_error *err)
{
    struct aging aging = {.half_life_ms = rule->half_life_ms, .mean = 1};
    souk_status status = SOUK_OK;
    *out = (struct souk_pairweight_view){.ratings = *ratings};
    out->ratings.local = NULL;
    if (rule->half_life_ms > 0)
        status = measure_all(comm, ratings, &aging, err);
    return status ? status
                  : souk_status_agree_all(comm, weigh(ratings, rule->power, &aging, out, err), err);
}

void souk_pairweight_fini(struct souk_pairweight_view *view)
{
    free(view->ratings.local);
    free(view->weight);
    *view = (struct souk_pairweight_view){0};
}
