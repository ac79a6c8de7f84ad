#include "train/tune/tpe.h"

#include "shared/base/memory.h"
#include "shared/base/random.h"

#include <math.h>
#include <stdlib.h>

enum { CANDIDATES = 32, DRAWS = 32 };
static const double best_share = .2, width_min = .04, width_max = .5, same_choice = .8;

/* A mixture: the uniform density once, and a kernel at each point. */
struct density {
    const struct souk_space *space;
    int64_t count;
    const double **points;             /* [count], borrowed */
    double width[SOUK_DIMENSIONS_MAX]; /* of the kernels */
};

/* Random numbers of one proposal. */
struct draws {
    uint64_t seed, trial, next;
};

static double draw_uniform(struct draws *r)
{
    return souk_random_uniform(r->seed, r->trial, r->next++);
}

bool souk_tpe_is_ready(const struct souk_observations *seen)
{
    int64_t values = 0;
    for (int64_t i = 0; i < seen->count; i++)
        values += !isnan(seen->values[i]);
    return values >= SOUK_TPE_STARTUP;
}

/* Scott's rule, within bounds: a few points that lie together must not close the search. */
static void set_widths(struct density *m)
{
    const double n = (double)m->count;
    for (int d = 0; d < m->space->count; d++) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < m->count; i++) {
            sum += m->points[i][d];
            squares += m->points[i][d] * m->points[i][d];
        }
        const double variance = m->count > 1 ? (squares - sum * sum / n) / (n - 1) : 0;
        const double width =
            sqrt(variance > 0 ? variance : 0) * pow(n, -1. / (4 + m->space->count));
        m->width[d] = width < width_min ? width_min : width > width_max ? width_max : width;
    }
}

static double normal_share(double x)
{
    return .5 * erfc(-x * sqrt(.5));
}

/* One dimension of a kernel: a normal density cut off at 0 and 1, or a table of choices. */
static double kernel(const struct souk_dimension *d, double center, double width, double x)
{
    if (d->scale == SOUK_SCALE_CHOICE) {
        if (d->choice_count == 1)
            return 1;
        const bool same = souk_dimension_choice(d, center) == souk_dimension_choice(d, x);
        return (same ? same_choice : (1 - same_choice) / (d->choice_count - 1)) * d->choice_count;
    }
    const double z = (x - center) / width;
    const double mass = normal_share((1 - center) / width) - normal_share(-center / width);
    return exp(-.5 * z * z) / (width * sqrt(2 * acos(-1)) * mass);
}

static double density_at(const struct density *m, const double *x)
{
    double sum = 1;
    for (int64_t i = 0; i < m->count; i++) {
        double product = 1;
        for (int d = 0; d < m->space->count; d++)
            product *= kernel(&m->space->dimensions[d], m->points[i][d], m->width[d], x[d]);
        sum += product;
    }
    return sum / (double)(m->count + 1);
}

/* One coordinate from the kernel around a center. */
static double draw_near(const struct souk_dimension *d, double center, double width,
                        struct draws *r)
{
    if (d->scale == SOUK_SCALE_CHOICE)
        return draw_uniform(r) < same_choice ? center : draw_uniform(r);
    for (int k = 0; k < DRAWS; k++) {
        const double x = center + width * souk_random_normal(r->seed, r->trial, r->next++);
        if (x >= 0 && x < 1)
            return x;
    }
    return center;
}

static void draw_candidate(const struct density *m, struct draws *r, double *x)
{
    const int64_t from = (int64_t)(draw_uniform(r) * (double)(m->count + 1));
    for (int d = 0; d < m->space->count; d++)
        x[d] = from < m->count
                   ? draw_near(&m->space->dimensions[d], m->points[from][d], m->width[d], r)
                   : draw_uniform(r);
}

static int compare_best_first(const void *a, const void *b, void *values)
{
    const double *v = values;
    const int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
    const double x = isnan(v[i]) ? -INFINITY : v[i], y = isnan(v[j]) ? -INFINITY : v[j];
    return x != y ? (x > y ? -1 : 1) : (i > j) - (i < j);
}

/* Point l and g at the best and at the others. */
static souk_status divide(const struct souk_observations *seen, struct density *l,
                          struct density *g, const double **points)
{
    const int dimensions = l->space->count;
    int64_t known = 0, *order = souk_alloc_array((size_t)seen->count, sizeof *order);
    if (!order)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < seen->count; i++) {
        order[i] = i;
        known += !isnan(seen->values[i]);
    }
    qsort_r(order, (size_t)seen->count, sizeof *order, compare_best_first,
            (void *)(uintptr_t)seen->values);
    for (int64_t i = 0; i < seen->count; i++)
        points[i] = seen->points + order[i] * dimensions;
    l->count = (int64_t)ceil(best_share * (double)known);
    l->points = points;
    g->count = seen->count - l->count;
    g->points = points + l->count;
    free(order);
    return SOUK_OK;
}

souk_status souk_tpe_propose(const struct souk_space *space, const struct souk_observations *seen,
                             uint64_t seed, int64_t trial, double *point, struct souk_error *err)
{
    struct density l = {.space = space}, g = {.space = space};
    struct draws r = {.seed = seed, .trial = (uint64_t)trial};
    double best = -INFINITY, candidate[SOUK_DIMENSIONS_MAX];
    const double **points = souk_alloc_array((size_t)seen->count, sizeof *points);
    if (!points || divide(seen, &l, &g, points) != SOUK_OK) {
        free(points);
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld observations",
                         (long long)seen->count);
    }
    set_widths(&l);
    set_widths(&g);
    for (int k = 0; k < CANDIDATES; k++) {
        draw_candidate(&l, &r, candidate);
        const double gain = log(density_at(&l, candidate)) - log(density_at(&g, candidate));
        if (!(gain > best))
            continue;
        best = gain;
        for (int d = 0; d < space->count; d++)
            point[d] = candidate[d];
    }
    free(points);
    return SOUK_OK;
}
