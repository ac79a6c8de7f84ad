#include "train/linear/krylov.h"

#include "shared/base/memory.h"
#include "shared/base/random.h"

#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void set_sizes(struct souk_krylov *k)
{
    const struct souk_krylov_parameters *p = &k->parameters;
    const int64_t rows = k->a->items->rows;
    k->width = smaller(p->wanted + p->oversample, rows);
    k->columns_max = smaller(k->width * p->depth, rows);
}

/* Elements of all arrays: by rows of items, by users, and of small matrices. */
int64_t souk_krylov_memory(const struct souk_itemoperator *a,
                           const struct souk_krylov_parameters *parameters)
{
    struct souk_krylov k = {.a = a, .parameters = *parameters};
    set_sizes(&k);
    const double elements = (double)a->items->leading * (double)(k.columns_max + 2 * k.width) +
                            (double)a->users * (double)k.width +
                            (double)k.columns_max * (double)(2 * k.columns_max + k.width + 1) +
                            (double)k.width * (double)k.width;
    const double bytes = elements * (double)sizeof(double) +
                         (double)souk_itemoperator_bytes(a, k.width) + (double)a->pairs * 8;
    return bytes < 9e18 ? (int64_t)bytes : INT64_MAX;
}

static double *new_matrix(int64_t columns, int64_t rows)
{
    size_t count;
    return souk_mul_size((size_t)columns, (size_t)rows, &count)
               ? souk_alloc_aligned(count, sizeof(double))
               : NULL;
}

static souk_status allocate(struct souk_krylov *k, struct souk_error *err)
{
    const int64_t leading = k->a->items->leading;
    k->basis = new_matrix(k->columns_max, leading);
    k->z = new_matrix(k->width, leading);
    k->y = new_matrix(k->a->users, k->width);
    k->projected = new_matrix(k->columns_max, k->columns_max);
    k->theta = new_matrix(k->columns_max, 1);
    k->vectors = new_matrix(k->columns_max, k->columns_max);
    k->product = new_matrix(k->width, k->columns_max);
    k->r = new_matrix(k->width, k->width);
    if (!k->basis || !k->z || !k->y || !k->projected || !k->theta || !k->vectors || !k->product ||
        !k->r)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a basis of %lld columns",
                         (long long)k->columns_max);
    return SOUK_OK;
}

void souk_krylov_fini(struct souk_krylov *k)
{
    free(k->basis);
    free(k->z);
    free(k->y);
    free(k->projected);
    free(k->theta);
    free(k->vectors);
    free(k->product);
    free(k->r);
    *k = (struct souk_krylov){0};
}

/* A function of (seed, item, column) alone. */
static void draw_column(struct souk_krylov *k, int64_t column, int64_t draw)
{
    const struct souk_tall *t = k->a->items;
    for (int64_t i = 0; i < t->local; i++)
        k->z[column * t->leading + i] = souk_random_normal(
            k->parameters.seed, (uint64_t)(t->first + i), (uint64_t)(draw * k->width + column));
}

/* Take the basis out of z. @param worst largest coefficient that was taken out */
static souk_status project_all(struct souk_krylov *k, int64_t width, double *worst,
                               struct souk_error *err)
{
    const struct souk_tall *t = k->a->items;
    const souk_status status =
        souk_tall_inner_all(t, k->basis, k->columns, k->z, width, k->product, err);
    *worst = 0;
    for (int64_t i = 0; i < k->columns * width && !status; i++)
        *worst = fmax(*worst, fabs(k->product[i]));
    souk_tall_subtract(t, k->basis, k->columns, k->product, k->z, width);
    return status;
}

/* A column of unit length that the projection left nothing of was a guess of the QR for a direction
 * that z lacked: draw another. */
