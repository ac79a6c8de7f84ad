/* Losses without pairs: each document against its label, for queryrmse apart from the group's
 * mean. */
#include "train/ranker/rankobjectives.h"

void souk_rmse_gradients(const struct souk_rankobjective *o, struct souk_rankscratch *scratch,
                         const struct souk_rankgroup *group, int64_t iteration, double *gradient,
                         double *hessian)
{
    (void)o;
    (void)scratch;
    (void)iteration;
    for (int i = 0; i < group->n; i++) {
        gradient[i] = group->score[i] - group->label[i];
        hessian[i] = 1;
    }
}

void souk_queryrmse_gradients(const struct souk_rankobjective *o, struct souk_rankscratch *scratch,
                              const struct souk_rankgroup *group, int64_t iteration,
                              double *gradient, double *hessian)
{
    double sum = 0;
    souk_rmse_gradients(o, scratch, group, iteration, gradient, hessian);
    for (int i = 0; i < group->n; i++)
        sum += gradient[i];
    for (int i = 0; i < group->n; i++) {
        gradient[i] -= sum / group->n;
        hessian[i] -= 1.0 / group->n;
    }
}

void souk_logistic_gradients(const struct souk_rankobjective *o, struct souk_rankscratch *scratch,
                             const struct souk_rankgroup *group, int64_t iteration,
                             double *gradient, double *hessian)
{
    (void)scratch;
    (void)iteration;
    for (int i = 0; i < group->n; i++) {
        const double p = souk_rank_miss(-o->sigmoid * group->score[i]);
        gradient[i] = o->sigmoid * (p - group->label[i]);
        hessian[i] = o->sigmoid * o->sigmoid * p * (1 - p);
    }
}
