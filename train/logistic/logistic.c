#include "train/logistic/logistic.h"
#include "train/logistic/standardcolumns.h"

#include "shared/base/memory.h"
#include "shared/math/fixed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The loss as a function of x = weights of the columns, then the intercept. */
struct problem {
    const struct souk_comm *comm;
    const struct souk_logistic_rows *rows;
    const struct souk_logistic *model; /* its columns; weights are x */
    double l2;
    int64_t total;
    double *bound; /* [columns + 1], largest magnitude of a column; 1 for the intercept's */
    double *scale; /* [columns + 2], fixed point of each sum; the last is the loss's */
    int64_t *sums; /* [columns + 2] */
};

double souk_logistic_loss(double z, double y)
{
    return fmax(z, 0) + log1p(exp(-fabs(z))) - y * z;
}

static double probability(double z)
{
    return 1 / (1 + exp(-z));
}

/* Add the rows of one thread. @return false when memory is out */
static bool add_rows(const struct problem *p, const double *x)
{
    const struct souk_logistic *model = p->model;
    const int n = model->columns, features = model->features;
    double *row = souk_alloc_array((size_t)n + 1, sizeof *row);
    int64_t *sums = souk_zalloc_array((size_t)n + 2, sizeof *sums);
    const bool ready = row && sums;
    if (ready)
        row[n] = 1;
#pragma omp for schedule(static)
    for (int64_t i = 0; i < p->rows->rows; i++) {
        double z = x[n];
        if (!ready)
            continue;
        for (int j = 0; j < n; j++) {
            row[j] = souk_standardcolumn_of(&model->column[j], p->rows->value + i * features);
            z += x[j] * row[j];
        }
        const double miss = probability(z) - p->rows->label[i];
        for (int j = 0; j <= n; j++)
            sums[j] += llrint(miss * row[j] * p->scale[j]);
        sums[n + 1] += llrint(souk_logistic_loss(z, p->rows->label[i]) * p->scale[n + 1]);
    }
#pragma omp critical(souk_logistic_sums)
    for (int j = 0; j < n + 2 && ready; j++)
        p->sums[j] += sums[j];
    free(row);
    free(sums);
    return ready;
}

/* No row's loss is above log 2 + |z|, and |z| not above the intercept and each column's most. */
static double loss_bound(const struct problem *p, const double *x)
{
    double bound = M_LN2;
    for (int j = 0; j <= p->model->columns; j++)
        bound += fabs(x[j]) * p->bound[j];
    return bound;
}

static souk_status evaluate_all(void *context, const double *x, double *value, double *gradient,
                                struct souk_error *err)
{
    const struct problem *p = context;
    const int n = p->model->columns;
    const double bound = loss_bound(p, x);
    int failed = 0;
    souk_status status;
    if (!isfinite(bound)) {
        *value = INFINITY; /* a step too far: the search takes a shorter one */
        memset(gradient, 0, ((size_t)n + 1) * sizeof *gradient);
        return SOUK_OK;
    }
    const int shift = souk_fixed_shift(bound, p->total);
    p->scale[n + 1] = ldexp(1, shift);
    memset(p->sums, 0, ((size_t)n + 2) * sizeof *p->sums);
#pragma omp parallel default(none) shared(p, x) reduction(+ : failed)
    failed += !add_rows(p, x);
    status = failed ? souk_fail(err, SOUK_ENOMEM, "no memory for %d columns", n) : SOUK_OK;
    status = souk_status_agree_all(p->comm, status, err);
    if (status == SOUK_OK)
        status = souk_sum_i64_all(p->comm, p->sums, n + 2, err);
    if (status != SOUK_OK)
        return status;
    *value = souk_fixed_to(p->sums[n + 1], shift);
    for (int j = 0; j <= n; j++) {
        const double penalised = j < n ? x[j] : 0;
        gradient[j] = (double)p->sums[j] / p->scale[j] + p->l2 * penalised;
        *value += p->l2 / 2 * penalised * penalised;
    }
    return SOUK_OK;
}

/* Bounds of the columns, from which the fixed point of each sum follows. */
static souk_status find_bounds_all(struct problem *p, struct souk_error *err)
{
    const int n = p->model->columns, features = p->model->features;
    for (int64_t i = 0; i < p->rows->rows; i++)
        for (int j = 0; j < n; j++)
            p->bound[j] = fmax(
                p->bound[j],
                fabs(souk_standardcolumn_of(&p->model->column[j], p->rows->value + i * features)));
    p->bound[n] = 1;
    const souk_status status = souk_max_f64_all(p->comm, p->bound, n + 1, err);
    for (int j = 0; j <= n; j++)
        p->scale[j] = ldexp(1, souk_fixed_shift(p->bound[j], p->total));
    return status;
}

souk_status souk_logistic_fit_all(const struct souk_comm *comm,
                                  const struct souk_logistic_rows *rows,
                                  const struct souk_logistic_options *options,
                                  struct souk_logistic *model, struct souk_lbfgs_result *result,
                                  struct souk_error *err)
{
    struct problem p = {.comm = comm, .rows = rows, .model = model, .l2 = options->l2};
    double *x = NULL;
    *model = (struct souk_logistic){0};
    *result = (struct souk_lbfgs_result){0};
    souk_status status = souk_standardcolumns_find_all(comm, rows, model, &p.total, err);
    if (status != SOUK_OK)
        return status;
    const size_t n = (size_t)model->columns;
    x = souk_zalloc_array(n + 1, sizeof *x);
    p.bound = souk_zalloc_array(n + 1, sizeof *p.bound);
    p.scale = souk_zalloc_array(n + 2, sizeof *p.scale);
    p.sums = souk_zalloc_array(n + 2, sizeof *p.sums);
    if (!x || !p.bound || !p.scale || !p.sums)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %zu columns", n);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = find_bounds_all(&p, err);
    const struct souk_lbfgs_problem problem = {model->columns + 1, &p, evaluate_all};
    if (status == SOUK_OK)
        status = souk_lbfgs_minimize_all(comm, &problem, &options->search, x, result, err);
    for (size_t j = 0; j < n && status == SOUK_OK; j++)
        model->column[j].weight = x[j];
    if (status == SOUK_OK)
        model->intercept = x[n];
    free(x);
    free(p.bound);
    free(p.scale);
    free(p.sums);
    return status;
}

void souk_logistic_fini(struct souk_logistic *model)
{
    free(model->column);
    *model = (struct souk_logistic){0};
}

double souk_logistic_score(const struct souk_logistic *model, const float *value)
{
    double z = model->intercept;
    for (int j = 0; j < model->columns; j++)
        z += model->column[j].weight * souk_standardcolumn_of(&model->column[j], value);
    return z;
}