static souk_status redraw_lost_all(struct souk_krylov *k, int64_t width, int64_t draw,
                                   struct souk_error *err)
{
    const struct souk_tall *t = k->a->items;
    double *square = k->r; /* free now */
    souk_status status;
    for (int64_t c = 0; c < width; c++) {
        square[c] = 0;
        for (int64_t i = 0; i < t->local; i++)
            square[c] += k->z[c * t->leading + i] * k->z[c * t->leading + i];
    }
    status = souk_sum_f64_all(t->grid->comm, square, width, err);
    for (int64_t c = 0; c < width && !status; c++)
        if (square[c] < 1e-8)
            draw_column(k, c, draw);
    return status;
}

/* Append the first `width` columns of z, which are orthonormal, as the next block. Where X'X adds
 * fewer directions than a block has, it takes some rounds until the others are off the basis. */
static souk_status append_all(struct souk_krylov *k, int64_t width, struct souk_error *err)
{
    enum { ROUNDS = 6 };
    const struct souk_tall *t = k->a->items;
    double worst = 1;
    souk_status status = SOUK_OK;
    for (int round = 0; round < ROUNDS && !status; round++) {
        status = project_all(k, width, &worst, err);
        if (status || worst < 1e-12)
            break;
        status = redraw_lost_all(k, width, k->products * ROUNDS + round + 1, err);
        if (!status)
            status = project_all(k, width, &worst, err);
        if (!status)
            status = souk_tall_qr_all(t, k->z, width, NULL, true, err);
    }
    if (!status && worst > 1e-6)
        status = souk_fail(err, SOUK_ENUMERIC, "the basis of %lld columns lost its orthogonality",
                           (long long)k->columns);
    if (status)
        return status;
    memcpy(k->basis + k->columns * t->leading, k->z,
           (size_t)(width * t->leading) * sizeof *k->basis);
    k->columns += width;
    k->last = width;
    return SOUK_OK;
}

/* z = X'X times the last block, its part within the basis to T, the rest left in z. */
static souk_status multiply_all(struct souk_krylov *k, struct souk_error *err)
{
    const int64_t leading = k->a->items->leading, first = k->columns - k->last;
    double worst;
    souk_status status =
        souk_itemoperator_apply_all(k->a, k->basis + first * leading, k->last, k->y, err);
    if (!status)
        status = souk_itemoperator_transpose_all(k->a, k->y, k->last, k->z, err);
    if (!status)
        status = project_all(k, k->last, &worst, err);
    for (int64_t j = 0; j < k->last && !status; j++) {
        for (int64_t i = 0; i < k->columns; i++) {
            const double value = k->product[j * k->columns + i];
            k->projected[(first + j) * k->columns_max + i] = value;
            k->projected[i * k->columns_max + first + j] = value;
        }
    }
    k->products++;
    return status ? status : project_all(k, k->last, &worst, err);
}

static void reverse_order(double *values, double *vectors, int64_t n)
{
    for (int64_t i = 0; i < n / 2; i++) {
        const int64_t j = n - 1 - i;
        const double value = values[i];
        values[i] = values[j];
        values[j] = value;
        for (int64_t r = 0; r < n; r++) {
            const double element = vectors[i * n + r];
            vectors[i * n + r] = vectors[j * n + r];
            vectors[j * n + r] = element;
        }
    }
}

/* Eigenvalues and vectors of T. One rank finds them, so that all decide alike. */
static souk_status find_ritz_all(struct souk_krylov *k, struct souk_error *err)
{
    const struct souk_comm *comm = k->a->comm;
    const int64_t n = k->columns;
    souk_status status = SOUK_OK;
    if (comm->rank == 0) {
        for (int64_t j = 0; j < n; j++)
            memcpy(k->vectors + j * n, k->projected + j * k->columns_max,
                   (size_t)n * sizeof *k->vectors);
        const int info =
            LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', (int)n, k->vectors, (int)n, k->theta);
        if (info != 0)
            status = souk_fail(err, SOUK_ENUMERIC, "dsyevd fails with %d", info);
        else
            reverse_order(k->theta, k->vectors, n);
    }
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_broadcast_all(comm, k->theta, n * (int64_t)sizeof *k->theta, 0, err);
    if (!status)
        status = souk_broadcast_all(comm, k->vectors, n * n * (int64_t)sizeof *k->vectors, 0, err);
    return status;
}

