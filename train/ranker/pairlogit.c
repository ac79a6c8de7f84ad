/* PairLogit: RankNet's loss over all pairs of a group whose labels differ (Burges et al. 2005,
 * "Learning to rank using gradient descent"), each counted once. */
#include "train/ranker/rankobjectives.h"

#include <string.h>

void souk_pairlogit_gradients(const struct souk_rankobjective *o, struct souk_rankscratch *scratch,
                              const struct souk_rankgroup *group, int64_t iteration,
                              double *gradient, double *hessian)
{
    (void)scratch;
    (void)iteration;
    memset(gradient, 0, (size_t)group->n * sizeof *gradient);
    memset(hessian, 0, (size_t)group->n * sizeof *hessian);
    for (int i = 0; i < group->n; i++)
        for (int j = 0; j < group->n; j++)
            if (group->label[i] > group->label[j])
                souk_rank_add_pair(o->sigmoid, group->score, &(struct souk_rankpair){i, j, 1},
                                   gradient, hessian);
}
