#include "train/logistic/lbfgs.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct minimizer {
    const struct souk_lbfgs_problem *problem;
    int history, pairs, newest; /* pairs held, and where the last one is */
    double *store;              /* all arrays below */
    double *x, *gradient;       /* [n], here */
    double *direction;          /* [n] */
    double *trial, *slope;      /* [n], the point at hand of the line search, and its gradient */
    double *step, *change;      /* [history x n]: differences of x and of the gradient */
    double *rho, *alpha;        /* [history] */
    double value, trial_value;
    int evaluations;
};

/* A point of the line search: f(x + t d) and its derivative by t. */
struct sample {
    double t, value, slope;
};

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static double largest(const double *a, int n)
{
    double most = 0;
    for (int i = 0; i < n; i++)
        most = fabs(a[i]) > most || isnan(a[i]) ? fabs(a[i]) : most;
    return most;
}

static souk_status allocate(struct minimizer *m, const struct souk_lbfgs_options *options,
                            struct souk_error *err)
{
    const size_t n = (size_t)m->problem->n, history = (size_t)options->history;
    double *at = souk_zalloc_array(5 * n + 2 * history * (n + 1), sizeof *at);
    if (!at)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %d steps of %d coefficients",
                         options->history, m->problem->n);
    m->history = options->history;
    m->store = at;
    m->x = at;
    m->gradient = m->x + n;
    m->direction = m->gradient + n;
    m->trial = m->direction + n;
    m->slope = m->trial + n;
    m->step = m->slope + n;
    m->change = m->step + history * n;
    m->rho = m->change + history * n;
    m->alpha = m->rho + history;
    return SOUK_OK;
}

/* direction = -H gradient, H from the pairs held (algorithm 7.4). */
static void find_direction(struct minimizer *m)
{
    const int n = m->problem->n;
    double *d = m->direction;
    for (int i = 0; i < n; i++)
        d[i] = -m->gradient[i];
    for (int k = 0; k < m->pairs; k++) {
        const int p = (m->newest - k + m->history) % m->history;
        const double *s = m->step + (size_t)p * (size_t)n, *y = m->change + (size_t)p * (size_t)n;
        m->alpha[p] = m->rho[p] * dot(s, d, n);
        for (int i = 0; i < n; i++)
            d[i] -= m->alpha[p] * y[i];
    }
    if (m->pairs > 0) {
        const double *y = m->change + (size_t)m->newest * (size_t)n;
        const double scale = 1 / (m->rho[m->newest] * dot(y, y, n));
        for (int i = 0; i < n; i++)
            d[i] *= scale;
    }
    for (int k = m->pairs - 1; k >= 0; k--) {
        const int p = (m->newest - k + m->history) % m->history;
        const double *s = m->step + (size_t)p * (size_t)n, *y = m->change + (size_t)p * (size_t)n;
        const double beta = m->rho[p] * dot(y, d, n);
        for (int i = 0; i < n; i++)
            d[i] += (m->alpha[p] - beta) * s[i];
    }
}

static souk_status sample_at(struct minimizer *m, double t, struct sample *s,
                             struct souk_error *err)
{
    const int n = m->problem->n;
    for (int i = 0; i < n; i++)
        m->trial[i] = m->x[i] + t * m->direction[i];
    m->evaluations++;
    const souk_status status =
        m->problem->evaluate_all(m->problem->context, m->trial, &m->trial_value, m->slope, err);
    *s = (struct sample){t, m->trial_value, dot(m->slope, m->direction, n)};
    return status;
}

/* Differences of values below this are rounding: near the minimum the slope alone decides, as in
 * Hager and Zhang 2005. Sums of fixed-point integers leave some 4e-13. */
static double noise(const struct sample *start)
{
    return 1e-11 * fabs(start->value);
}

/* Sufficient decrease. */
static bool decreases(const struct sample *start, const struct sample *s)
{
    return s->value <= start->value + 1e-4 * s->t * start->slope + noise(start);
}

static bool is_flat_enough(const struct sample *start, const struct sample *s)
{
    return fabs(s->slope) <= -.9 * start->slope;
}

/* The minimum of the cubic through two samples (equation 3.59), inside the middle 80 %. */
static double interpolate(const struct sample *a, const struct sample *b)
{
    const double width = b->t - a->t;
    const double d1 = a->slope + b->slope - 3 * (b->value - a->value) / width;
    const double under = d1 * d1 - a->slope * b->slope;
    const double d2 = copysign(sqrt(under > 0 ? under : 0), width);
    double t = b->t - width * (b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2);
    const double near = a->t + .1 * width, far = a->t + .9 * width;
    if (!isfinite(t))
        t = (a->t + b->t) / 2;
    return fmin(fmax(t, fmin(near, far)), fmax(near, far));
}

