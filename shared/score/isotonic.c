#include "shared/score/isotonic.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Neighbouring scores that share a value. */
struct pool {
    double first, last; /* score */
    double weight, sum; /* sum of weight * label */
};

static int compare_pools(const void *a, const void *b)
{
    const struct pool *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    /* So that the sums below do not depend on the order in which points are given. */
    if (x->sum != y->sum)
        return x->sum < y->sum ? -1 : 1;
    return (x->weight > y->weight) - (x->weight < y->weight);
}

static void join(struct pool *to, const struct pool *from)
{
    to->last = from->last;
    to->weight += from->weight;
    to->sum += from->sum;
}

static double mean(const struct pool *p)
{
    return p->sum / p->weight;
}

/* Equal scores into one. @return how many are left */
static int64_t join_ties(struct pool *pool, int64_t count)
{
    int64_t kept = 0;
    for (int64_t i = 1; i < count; i++) {
        if (pool[i].first == pool[kept].first)
            join(&pool[kept], &pool[i]);
        else
            pool[++kept] = pool[i];
    }
    return kept + 1;
}

static int64_t join_violators(struct pool *pool, int64_t count)
{
    int64_t top = 0; /* pool[0 .. top] rises strictly */
    for (int64_t i = 1; i < count; i++) {
        pool[++top] = pool[i];
        while (top > 0 && mean(&pool[top - 1]) >= mean(&pool[top])) {
            join(&pool[top - 1], &pool[top]);
            top--;
        }
    }
    return top + 1;
}

static souk_status make_pools(const double *score, const double *label, const double *weight,
                              int64_t count, struct pool *pool, struct souk_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        const double w = weight ? weight[i] : 1;
        if (!isfinite(score[i]) || !isfinite(label[i]) || !isfinite(w) || w <= 0)
            return souk_fail(err, SOUK_EINVAL,
                             "point %lld (score %g, label %g, weight %g): finite numbers and a "
                             "positive weight are needed",
                             (long long)i, score[i], label[i], w);
        pool[i] = (struct pool){score[i], score[i], w, w * label[i]};
    }
    return SOUK_OK;
}

static souk_status make_knots(struct souk_isotonic *f, const struct pool *pool, int64_t pools,
                              struct souk_error *err)
{
    f->score = souk_alloc_array(2 * (size_t)pools, sizeof *f->score);
    f->value = souk_alloc_array(2 * (size_t)pools, sizeof *f->value);
    if (!f->score || !f->value)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld pools", (long long)pools);
    for (int64_t i = 0; i < pools; i++) {
        const int ends = pool[i].first < pool[i].last ? 2 : 1;
        for (int end = 0; end < ends; end++) {
            f->score[f->count] = end == 0 ? pool[i].first : pool[i].last;
            f->value[f->count++] = mean(&pool[i]);
        }
    }
    return SOUK_OK;
}

souk_status souk_isotonic_fit(struct souk_isotonic *f, const double *score, const double *label,
                              const double *weight, int64_t count, struct souk_error *err)
{
    souk_status status;
    *f = (struct souk_isotonic){0};
    if (count < 1)
        return souk_fail(err, SOUK_EINVAL, "no points to fit probabilities to");
    struct pool *pool = souk_alloc_array((size_t)count, sizeof *pool);
    status = pool ? make_pools(score, label, weight, count, pool, err)
                  : souk_fail(err, SOUK_ENOMEM, "no memory for %lld points", (long long)count);
    if (status == SOUK_OK) {
        qsort(pool, (size_t)count, sizeof *pool, compare_pools);
        status = make_knots(f, pool, join_violators(pool, join_ties(pool, count)), err);
    }
    free(pool);
    if (status != SOUK_OK)
        souk_isotonic_fini(f);
    return status;
}

souk_status souk_isotonic_load(struct souk_isotonic *f, const double *score, const double *value,
                               int64_t count, struct souk_error *err)
{
    *f = (struct souk_isotonic){0};
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(score[i]) || !isfinite(value[i]) ||
            (i > 0 && (score[i] <= score[i - 1] || value[i] < value[i - 1])))
            return souk_fail(err, SOUK_EFORMAT, "knot %lld does not rise", (long long)i);
    if (count < 0)
        return souk_fail(err, SOUK_EFORMAT, "%lld knots", (long long)count);
    f->score = souk_alloc_array((size_t)count, sizeof *score);
    f->value = souk_alloc_array((size_t)count, sizeof *value);
    if (!f->score || !f->value) {
        souk_isotonic_fini(f);
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld knots", (long long)count);
    }
    if (count > 0) {
        memcpy(f->score, score, (size_t)count * sizeof *score);
        memcpy(f->value, value, (size_t)count * sizeof *value);
    }
    f->count = count;
    return SOUK_OK;
}

void souk_isotonic_fini(struct souk_isotonic *f)
{
    free(f->score);
    free(f->value);
    *f = (struct souk_isotonic){0};
}

double souk_isotonic_value(const struct souk_isotonic *f, double score)
{
    if (f->count == 0 || isnan(score))
        return NAN;
    if (score <= f->score[0])
        return f->value[0];
    int64_t low = 0, high = f->count; /* score[low] <= score < score[high] */
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (f->score[middle] <= score)
            low = middle;
        else
            high = middle;
    }
    if (high == f->count || f->value[low] == f->value[high])
        return f->value[low];
    const double share = (score - f->score[low]) / (f->score[high] - f->score[low]);
    const double value = f->value[low] + share * (f->value[high] - f->value[low]);
    /* Rounding must not lift it over the next knot. */
    return value < f->value[high] ? value : f->value[high];
}
