#include "train/logistic/standardcolumns.h"

#include "shared/base/memory.h"
#include "shared/math/fixed.h"

#include <math.h>
#include <stdlib.h>

/* What a pass over the rows learns of each feature. */
struct moments {
    int64_t total;   /* rows of all ranks */
    double *bound;   /* [features], largest |value - centre| */
    double *scale;   /* [features], of the sum */
    int64_t *sum;    /* [features], fixed point */
    int64_t *counts; /* [features], rows that have a value */
};

static souk_status check_rows(const struct souk_logistic_rows *r, struct souk_error *err)
{
    for (int64_t i = 0; i < r->rows; i++)
        if (!(r->label[i] >= 0 && r->label[i] <= 1))
            return souk_fail(err, SOUK_EFORMAT, "label %g of row %lld is not in [0, 1]",
                             (double)r->label[i], (long long)i + 1);
    for (int64_t i = 0; i < r->rows; i++)
        for (int j = 0; j < r->features; j++)
            if (isinf(r->value[i * r->features + j]))
                return souk_fail(err, SOUK_EFORMAT, "feature %d of row %lld is infinite", j,
                                 (long long)i + 1);
    return SOUK_OK;
}

static souk_status check_all(const struct souk_comm *comm, const struct souk_logistic_rows *r,
                             int64_t *total, struct souk_error *err)
{
    int64_t features[2] = {r->features, -r->features}; /* one MAX gives the least as well */
    souk_status status = souk_max_i64_all(comm, features, 2, err);
    *total = r->rows;
    if (status == SOUK_OK)
        status = souk_sum_i64_all(comm, total, 1, err);
    if (status != SOUK_OK)
        return status;
    if (features[0] != -features[1] || features[0] < 1 || features[0] > SOUK_LOGISTIC_FEATURES)
        return souk_fail(err, SOUK_EINVAL,
                         "%lld features: 1 to %d are possible, as many everywhere",
                         (long long)features[0], SOUK_LOGISTIC_FEATURES);
    if (*total == 0)
        return souk_fail(err, SOUK_EFORMAT, "there is no row to train on");
    return souk_status_agree_all(comm, check_rows(r, err), err);
}

static void find_bounds(const struct souk_logistic_rows *r, const double *centre, double *bound)
{
    const int n = r->features;
    for (int j = 0; j < n; j++)
        bound[j] = 0;
    for (int64_t i = 0; i < r->rows; i++)
        for (int j = 0; j < n; j++) {
            const double size = fabs(r->value[i * n + j] - centre[j]);
            if (size > bound[j]) /* not so for NaN */
                bound[j] = size;
        }
}

/* Sum (value - centre)^power, power 1 or 2, over the rows that have a value. */
static souk_status sum_powers_all(const struct souk_comm *comm, const struct souk_logistic_rows *r,
                                  const double *centre, int power, struct moments *m, double *sum,
                                  struct souk_error *err)
{
    const int n = r->features;
    find_bounds(r, centre, m->bound);
    souk_status status = souk_max_f64_all(comm, m->bound, n, err);
    if (status != SOUK_OK)
        return status;
    for (int j = 0; j < n; j++) {
        m->scale[j] = ldexp(1, souk_fixed_shift(pow(m->bound[j], power), m->total));
        m->sum[j] = 0;
    }
    for (int64_t i = 0; i < r->rows; i++)
        for (int j = 0; j < n; j++) {
            const double x = r->value[i * n + j] - centre[j];
            if (!isnan(x))
                m->sum[j] += llrint((power == 2 ? x * x : x) * m->scale[j]);
        }
    status = souk_sum_i64_all(comm, m->sum, n, err);
    for (int j = 0; j < n; j++)
        sum[j] = (double)m->sum[j] / m->scale[j];
    return status;
}

static souk_status count_values_all(const struct souk_comm *comm,
                                    const struct souk_logistic_rows *r, struct moments *m,
                                    struct souk_error *err)
{
    for (int j = 0; j < r->features; j++)
        m->counts[j] = 0;
    for (int64_t i = 0; i < r->rows; i++)
        for (int j = 0; j < r->features; j++)
            m->counts[j] += !isnan(r->value[i * r->features + j]);
    return souk_sum_i64_all(comm, m->counts, r->features, err);
}

/* Two floats that differ do so by more than 1e-8 of their size: what stays closer to its mean than
 * that is one value, and the mean's rounding. */
static bool is_constant(double bound, double mean)
{
    return bound <= 1e-8 * fabs(mean);
}

static void fill_columns(const struct moments *m, const double *mean, const double *squares,
                         struct souk_logistic *model)
{
    const double total = (double)m->total;
    model->columns = model->features;
    for (int j = 0; j < model->features; j++) {
        model->column[j] = (struct souk_logistic_column){
            .feature = j,
            .mean = mean[j],
            .deviation = is_constant(m->bound[j], mean[j]) ? 0 : sqrt(squares[j] / total)};
        if (m->counts[j] < m->total) {
            const double share = (double)(m->total - m->counts[j]) / total;
            model->column[model->columns++] =
                (struct souk_logistic_column){.feature = j,
                                              .indicator = true,
                                              .mean = share,
                                              .deviation = sqrt(share * (1 - share))};
        }
    }
}

souk_status souk_standardcolumns_find_all(const struct souk_comm *comm,
                                          const struct souk_logistic_rows *r,
                                          struct souk_logistic *model, int64_t *total,
                                          struct souk_error *err)
{
    struct moments m = {0};
    double *values = NULL, *mean, *squares; /* [features] each, as the two of m */
    souk_status status = check_all(comm, r, total, err);
    if (status != SOUK_OK)
        return status;
    const size_t n = (size_t)r->features;
    m.total = *total;
    values = souk_zalloc_array(4 * n, sizeof *values);
    m.sum = souk_alloc_array(2 * n, sizeof *m.sum);
    model->features = r->features;
    model->column = souk_zalloc_array(2 * n, sizeof *model->column);
    if (!values || !m.sum || !model->column)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %d features", r->features);
    status = souk_status_agree_all(comm, status, err);
    if (status != SOUK_OK)
        goto out;
    mean = values;
    squares = values + n;
    m.bound = values + 2 * n;
    m.scale = values + 3 * n;
    m.counts = m.sum + n;
    status = count_values_all(comm, r, &m, err);
    if (status == SOUK_OK)
        status = sum_powers_all(comm, r, mean, 1, &m, squares, err);
    if (status != SOUK_OK)
        goto out;
    for (size_t j = 0; j < n; j++)
        mean[j] = m.counts[j] > 0 ? squares[j] / (double)m.counts[j] : 0;
    status = sum_powers_all(comm, r, mean, 2, &m, squares, err);
    if (status == SOUK_OK)
        fill_columns(&m, mean, squares, model);
out:
    free(values);
    free(m.sum);
    return status;
}
