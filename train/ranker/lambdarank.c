/* LambdaRank (Burges 2010, "From RankNet to LambdaRank to LambdaMART"), truncated and normalised as
 * LightGBM documents it. The clear version: one pass over the pairs, one exponential each. */
#include "train/ranker/rankobjectives.h"

#include <math.h>
#include <string.h>

static double gain_of(float label)
{
    return ldexp(1, (int)label) - 1;
}

static double discount_at(int position)
{
    return 1 / log2(2.0 + position);
}

/* The best DCG of the first `truncation` positions. Labels are few small integers: count them. */
static double best_dcg(const struct souk_rankgroup *group, int truncation)
{
    int count[SOUK_RANK_MAX_GRADE + 1] = {0}, position = 0;
    double dcg = 0;
    for (int i = 0; i < group->n; i++)
        count[(int)group->label[i]]++;
    for (int grade = SOUK_RANK_MAX_GRADE; grade > 0; grade--)
        for (int i = 0; i < count[grade] && position < truncation; i++)
            dcg += gain_of((float)grade) * discount_at(position++);
    return dcg;
}

/* Scale so that a group's total does not grow with its pairs: T -> log2(1 + T). */
static void normalise_total(double total, int n, double *gradient, double *hessian)
{
    if (total <= 0)
        return;
    const double factor = log2(1 + total) / total;
    for (int i = 0; i < n; i++) {
        gradient[i] *= factor;
        hessian[i] *= factor;
    }
}

void souk_lambdarank_gradients(const struct souk_rankobjective *o, struct souk_rankscratch *scratch,
                               const struct souk_rankgroup *group, int64_t iteration,
                               double *gradient, double *hessian)
{
    (void)iteration;
    const int n = group->n, *order = scratch->order;
    const double *score = group->score, best = best_dcg(group, o->truncation);
    memset(gradient, 0, (size_t)n * sizeof *gradient);
    memset(hessian, 0, (size_t)n * sizeof *hessian);
    if (best <= 0)
        return; /* no label above 0: every order is as good */
    souk_rank_order(score, n, scratch->order, scratch->spare);
    const bool by_gap = o->normalise && score[order[0]] != score[order[n - 1]];
    double total = 0;
    for (int i = 0; i < n - 1 && i < o->truncation; i++)
        for (int j = i + 1; j < n; j++) {
            const int a = order[i], b = order[j];
            if (group->label[a] == group->label[b])
                continue;
            const bool in_order = group->label[a] > group->label[b];
            struct souk_rankpair pair = {in_order ? a : b, in_order ? b : a, 0};
            pair.weight = fabs(gain_of(group->label[a]) - gain_of(group->label[b])) *
                          (discount_at(i) - discount_at(j)) / best;
            if (by_gap)
                pair.weight /= .01 + fabs(score[a] - score[b]);
            const double before = gradient[pair.winner];
            souk_rank_add_pair(o->sigmoid, score, &pair, gradient, hessian);
            total += 2 * (before - gradient[pair.winner]);
        }
    if (o->normalise)
        normalise_total(total, n, gradient, hessian);
}
