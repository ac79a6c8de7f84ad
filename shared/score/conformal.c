#include "shared/score/conformal.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_scores(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

souk_status souk_conformal_init(struct souk_conformal *c, const double *score, int64_t count,
                                struct souk_error *err)
{
    *c = (struct souk_conformal){0};
    if (count < 0 || count == INT64_MAX)
        return souk_fail(err, SOUK_EINVAL, "%lld calibration scores", (long long)count);
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(score[i]))
            return souk_fail(err, SOUK_EINVAL, "calibration score %lld is not finite",
                             (long long)i);
    c->score = souk_alloc_array((size_t)count, sizeof *c->score);
    if (!c->score)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld calibration scores",
                         (long long)count);
    if (count > 0)
        memcpy(c->score, score, (size_t)count * sizeof *score);
    c->count = count;
    qsort(c->score, (size_t)count, sizeof *c->score, compare_scores);
    return SOUK_OK;
}

void souk_conformal_fini(struct souk_conformal *c)
{
    free(c->score);
    *c = (struct souk_conformal){0};
}

/* One expression everywhere, so that the rounding of a division is the same on every path. */
static double confidence_of(int64_t not_higher, int64_t count)
{
    return (double)(1 + not_higher) / (double)(count + 1);
}

double souk_conformal_confidence(const struct souk_conformal *c, double score)
{
    int64_t low = 0, high = c->count; /* the scores before `low` are <= score, from `high` on not */
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (c->score[middle] <= score)
            low = middle + 1;
        else
            high = middle;
    }
    return confidence_of(low, c->count);
}

bool souk_conformal_is_guaranteed(const struct souk_conformal *c, double alpha)
{
    return confidence_of(0, c->count) <= alpha;
}

double souk_conformal_threshold(const struct souk_conformal *c, double alpha)
{
    int64_t low = 0, high = c->count + 1; /* the least number of scores <= s that is enough */
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (confidence_of(middle, c->count) > alpha)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0)
        return -INFINITY;
    return low > c->count ? INFINITY : c->score[low - 1];
}