/* Algorithm 3.6: between `low`, which decreases, and `high`, where the minimum is not beyond. */
static souk_status zoom(struct minimizer *m, const struct sample *start, struct sample low,
                        struct sample high, struct sample *found, struct souk_error *err)
{
    for (int round = 0; round < 40; round++) {
        struct sample s;
        const souk_status status = sample_at(m, interpolate(&low, &high), &s, err);
        if (status != SOUK_OK)
            return status;
        if (!decreases(start, &s) || s.value > low.value + noise(start)) {
            high = s;
            continue;
        }
        if (is_flat_enough(start, &s)) {
            *found = s;
            return SOUK_OK;
        }
        if (s.slope * (high.t - low.t) >= 0)
            high = low;
        low = s;
    }
    *found = *start; /* nothing lower within rounding */
    return SOUK_OK;
}

/* Algorithm 3.5. @param found t 0 where no step was found; else it is the point at hand */
static souk_status search_line(struct minimizer *m, double first, struct sample *found,
                               struct souk_error *err)
{
    const struct sample start = {0, m->value, dot(m->gradient, m->direction, m->problem->n)};
    struct sample last = start, s;
    double t = first, wall = INFINITY; /* from where on the function is not finite */
    for (int round = 0; round < 100; round++) {
        const souk_status status = sample_at(m, t, &s, err);
        if (status != SOUK_OK)
            return status;
        if (!isfinite(s.value) || !isfinite(s.slope)) {
            wall = t;
            t = (last.t + wall) / 2;
            continue;
        }
        if (!decreases(&start, &s) || s.value > last.value + noise(&start))
            return zoom(m, &start, last, s, found, err);
        if (is_flat_enough(&start, &s)) {
            *found = s;
            return SOUK_OK;
        }
        if (s.slope >= 0)
            return zoom(m, &start, s, last, found, err);
        last = s;
        t = isfinite(wall) ? (t + wall) / 2 : 2 * t;
    }
    *found = start;
    return SOUK_OK;
}

/* The point at hand becomes x; the step that led there joins the history if it curves upwards. */
static void move(struct minimizer *m)
{
    const int n = m->problem->n, p = (m->newest + 1) % m->history;
    double *s = m->step + (size_t)p * (size_t)n, *y = m->change + (size_t)p * (size_t)n;
    for (int i = 0; i < n; i++) {
        s[i] = m->trial[i] - m->x[i];
        y[i] = m->slope[i] - m->gradient[i];
    }
    const double curvature = dot(s, y, n);
    if (curvature > 1e-14 * dot(y, y, n)) {
        m->rho[p] = 1 / curvature;
        m->newest = p;
        m->pairs += m->pairs < m->history;
    }
    memcpy(m->x, m->trial, (size_t)n * sizeof *m->x);
    memcpy(m->gradient, m->slope, (size_t)n * sizeof *m->gradient);
    m->value = m->trial_value;
}

static souk_status iterate(struct minimizer *m, const struct souk_lbfgs_options *options,
                           struct souk_lbfgs_result *result, struct souk_error *err)
{
    const int n = m->problem->n;
    const double goal = options->tolerance * fmax(1, largest(m->gradient, n));
    struct sample found = {1, 0, 0};
    while (largest(m->gradient, n) > goal && result->iterations < options->iterations) {
        find_direction(m);
        const double first = m->pairs > 0 ? 1 : fmin(1, 1 / largest(m->gradient, n));
        const souk_status status = search_line(m, first, &found, err);
        if (status != SOUK_OK)
            return status;
        if (found.t == 0 && m->pairs == 0)
            break; /* not even downhill: this is as low as doubles go */
        if (found.t == 0) {
            m->pairs = 0; /* the history misleads: once more from the gradient */
            continue;
        }
        move(m);
        result->iterations++;
    }
    result->slope = largest(m->gradient, n);
    result->converged = result->slope <= goal;
    return SOUK_OK;
}

souk_status souk_lbfgs_minimize_all(const struct souk_comm *comm,
                                    const struct souk_lbfgs_problem *problem,
                                    const struct souk_lbfgs_options *options, double *x,
                                    struct souk_lbfgs_result *result, struct souk_error *err)
{
    struct minimizer m = {.problem = problem};
    const size_t bytes = (size_t)problem->n * sizeof *x;
    souk_status status = souk_status_agree_all(comm, allocate(&m, options, err), err);
    *result = (struct souk_lbfgs_result){0};
    if (status != SOUK_OK)
        goto out;
    memcpy(m.x, x, bytes);
    m.evaluations = 1;
    status = problem->evaluate_all(problem->context, m.x, &m.value, m.gradient, err);
    if (status == SOUK_OK && !(isfinite(m.value) && isfinite(largest(m.gradient, problem->n))))
        status = souk_fail(err, SOUK_ENUMERIC, "the loss is not finite where the search starts");
    if (status == SOUK_OK)
        status = iterate(&m, options, result, err);
    if (status == SOUK_OK) {
        memcpy(x, m.x, bytes);
        result->value = m.value;
        result->evaluations = m.evaluations;
    }
out:
    free(m.store);
    return status;
}
