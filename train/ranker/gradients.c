#include "train/ranker/gradients.h"

#include "shared/base/largearray.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/math/fixed.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

souk_status souk_derivatives_init(struct souk_derivatives *d, int64_t rows, int64_t total_rows,
                                  enum souk_histogram_kind kind, struct souk_error *err)
{
    const size_t n = (size_t)rows;
    if (kind == SOUK_HISTOGRAM_AUTO)
        kind = total_rows <= SOUK_HISTOGRAM_WIDE_ROWS ? SOUK_HISTOGRAM_WIDE : SOUK_HISTOGRAM_PACKED;
    *d = (struct souk_derivatives){.rows = rows, .total_rows = total_rows, .kind = kind};
    d->gradient = souk_large_array(n, sizeof *d->gradient);
    d->hessian = souk_large_array(n, sizeof *d->hessian);
    d->key = souk_large_array(n, sizeof *d->key);
    if (kind == SOUK_HISTOGRAM_PACKED)
        d->form.packed = souk_large_array(n, sizeof *d->form.packed);
    else
        d->form.plain = souk_alloc_array(n, 2 * sizeof *d->form.plain);
    if (d->gradient && d->hessian && d->key && (d->form.packed || d->form.plain))
        return SOUK_OK;
    souk_derivatives_fini(d);
    return souk_fail(err, SOUK_ENOMEM, "no memory for the gradients of %" PRId64 " rows", rows);
}

void souk_derivatives_fini(struct souk_derivatives *d)
{
    free(d->gradient);
    free(d->hessian);
    free(d->key);
    free(d->form.packed);
    free(d->form.plain);
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

/* A step of SplitMix64's finaliser: the row's bits are random already, they only have to change
 * from tree to tree. */
static inline uint64_t remix(uint64_t bits, uint64_t salt)
{
    bits = (bits ^ salt) * UINT64_C(0xbf58476d1ce4e5b9);
    return bits ^ bits >> 31;
}

static void pack(struct souk_derivatives *d, uint64_t salt)
{
    const double by_gradient = 1 / d->form.gradient_unit, by_hessian = 1 / d->form.hessian_unit;
    for (int64_t r = 0; r < d->rows; r++) {
        const uint64_t bits = remix(d->key[r], salt);
        const double u = (double)(int32_t)(bits >> 33) * 0x1p-31;
        const double v = (double)(int32_t)(bits & 0x7fffffff) * 0x1p-31;
        /* Conversion truncates: keep what it sees above 0. */
        const int g = (int)(d->gradient[r] * by_gradient + (u + (SOUK_PACKED_MAX + 1)));
        const int h = (int)(d->hessian[r] * by_hessian + v);
        const int gradient = g - (SOUK_PACKED_MAX + 1);
        d->form.packed[r] = souk_packed(gradient < SOUK_PACKED_MAX ? gradient : SOUK_PACKED_MAX,
                                        h < SOUK_PACKED_MAX ? h : SOUK_PACKED_MAX);
    }
}

static void copy_plain(struct souk_derivatives *d)
{
    for (int64_t r = 0; r < d->rows; r++) {
        d->form.plain[2 * r] = d->gradient[r];
        d->form.plain[2 * r + 1] = d->hessian[r];
    }
}

/* Whole numbers, in doubles that hold their sums exactly. */
static void round_plain(struct souk_derivatives *d)
{
    const double by_gradient = 1 / d->form.gradient_unit, by_hessian = 1 / d->form.hessian_unit;
    for (int64_t r = 0; r < d->rows; r++) {
        d->form.plain[2 * r] = rint(d->gradient[r] * by_gradient);
        d->form.plain[2 * r + 1] = rint(d->hessian[r] * by_hessian);
    }
}

/* What 1 in a histogram is worth; `shift` is the one for sums of 62 bits. */
static double unit_of(enum souk_histogram_kind kind, double bound, int shift)
{
    enum { FEWER_BITS = 10 };
    if (kind == SOUK_HISTOGRAM_WIDE)
        return ldexp(1, FEWER_BITS - shift);
    return kind == SOUK_HISTOGRAM_PACKED && bound > 0 ? bound / SOUK_PACKED_MAX : 1;
}

souk_status souk_derivatives_round_all(const struct souk_comm *comm, struct souk_derivatives *d,
                                       uint64_t tree, struct souk_error *err)
{
    double bound[2];
    find_bounds(d, bound);
    souk_status status = souk_max_f64_all(comm, bound, 2, err);
    if (status)
        return status;
    if (!isfinite(bound[0]) || !isfinite(bound[1]))
        return souk_fail(err, SOUK_ENUMERIC,
                         "gradients are no longer finite: try a smaller learning rate");
    d->gradient_shift = souk_fixed_shift(bound[0], d->total_rows);
    d->hessian_shift = souk_fixed_shift(bound[1], d->total_rows);
    d->form.gradient_unit = unit_of(d->kind, bound[0], d->gradient_shift);
    d->form.hessian_unit = unit_of(d->kind, bound[1], d->hessian_shift);
    if (d->kind == SOUK_HISTOGRAM_PACKED)
        pack(d, souk_random_bits(tree, 0, 0));
    else if (d->kind == SOUK_HISTOGRAM_WIDE)
        round_plain(d);
    else
        copy_plain(d);
    return SOUK_OK;
}

souk_status souk_derivatives_sum_all(const struct souk_comm *comm, const struct souk_derivatives *d,
                                     const int32_t *row, const int64_t *start, const int64_t *count,
                                     int lists, double (*sum)[2], struct souk_error *err)
{
    const double by_gradient = ldexp(1, d->gradient_shift), by_hessian = ldexp(1, d->hessian_shift);
    int64_t *fixed = souk_zalloc_array((size_t)lists, 2 * sizeof *fixed);
    souk_status status = fixed ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for sums");
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    for (int l = 0; l < lists; l++)
        for (int64_t i = start[l]; i < start[l] + count[l]; i++) {
            fixed[2 * l] += llrint(d->gradient[row[i]] * by_gradient);
            fixed[2 * l + 1] += llrint(d->hessian[row[i]] * by_hessian);
        }
    status = souk_sum_i64_all(comm, fixed, 2 * lists, err);
    for (int l = 0; status == SOUK_OK && l < lists; l++) {
        sum[l][0] = souk_fixed_to(fixed[2 * l], d->gradient_shift);
        sum[l][1] = souk_fixed_to(fixed[2 * l + 1], d->hessian_shift);
    }
out:
    free(fixed);
    return status;
}
