#include "train/ranker/leafsystem.h"
#include "train/ranker/rankobjectives.h"

#include "shared/base/memory.h"
#include "shared/math/fixed.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

souk_status souk_leafsystem_init(struct souk_leafsystem *system, int max_leaves,
                                 struct souk_error *err)
{
    const size_t leaves = (size_t)max_leaves;
    *system = (struct souk_leafsystem){.max_leaves = max_leaves};
    if (max_leaves > SOUK_LEAFSYSTEM_LEAVES_MAX)
        return souk_fail(err, SOUK_EUSAGE, "%d leaves: the pairwise form takes at most %d",
                         max_leaves, SOUK_LEAFSYSTEM_LEAVES_MAX);
    system->sums = souk_alloc_array(leaves * (leaves + 1), sizeof *system->sums);
    system->dense = souk_alloc_array(leaves * (leaves + 1), sizeof *system->dense);
    if (!system->sums || !system->dense)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the pairs of %d leaves", max_leaves);
    return SOUK_OK;
}

void souk_leafsystem_fini(struct souk_leafsystem *system)
{
    free(system->sums);
    free(system->dense);
    *system = (struct souk_leafsystem){0};
}

double souk_leafsystem_bound(const struct souk_rankobjective *o, double label_gap, int documents)
{
    double weights = 0, decayed = 1;
    for (int k = 0; k + 1 < documents && decayed > 1e-17; k++, decayed *= o->decay)
        weights += decayed;
    return weights * label_gap * fmax(o->sigmoid, o->sigmoid * o->sigmoid);
}

void souk_leafsystem_clear(struct souk_leafsystem *system, int leaves, double bound, int64_t groups)
{
    assert(leaves >= 1 && leaves <= system->max_leaves);
    system->leaves = leaves;
    system->shift = souk_fixed_shift(bound, groups < 1 ? 1 : groups);
    memset(system->sums, 0, (size_t)leaves * (size_t)(leaves + 1) * sizeof *system->sums);
}

static void add_pair(struct souk_leafsystem *system, double sigmoid, const double *score,
                     const struct souk_rankpair *pair, const int32_t *leaf)
{
    const size_t a = (size_t)leaf[pair->winner], b = (size_t)leaf[pair->loser];
    const size_t leaves = (size_t)system->leaves, stride = leaves + 1;
    if (a == b)
        return;
    const double miss = souk_rank_miss(sigmoid * (score[pair->winner] - score[pair->loser]));
    const double slope = pair->weight * sigmoid * miss;
    const int64_t g = souk_fixed_from(slope, system->shift);
    const int64_t h = souk_fixed_from(slope * sigmoid * (1 - miss), system->shift);
    system->sums[a * stride + a] += h;
    system->sums[b * stride + b] += h;
    system->sums[a * stride + b] -= h;
    system->sums[b * stride + a] -= h;
    system->sums[a * stride + leaves] -= g;
    system->sums[b * stride + leaves] += g;
}

souk_status souk_leafsystem_add(struct souk_leafsystem *system, const struct souk_rankobjective *o,
                                struct souk_rankscratch *scratch,
                                const struct souk_rankgroup *group, int64_t iteration,
                                const int32_t *leaf, struct souk_error *err)
{
    const souk_status status = souk_rankgroup_check_scores(group, err);
    if (status != SOUK_OK)
        return status;
    for (int p = 0; p < o->permutations; p++) {
        const int count = souk_yetirank_draw(o, scratch, group, iteration, p);
        for (int k = 0; k < count; k++)
            add_pair(system, o->sigmoid, group->score, &scratch->pairs[k], leaf);
    }
    return SOUK_OK;
}

/* L L' = the matrix, in place of its lower triangle. @return the row of a failed pivot, or -1 */
static int factorise(double *matrix, int n, int stride)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = matrix[i * stride + j];
            for (int k = 0; k < j; k++)
                sum -= matrix[i * stride + k] * matrix[j * stride + k];
            if (i == j && !(sum > 0))
                return i;
            matrix[i * stride + j] = i == j ? sqrt(sum) : sum / matrix[j * stride + j];
        }
    return -1;
}

static void substitute(const double *lower, int n, int stride, double *x)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            x[i] -= lower[i * stride + k] * x[k];
        x[i] /= lower[i * stride + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            x[i] -= lower[k * stride + i] * x[k];
        x[i] /= lower[i * stride + i];
    }
}

souk_status souk_leafsystem_solve(struct souk_leafsystem *system, double lambda, double *value,
                                  struct souk_error *err)
{
    const int n = system->leaves, stride = n + 1;
    double trace = 0;
    if (!(lambda >= 0 && isfinite(lambda)))
        return souk_fail(err, SOUK_EINVAL, "lambda %g is not a number from 0", lambda);
    for (int i = 0; i < n * stride; i++)
        system->dense[i] = souk_fixed_to(system->sums[i], system->shift);
    for (int i = 0; i < n; i++) {
        value[i] = -system->dense[i * stride + n];
        trace += system->dense[i * stride + i];
    }
    const double ridge = lambda + 1e-6 * trace / n;
    if (ridge <= 0) { /* no pair joins two leaves */
        memset(value, 0, (size_t)n * sizeof *value);
        return SOUK_OK;
    }
    for (int i = 0; i < n; i++)
        system->dense[i * stride + i] += ridge;
    const int failed = factorise(system->dense, n, stride);
    if (failed >= 0)
        return souk_fail(err, SOUK_ENUMERIC, "the pair loss is not convex at leaf %d", failed);
    substitute(system->dense, n, stride, value);
    return SOUK_OK;
}
