#include "train/ranker/gradients.h"

#include "shared/base/largearray.h"
#include "shared/base/memory.h"
#include "shared/math/fixed.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

souk_status souk_derivatives_init(struct souk_derivatives *d, int64_t rows, int64_t total_rows,
                                  bool exact, struct souk_error *err)
{
    const size_t n = (size_t)rows;
    *d = (struct souk_derivatives){.rows = rows, .total_rows = total_rows, .exact = exact};
    d->gradient = souk_large_array(n, sizeof *d->gradient);
    d->hessian = souk_large_array(n, sizeof *d->hessian);
    d->form.pair = souk_large_array(n, sizeof *d->form.pair);
    if (d->gradient && d->hessian && d->form.pair)
        return SOUK_OK;
    souk_derivatives_fini(d);
    return souk_fail(err, SOUK_ENOMEM, "no memory for the gradients of %" PRId64 " rows", rows);
}

void souk_derivatives_fini(struct souk_derivatives *d)
{
    free(d->gradient);
    free(d->hessian);
    free(d->form.pair);
    *d = (struct souk_derivatives){0};
}

/* The largest of each in magnitude; NaN counts as infinite, for an MPI MAX may lose it. */
static void find_bounds(const struct souk_derivatives *d, double bound[2])
{
    double gradient = 0, hessian = 0, poison = 0;
    for (int64_t r = 0; r < d->rows; r++) {
        const double g = fabs(d->gradient[r]), h = d->hessian[r];
        gradient = g > gradient ? g : gradient;
        hessian = h > hessian ? h : hessian;
        poison += 0 * (g + h);
    }
    bound[0] = poison == 0 ? gradient : INFINITY;
    bound[1] = hessian;
}

/* Adding and taking away 1.5 * 2^52 leaves the nearest integer to anything below 2^51. */
static double nearest(double x)
{
    const double round = 0x1.8p52;
    return x + round - round;
}

static void round_pairs(struct souk_derivatives *d)
{
    const double by_gradient = 1 / d->form.gradient_unit, by_hessian = 1 / d->form.hessian_unit;
    for (int64_t r = 0; r < d->rows; r++) {
        d->form.pair[r].gradient = nearest(d->gradient[r] * by_gradient);
        d->form.pair[r].hessian = nearest(d->hessian[r] * by_hessian);
    }
}

static void copy_pairs(struct souk_derivatives *d)
{
    for (int64_t r = 0; r < d->rows; r++)
        d->form.pair[r] = (struct souk_histbin){d->gradient[r], d->hessian[r]};
}

/* A shift for sums of 61 bits, less what is more than nearest() and a double bear. */
static double unit_of(double bound, int64_t total_rows)
{
    enum { FEWER_BITS = 10 };
    return ldexp(1, FEWER_BITS - souk_fixed_shift(bound, total_rows));
}

souk_status souk_derivatives_round_all(const struct souk_comm *comm, struct souk_derivatives *d,
                                       struct souk_error *err)
{
    double bound[2];
    find_bounds(d, bound);
    souk_status status = souk_max_f64_all(comm, bound, 2, err);
    if (status)
        return status;
    if (!isfinite(bound[0]) || !isfinite(bound[1]))
        return souk_fail(err, SOUK_ENUMERIC,
                         "gradients are no longer finite: try a smaller learning rate");
    d->form.gradient_unit = d->exact ? unit_of(bound[0], d->total_rows) : 1;
    d->form.hessian_unit = d->exact ? unit_of(bound[1], d->total_rows) : 1;
    if (d->exact)
        round_pairs(d);
    else
        copy_pairs(d);
    return SOUK_OK;
}
