/* YetiRank (Gulin, Kuralenok, Pavlov 2011, "Winning the transfer learning track of Yahoo!'s
 * Learning To Rank Challenge with YetiRank"): pairs that stand next to each other in an order by
 * noisy scores count, the more the higher they stand. The paper's weight 1 / position is here
 * decay^position, as in the authors' CatBoost, and its table of confused labels their difference.
 */
#include "train/ranker/rankobjectives.h"

#include "shared/base/random.h"

#include <math.h>
#include <string.h>

/* In (0, 1) without its ends: both noises stay finite. */
static double open_uniform(uint64_t bits)
{
    return ((double)(bits >> 12) + .5) * 0x1p-52;
}

static double draw_noise(enum souk_rank_noise noise, uint64_t bits)
{
    const double u = open_uniform(bits);
    return noise == SOUK_RANK_GUMBEL_NOISE ? -log(-log(u)) : log(u / (1 - u));
}

int souk_yetirank_draw(const struct souk_rankobjective *o, struct souk_rankscratch *scratch,
                       const struct souk_rankgroup *group, int64_t iteration, int permutation)
{
    const uint64_t key = souk_random_bits(o->seed, (uint64_t)iteration, (uint64_t)group->number);
    const int32_t *order = scratch->order;
    double decayed = 1.0 / o->permutations;
    int count = 0;
    for (int i = 0; i < group->n; i++)
        scratch->key[i] =
            group->score[i] +
            draw_noise(o->noise, souk_random_bits(key, (uint64_t)permutation, (uint64_t)i));
    souk_rank_order(scratch->key, group->n, scratch->order, scratch->spare);
    for (int k = 0; k + 1 < group->n; k++, decayed *= o->decay) {
        const double gap = (double)group->label[order[k]] - group->label[order[k + 1]];
        if (gap != 0)
            scratch->pairs[count++] = (struct souk_rankpair){
                order[gap > 0 ? k : k + 1], order[gap > 0 ? k + 1 : k], decayed * fabs(gap)};
    }
    return count;
}

void souk_yetirank_gradients(const struct souk_rankobjective *o, struct souk_rankscratch *scratch,
                             const struct souk_rankgroup *group, int64_t iteration,
                             double *gradient, double *hessian)
{
    memset(gradient, 0, (size_t)group->n * sizeof *gradient);
    memset(hessian, 0, (size_t)group->n * sizeof *hessian);
    for (int p = 0; p < o->permutations; p++) {
        const int count = souk_yetirank_draw(o, scratch, group, iteration, p);
        for (int k = 0; k < count; k++)
            souk_rank_add_pair(o->sigmoid, group->score, &scratch->pairs[k], gradient, hessian);
    }
}
