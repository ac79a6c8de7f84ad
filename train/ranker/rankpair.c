/* What the pair losses share: one pair's share of the gradient, and sorting. */
#include "train/ranker/rankobjectives.h"

#include <math.h>
#include <string.h>

souk_status souk_rankgroup_check_scores(const struct souk_rankgroup *group, struct souk_error *err)
{
    for (int i = 0; i < group->n; i++)
        if (!isfinite(group->score[i]))
            return souk_fail(err, SOUK_ENUMERIC,
                             "query group %lld: the score of document %d is not finite: try a "
                             "smaller learning rate",
                             (long long)group->number, i);
    return SOUK_OK;
}

double souk_rank_miss(double x)
{
    return 1 / (1 + exp(x));
}

void souk_rank_add_pair(double sigmoid, const double *score, const struct souk_rankpair *pair,
                        double *gradient, double *hessian)
{
    const double miss = souk_rank_miss(sigmoid * (score[pair->winner] - score[pair->loser]));
    const double slope = pair->weight * sigmoid * miss;
    const double curvature = slope * sigmoid * (1 - miss);
    gradient[pair->winner] -= slope;
    gradient[pair->loser] += slope;
    hessian[pair->winner] += curvature;
    hessian[pair->loser] += curvature;
}

static void insert_sorted(const double *key, int32_t *order, int n)
{
    for (int i = 1; i < n; i++) {
        const int32_t document = order[i];
        int at = i;
        for (; at > 0 && key[order[at - 1]] < key[document]; at--)
            order[at] = order[at - 1];
        order[at] = document;
    }
}

static void merge(const double *key, const int32_t *from, int middle, int n, int32_t *to)
{
    int left = 0, right = middle;
    for (int i = 0; i < n; i++) {
        const int take_left = right == n || (left < middle && key[from[left]] >= key[from[right]]);
        to[i] = from[take_left ? left++ : right++];
    }
}

/* A stable merge sort of its own: qsort() has no context, and may allocate. */
void souk_rank_order(const double *key, int n, int32_t *order, int32_t *spare)
{
    enum { RUN = 16 };
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int start = 0; start < n; start += RUN)
        insert_sorted(key, order + start, n - start < RUN ? n - start : RUN);
    for (int64_t width = RUN; width < n; width *= 2) {
        for (int64_t start = 0; start < n; start += 2 * width) {
            const int64_t left = n - start;
            const int middle = (int)(left < width ? left : width);
            const int end = (int)(left < 2 * width ? left : 2 * width);
            merge(key, order + start, middle, end, spare + start);
        }
        memcpy(order, spare, (size_t)n * sizeof *order);
    }
}
