#include "train/ingest/distribution.h"

#include "shared/base/memory.h"

#include <stdlib.h>

/* Value number `position` from 0 of the sorted values, which the histogram holds. */
static int64_t value_at(const int64_t *histogram, int64_t max, int64_t position)
{
    for (int64_t value = 1; value <= max; value++) {
        if (position < histogram[value])
            return value;
        position -= histogram[value];
    }
    return max;
}

static double quantile(const int64_t *histogram, int64_t max, int64_t total, double q)
{
    const double exact = q * (double)(total - 1);
    const int64_t low = (int64_t)exact;
    const double a = (double)value_at(histogram, max, low);
    const double b = (double)value_at(histogram, max, low + 1 < total ? low + 1 : low);
    return a + (exact - (double)low) * (b - a);
}

static struct souk_distribution describe(const int64_t *histogram, int64_t max)
{
    int64_t total = 0, sum = 0;
    for (int64_t value = 1; value <= max; value++) {
        total += histogram[value];
        sum += histogram[value] * value;
    }
    if (total == 0)
        return (struct souk_distribution){0};
    return (struct souk_distribution){
        .min = value_at(histogram, max, 0),
        .max = max,
        .mean = (double)sum / (double)total,
        .median = quantile(histogram, max, total, 0.5),
        .p90 = quantile(histogram, max, total, 0.9),
        .p99 = quantile(histogram, max, total, 0.99),
    };
}

souk_status souk_distribution_make_all(const struct souk_comm *comm, const int64_t *values,
                                       int64_t count, struct souk_distribution *out,
                                       struct souk_error *err)
{
    int64_t max = 0;
    *out = (struct souk_distribution){0};
    for (int64_t i = 0; i < count; i++)
        max = values[i] > max ? values[i] : max;
    souk_status status = souk_max_i64_all(comm, &max, 1, err);
    if (status)
        return status;
    int64_t *histogram = souk_zalloc_array((size_t)max + 1, sizeof *histogram);
    if (!histogram)
        status =
            souk_fail(err, SOUK_ENOMEM, "no memory for the spread of %lld values", (long long)max);
    status = souk_status_agree_all(comm, status, err);
    for (int64_t i = 0; i < count && !status; i++)
        histogram[values[i]]++;
    if (!status)
        status = souk_sum_i64_all(comm, histogram, max + 1, err);
    if (!status)
        *out = describe(histogram, max);
    free(histogram);
    return status;
}
