/* L-BFGS on functions whose minimum is known: badly scaled, curved, walled, flat, linear. */
#include "train/logistic/lbfgs.h"

#include <math.h>
#include <stdio.h>

enum { N = 40 };

/* Curvatures from 1 to 1000; the minimum is at x_i = i. */
static souk_status quadratic(void *context, const double *x, double *value, double *gradient,
                             struct souk_error *err)
{
    (void)context;
    (void)err;
    *value = 0;
    for (int i = 0; i < N; i++) {
        const double curvature = pow(10, 3.0 * i / (N - 1));
        *value += curvature / 2 * (x[i] - i) * (x[i] - i);
        gradient[i] = curvature * (x[i] - i);
    }
    return SOUK_OK;
}

/* Rosenbrock's valley in pairs; the minimum is at 1. */
static souk_status valley(void *context, const double *x, double *value, double *gradient,
                          struct souk_error *err)
{
    (void)context;
    (void)err;
    *value = 0;
    for (int i = 0; i < N; i += 2) {
        const double off = x[i + 1] - x[i] * x[i];
        *value += 100 * off * off + (1 - x[i]) * (1 - x[i]);
        gradient[i] = -400 * x[i] * off - 2 * (1 - x[i]);
        gradient[i + 1] = 200 * off;
    }
    return SOUK_OK;
}

/* 1/x + x, infinite from 0 down: the first step of the search goes there. The minimum is at 1. */
static souk_status wall(void *context, const double *x, double *value, double *gradient,
                        struct souk_error *err)
{
    (void)context;
    (void)err;
    *value = 0;
    for (int i = 0; i < N; i++) {
        *value += x[i] > 0 ? 1 / x[i] + x[i] : INFINITY;
        gradient[i] = 1 - 1 / (x[i] * x[i]);
    }
    return SOUK_OK;
}

/* No minimum at all: the search must end, without an error. */
static souk_status linear(void *context, const double *x, double *value, double *gradient,
                          struct souk_error *err)
{
    (void)context;
    (void)err;
    *value = 0;
    for (int i = 0; i < N; i++) {
        *value -= x[i];
        gradient[i] = -1;
    }
    return SOUK_OK;
}

static souk_status broken(void *context, const double *x, double *value, double *gradient,
                          struct souk_error *err)
{
    const souk_status status = linear(context, x, value, gradient, err);
    *value = NAN;
    return status;
}

struct trial {
    const char *name;
    souk_status (*function)(void *, const double *, double *, double *, struct souk_error *);
    double start, first, each; /* the minimum is at first + i * each */
    int history, iterations;
};

static int check(const struct souk_comm *comm, const struct trial *t)
{
    const struct souk_lbfgs_problem problem = {N, NULL, t->function};
    const struct souk_lbfgs_options options = {t->history, t->iterations, 1e-12};
    struct souk_lbfgs_result result;
    struct souk_error err = {0};
    double x[N], worst = 0;
    for (int i = 0; i < N; i++)
        x[i] = t->start;
    const souk_status status = souk_lbfgs_minimize_all(comm, &problem, &options, x, &result, &err);
    for (int i = 0; i < N; i++)
        worst = fmax(worst, fabs(x[i] - t->first - i * t->each));
    if (status == SOUK_OK && result.converged && worst < 1e-6 && result.iterations <= t->iterations)
        return 0;
    printf("%s, history %d: status %d, %d iterations, slope %g, %g off\n", t->name, t->history,
           status, result.iterations, result.slope, worst);
    return 1;
}

static int check_edges(const struct souk_comm *comm)
{
    const struct souk_lbfgs_options options = {5, 30, 1e-10}, none = {5, 0, 1e-10};
    const struct souk_lbfgs_problem endless = {N, NULL, linear}, nan = {N, NULL, broken};
    const struct souk_lbfgs_problem bowl = {N, NULL, quadratic};
    struct souk_lbfgs_result result;
    struct souk_error err;
    double x[N] = {0};
    int failures = 0;
    souk_status status = souk_lbfgs_minimize_all(comm, &endless, &options, x, &result, &err);
    failures += status != SOUK_OK || result.converged;
    status = souk_lbfgs_minimize_all(comm, &nan, &options, x, &result, &err);
    failures += status != SOUK_ENUMERIC;
    for (int i = 0; i < N; i++)
        x[i] = i; /* the minimum itself */
    status = souk_lbfgs_minimize_all(comm, &bowl, &options, x, &result, &err);
    failures += status != SOUK_OK || !result.converged || result.iterations != 0;
    x[0] = 5;
    status = souk_lbfgs_minimize_all(comm, &bowl, &none, x, &result, &err);
    return failures + (status != SOUK_OK || result.converged || x[0] != 5);
}

int main(int argc, char **argv)
{
    static const struct trial trials[] = {
        {"quadratic", quadratic, 0, 0, 1, 10, 500}, {"quadratic", quadratic, -300, 0, 1, 3, 2000},
        {"valley", valley, -1.2, 1, 0, 10, 200},    {"valley", valley, 3, 1, 0, 1, 5000},
        {"wall", wall, .01, 1, 0, 5, 100},          {"wall", wall, 1e4, 1, 0, 5, 100},
    };
    struct souk_comm comm;
    struct souk_error err = {0};
    int64_t failures = 0;
    if (souk_comm_start(&argc, &argv, "mpi_lbfgs", &comm, &err) != SOUK_OK)
        return 1;
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
        failures += check(&comm, &trials[i]);
    failures += check_edges(&comm);
    if (souk_sum_i64_all(&comm, &failures, 1, &err) != SOUK_OK)
        failures = 1;
    souk_comm_finish(&comm, SOUK_OK, &err);
    return failures > 0;
}
