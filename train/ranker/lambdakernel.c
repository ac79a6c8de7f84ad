#include "train/ranker/lambdakernel.h"

#include "shared/base/cpukernels.h"
#include "shared/base/memory.h"
#include "train/ranker/lambdakernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this many documents n log n beats n^2 / 16. */
enum { COUNTED = 384 };

static const struct souk_lambda_kernels *kernels = &souk_lambda_plain;

/* Best first. */
static const struct souk_cpukernels choices[] = {
#if defined(__x86_64__)
    {"avx512", &souk_lambda_avx512},
    {"avx2", &souk_lambda_avx2},
#endif
    {"plain", &souk_lambda_plain},
    {NULL, NULL},
};

bool souk_lambdakernel_select(const char *name)
{
    const struct souk_lambda_kernels *found = souk_cpukernels_find(choices, name);
    if (found)
        kernels = found;
    return found != NULL;
}

/* Before main(), hence before any thread: the table needs no lock. */
__attribute__((constructor)) static void select_best(void)
{
    kernels = souk_cpukernels_find(choices, NULL);
}

souk_status souk_lambdawork_init(struct souk_lambdawork *work, int capacity, struct souk_error *err)
{
    const size_t n = ((size_t)capacity / SOUK_LAMBDA_LANES + 1) * SOUK_LAMBDA_LANES;
    *work = (struct souk_lambdawork){.capacity = capacity};
    float **const arrays[] = {&work->discount, &work->score,   &work->gain, &work->position,
                              &work->lambda,   &work->hessian, &work->key};
    bool all = true;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = souk_alloc_aligned(n, sizeof(float));
        all &= *arrays[i] != NULL;
    }
    work->order = souk_alloc_array(n, sizeof *work->order);
    work->spare = souk_alloc_array(n, sizeof *work->spare);
    if (!all || !work->order || !work->spare) {
        souk_lambdawork_fini(work);
        return souk_fail(err, SOUK_ENOMEM, "no memory for groups of %d documents", capacity);
    }
    for (size_t i = 0; i < n; i++)
        work->discount[i] = (float)(1 / log2(2.0 + (double)i));
    return SOUK_OK;
}

void souk_lambdawork_fini(struct souk_lambdawork *work)
{
    free(work->discount);
    free(work->score);
    free(work->gain);
    free(work->position);
    free(work->lambda);
    free(work->hessian);
    free(work->key);
    free(work->order);
    free(work->spare);
    *work = (struct souk_lambdawork){0};
}

static float gain_of(float label)
{
    return (float)((INT64_C(1) << (int)label) - 1);
}

/* The best DCG of the first `truncation` positions. Labels are few small integers: count them. */
static double best_dcg(const struct souk_lambdawork *work, const struct souk_rankgroup *group,
                       int truncation)
{
    int count[SOUK_RANK_MAX_GRADE + 1] = {0}, position = 0;
    double dcg = 0;
    for (int i = 0; i < group->n; i++)
        count[(int)group->label[i]]++;
    for (int grade = SOUK_RANK_MAX_GRADE; grade > 0; grade--)
        for (int i = 0; i < count[grade] && position < truncation; i++)
            dcg += (double)gain_of((float)grade) * (double)work->discount[position++];
    return dcg;
}

static void merge_sort(const float *key, int32_t *order, int32_t *spare, int n)
{
    if (n <= 1)
        return;
    const int half = n / 2;
    int left = 0, right = half;
    merge_sort(key, order, spare, half);
    merge_sort(key, order + half, spare, n - half);
    memcpy(spare, order, (size_t)n * sizeof *order);
    for (int i = 0; i < n; i++) {
        const bool take_left = right == n || (left < half && key[spare[left]] >= key[spare[right]]);
        order[i] = spare[take_left ? left++ : right++];
    }
}

static void rank_documents(struct souk_lambdawork *work, int n)
{
    if (n <= COUNTED) {
        kernels->rank(work, n);
        return;
    }
    for (int i = 0; i < n; i++)
        work->order[i] = i;
    merge_sort(work->key, work->order, work->spare, n);
}

/* Differences of scores are what counts: taken from the first score, floats keep them. */
static void load_keys(struct souk_lambdawork *work, const struct souk_rankgroup *group)
{
    const int padded = (group->n / SOUK_LAMBDA_LANES + 1) * SOUK_LAMBDA_LANES;
    for (int i = 0; i < group->n; i++)
        work->key[i] = (float)(group->score[i] - group->score[0]);
    for (int i = group->n; i < padded; i++)
        work->key[i] = -INFINITY;
}

static void lay_out(struct souk_lambdawork *work, const struct souk_rankgroup *group, double best)
{
    const int n = group->n, padded = (n / SOUK_LAMBDA_LANES + 1) * SOUK_LAMBDA_LANES;
    const float by_best = (float)(1 / best);
    for (int k = 0; k < n; k++) {
        const int document = work->order[k];
        work->score[k] = work->key[document];
        work->gain[k] = gain_of(group->label[document]) * by_best;
        work->position[k] = work->discount[k];
    }
    for (int k = n; k < padded; k++) {
        work->score[k] = work->gain[k] = 0;
        work->position[k] = INFINITY;
    }
    memset(work->lambda, 0, (size_t)padded * sizeof *work->lambda);
    memset(work->hessian, 0, (size_t)padded * sizeof *work->hessian);
}

void souk_lambdakernel_gradients(const struct souk_rankobjective *o, struct souk_lambdawork *work,
                                 const struct souk_rankgroup *group, double *gradient,
                                 double *hessian)
{
    const int n = group->n;
    const double best = best_dcg(work, group, o->truncation);
    memset(gradient, 0, (size_t)n * sizeof *gradient);
    memset(hessian, 0, (size_t)n * sizeof *hessian);
    if (n < 2 || best <= 0)
        return; /* no pair, or no label above 0: every order is as good */
    load_keys(work, group);
    rank_documents(work, n);
    lay_out(work, group, best);
    const struct souk_lambda_pairs p = {
        .n = n,
        .top = n - 1 < o->truncation ? n - 1 : o->truncation,
        .sigmoid = (float)o->sigmoid,
        .gap = .01f,
        .by_gap = o->normalise && work->score[0] != work->score[n - 1],
    };
    const double total = (double)kernels->pairs(work, &p);
    const double factor = o->normalise && total > 0 ? log2(1 + total) / total : 1;
    for (int k = 0; k < n; k++) {
        gradient[work->order[k]] = factor * (double)work->lambda[k];
        hessian[work->order[k]] = factor * (double)work->hessian[k];
    }
}
