#include "train/linear/tallmatrix.h"

#include "shared/base/memory.h"
#include "train/linear/scalapack.h"

#include <cblas.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_BLOCK = 32 }; /* columns that pdgeqrf takes at a time */

souk_status souk_tall_init(struct souk_tall *out, const struct souk_grid *grid, int64_t rows,
                           struct souk_error *err)
{
    const int64_t ranks = grid->rows;
    *out = (struct souk_tall){.grid = grid, .rows = rows};
    if (rows > INT_MAX)
        return souk_fail(err, SOUK_ELIMIT, "%lld rows are more than ScaLAPACK can index",
                         (long long)rows);
    out->per_rank = rows > ranks ? (rows + ranks - 1) / ranks : 1;
    out->first = out->per_rank * grid->row;
    if (out->first > rows)
        out->first = rows;
    out->local = rows - out->first < out->per_rank ? rows - out->first : out->per_rank;
    out->leading = out->local > 0 ? out->local : 1;
    return SOUK_OK;
}

souk_status souk_tall_check(int64_t rows, int64_t columns, int ranks, struct souk_error *err)
{
    const int64_t most = INT_MAX / columns; /* rows of a rank */
    const int64_t per_rank = (rows + ranks - 1) / ranks;
    if (per_rank <= most)
        return SOUK_OK;
    return souk_fail(err, SOUK_ELIMIT,
                     "%lld columns of %lld rows put more than 2^31 - 1 elements on one of %d "
                     "ranks, which ScaLAPACK cannot index: %lld ranks would do",
                     (long long)columns, (long long)rows, ranks,
                     (long long)((rows + most - 1) / most));
}

struct factorization {
    int rows, columns;
    int descriptor[SOUK_DESCRIPTOR_SIZE];
    double *tau, *work;
    int work_size;
};

static souk_status describe(const struct souk_tall *t, struct factorization *f, double *z,
                            struct souk_error *err)
{
    const int row_block = (int)t->per_rank, column_block = COLUMN_BLOCK, zero = 0, one = 1;
    const int leading = (int)t->leading, ask = -1;
    double geqrf = 0, orgqr = 0;
    int info = 0;
    descinit_(f->descriptor, &f->rows, &f->columns, &row_block, &column_block, &zero, &zero,
              &t->grid->context, &leading, &info);
    f->tau = souk_zalloc_array((size_t)f->columns, sizeof *f->tau);
    if (info != 0 || !f->tau)
        return souk_fail(err, SOUK_ENOMEM, "no memory to orthonormalize %d columns", f->columns);
    pdgeqrf_(&f->rows, &f->columns, z, &one, &one, f->descriptor, f->tau, &geqrf, &ask, &info);
    pdorgqr_(&f->rows, &f->columns, &f->columns, z, &one, &one, f->descriptor, f->tau, &orgqr, &ask,
             &info);
    f->work_size = (int)(geqrf > orgqr ? geqrf : orgqr);
    f->work = souk_alloc_array((size_t)f->work_size, sizeof *f->work);
    return f->work
               ? SOUK_OK
               : souk_fail(err, SOUK_ENOMEM, "no memory to orthonormalize %d columns", f->columns);
}

/* R stands above the diagonal of the first rows, wherever those are. */
static souk_status gather_r_all(const struct souk_tall *t, const double *z, int64_t columns,
                                double *r, struct souk_error *err)
{
    memset(r, 0, (size_t)(columns * columns) * sizeof *r);
    for (int64_t j = 0; j < columns; j++)
        for (int64_t i = t->first; i < t->first + t->local && i <= j; i++)
            r[j * columns + i] = z[j * t->leading + i - t->first];
    return souk_sum_f64_all(t->grid->comm, r, columns * columns, err);
}

souk_status souk_tall_qr_all(const struct souk_tall *t, double *z, int64_t columns, double *r,
                             bool want_q, struct souk_error *err)
{
    struct factorization f = {.rows = (int)t->rows, .columns = (int)columns};
    const int one = 1;
    int info = 0;
    souk_status status = souk_status_agree_all(t->grid->comm, describe(t, &f, z, err), err);
    if (!status)
        pdgeqrf_(&f.rows, &f.columns, z, &one, &one, f.descriptor, f.tau, f.work, &f.work_size,
                 &info);
    if (!status && r)
        status = gather_r_all(t, z, columns, r, err);
    if (!status && want_q && info == 0)
        pdorgqr_(&f.rows, &f.columns, &f.columns, z, &one, &one, f.descriptor, f.tau, f.work,
                 &f.work_size, &info);
    if (!status && info != 0)
        status = souk_fail(err, SOUK_ENUMERIC, "ScaLAPACK refuses argument %d", -info);
    status = souk_status_agree_all(t->grid->comm, status, err);
    free(f.tau);
    free(f.work);
    return status;
}

souk_status souk_tall_inner_all(const struct souk_tall *t, const double *basis,
                                int64_t basis_columns, const double *z, int64_t columns,
                                double *product, struct souk_error *err)
{
    if (basis_columns == 0 || columns == 0)
        return SOUK_OK;
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, (int)basis_columns, (int)columns,
                (int)t->local, 1, basis, (int)t->leading, z, (int)t->leading, 0, product,
                (int)basis_columns);
    return souk_sum_f64_all(t->grid->comm, product, basis_columns * columns, err);
}

void souk_tall_subtract(const struct souk_tall *t, const double *basis, int64_t basis_columns,
                        const double *product, double *z, int64_t columns)
{
    if (t->local > 0 && basis_columns > 0 && columns > 0)
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, (int)t->local, (int)columns,
                    (int)basis_columns, -1, basis, (int)t->leading, product, (int)basis_columns, 1,
                    z, (int)t->leading);
}

void souk_tall_combine(const struct souk_tall *t, const double *basis, int64_t basis_columns,
                       const double *coefficients, int64_t leading_coefficients, double *out,
                       int64_t columns)
{
    if (t->local > 0 && columns > 0)
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, (int)t->local, (int)columns,
                    (int)basis_columns, 1, basis, (int)t->leading, coefficients,
                    (int)leading_coefficients, 0, out, (int)t->leading);
}