/* || R s || for the part s of a Ritz vector in the last block. */
static double residual_of(const struct souk_krylov *k, int64_t pair)
{
    const double *s = k->vectors + pair * k->columns + k->columns - k->last;
    double square = 0;
    for (int64_t i = 0; i < k->last; i++) {
        double sum = 0;
        for (int64_t j = i; j < k->last; j++)
            sum += k->r[j * k->last + i] * s[j];
        square += sum * sum;
    }
    return sqrt(square);
}

/* A residual at the level of rounding in X'X is as good as none. */
static void measure_error(struct souk_krylov *k)
{
    const double rounding = 64 * DBL_EPSILON * k->theta[0];
    k->error = 0;
    for (int64_t i = 0; i < k->parameters.wanted; i++) {
        const double residual = residual_of(k, i);
        if (residual > rounding)
            k->error = fmax(k->error, residual / (2 * fmax(k->theta[i], rounding)));
    }
}

/* Begin again from the best Ritz vectors. */
static souk_status restart_all(struct souk_krylov *k, struct souk_error *err)
{
    const struct souk_tall *t = k->a->items;
    souk_tall_combine(t, k->basis, k->columns, k->vectors, k->columns, k->z, k->width);
    k->columns = 0;
    k->restarts++;
    const souk_status status = souk_tall_qr_all(t, k->z, k->width, NULL, true, err);
    return status ? status : append_all(k, k->width, err);
}

/* @param done when the wanted pairs are good enough */
static souk_status step_all(struct souk_krylov *k, bool *done, struct souk_error *err)
{
    const int64_t rows = k->a->items->rows;
    souk_status status = multiply_all(k, err);
    if (!status)
        status = find_ritz_all(k, err);
    if (status)
        return status;
    k->error = 0;
    *done = k->columns == rows;
    if (*done)
        return SOUK_OK;
    status = souk_tall_qr_all(k->a->items, k->z, k->last, k->r, true, err);
    if (status)
        return status;
    measure_error(k);
    *done = k->error <= k->parameters.tolerance;
    if (*done)
        return SOUK_OK;
    if (k->products >= k->parameters.products_max)
        return souk_fail(err, SOUK_ENUMERIC,
                         "singular values are good to %.2g only after %lld products with X'X: "
                         "allow more --products, or another --tolerance",
                         k->error, (long long)k->products);
    if (k->columns_max < rows && k->columns + k->last > k->columns_max)
        return restart_all(k, err);
    return append_all(k, smaller(k->last, rows - k->columns), err);
}

souk_status souk_krylov_run_all(struct souk_krylov *out, const struct souk_itemoperator *a,
                                const struct souk_krylov_parameters *parameters,
                                struct souk_error *err)
{
    bool done = false;
    souk_status status;
    *out = (struct souk_krylov){.a = a, .parameters = *parameters};
    set_sizes(out);
    status = souk_tall_check(a->items->rows, out->width, a->comm->size, err);
    if (status)
        return status; /* of sizes that are the same everywhere */
    status = souk_status_agree_all(a->comm, allocate(out, err), err);
    if (!status) {
        for (int64_t c = 0; c < out->width; c++)
            draw_column(out, c, 0);
        status = souk_tall_qr_all(a->items, out->z, out->width, NULL, true, err);
    }
    if (!status)
        status = append_all(out, out->width, err);
    while (!status && !done)
        status = step_all(out, &done, err);
    if (status)
        souk_krylov_fini(out);
    return status;
}

void souk_krylov_vectors(const struct souk_krylov *k, double *out)
{
    souk_tall_combine(k->a->items, k->basis, k->columns, k->vectors, k->columns, out,
                      k->parameters.wanted);
}
