#include "train/als/objective.h"

#include <math.h>

double souk_objective_gram_weight(const struct souk_objective *o)
{
    return o->kind == SOUK_OBJECTIVE_IMPLICIT ? 1 : o->alpha0;
}

double souk_objective_ridge(const struct souk_objective *o, int64_t pairs, int64_t others)
{
    if (o->kind == SOUK_OBJECTIVE_IMPLICIT)
        return o->regularization;
    return o->lambda * pow((double)pairs + o->alpha0 * (double)others, o->nu);
}

/* c of `implicit`, v of `ials`. */
static double confidence(const struct souk_objective *o, double weight)
{
    if (o->kind == SOUK_OBJECTIVE_IMPLICIT)
        return o->offset + o->alpha * weight;
    return weight;
}

void souk_objective_coefficients(const struct souk_objective *o, const float *weight, int64_t count,
                                 float *a, float *b)
{
    const double shared = o->kind == SOUK_OBJECTIVE_IMPLICIT ? 1 : 0;
    for (int64_t i = 0; i < count; i++) {
        const double c = confidence(o, (double)weight[i]);
        a[i] = (float)(c - shared);
        b[i] = (float)c;
    }
}

double souk_objective_cell(const struct souk_objective *o, double weight, double s)
{
    const double miss = confidence(o, weight) * (1 - s) * (1 - s);
    return o->kind == SOUK_OBJECTIVE_IMPLICIT ? miss - s * s : miss;
}

double souk_objective_default_alpha0(int64_t pairs, int64_t users, int64_t items)
{
    return 20.0 * (double)pairs / ((double)users * (double)items);
}
