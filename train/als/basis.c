#include "train/als/basis.h"

#include "shared/base/memory.h"
#include "shared/math/rowproduct.h"
#include "shared/model/modelfile.h"
#include "train/als/halves.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

/* LAPACK's divide and conquer for symmetric matrices; eigenvectors become the columns of a. */
extern void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda,
                    double *values, double *work, const int *work_size, int *iwork,
                    const int *iwork_size, int *info);

static float *alloc_panels(const struct souk_basis *b)
{
    return souk_alloc_aligned((size_t)b->stride * (size_t)b->stride, sizeof(float));
}

souk_status souk_basis_init(struct souk_basis *b, int d, struct souk_error *err)
{
    const size_t square = (size_t)d * (size_t)d;
    *b = (struct souk_basis){.d = d, .stride = souk_factor_stride(d)};
    b->work_size = 1 + 6 * d + 2 * d * d;
    b->iwork_size = 3 + 5 * d;
    b->vectors = souk_zalloc_array(square, sizeof *b->vectors);
    b->values = souk_zalloc_array((size_t)d, sizeof *b->values);
    b->narrow = souk_zalloc_array(square, sizeof *b->narrow);
    b->turn = alloc_panels(b);
    b->total = souk_zalloc_array(square, sizeof *b->total);
    b->work = souk_alloc_array((size_t)b->work_size, sizeof *b->work);
    b->iwork = souk_alloc_array((size_t)b->iwork_size, sizeof *b->iwork);
    if (!b->vectors || !b->values || !b->narrow || !b->turn || !b->total || !b->work || !b->iwork)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the basis of the factors");
    for (size_t i = 0; i < (size_t)d; i++)
        b->total[i * (size_t)d + i] = 1;
    return SOUK_OK;
}

void souk_basis_fini(struct souk_basis *b)
{
    free(b->vectors);
    free(b->values);
    free(b->narrow);
    free(b->turn);
    free(b->total);
    free(b->work);
    free(b->iwork);
    *b = (struct souk_basis){0};
}

/* total = total V' */
static void add_to_total(struct souk_basis *b)
{
    const int d = b->d;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, d, d, d, 1, b->total, d, b->vectors, d, 0,
                b->work, d);
    memcpy(b->total, b->work, (size_t)d * (size_t)d * sizeof *b->total);
}

souk_status souk_basis_find_all(struct souk_basis *b, const struct souk_comm *comm, double *gram,
                                struct souk_error *err)
{
    const int d = b->d, square = d * d;
    int info = 0;
    souk_status status = SOUK_OK;
    if (comm->rank == 0) {
        memcpy(b->vectors, gram, (size_t)square * sizeof *gram);
        dsyevd_("V", "U", &d, b->vectors, &d, b->values, b->work, &b->work_size, b->iwork,
                &b->iwork_size, &info);
        if (info != 0)
            status =
                souk_fail(err, SOUK_ENUMERIC, "the Gram matrix has no eigenvectors (%d)", info);
    }
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_mpi_check(MPI_Bcast(b->vectors, square, MPI_DOUBLE, 0, comm->mpi),
                                "MPI_Bcast", err);
    if (!status)
        status =
            souk_mpi_check(MPI_Bcast(b->values, d, MPI_DOUBLE, 0, comm->mpi), "MPI_Bcast", err);
    if (status)
        return status;
    memset(gram, 0, (size_t)square * sizeof *gram);
    for (int i = 0; i < square; i++)
        b->narrow[i] = (float)b->vectors[i];
    souk_rowproduct_pack(b->narrow, d, b->stride, b->turn);
    for (int k = 0; k < d; k++) {
        b->values[k] = b->values[k] > 0 ? b->values[k] : 0;
        gram[(size_t)k * (size_t)d + (size_t)k] = b->values[k];
    }
    add_to_total(b);
    return SOUK_OK;
}

static float *alloc_scratch(const struct souk_basis *b)
{
    return souk_alloc_aligned(2 * SOUK_ROWPRODUCT_ROWS * (size_t)b->stride, sizeof(float));
}

/* Turn the rows of one block that have more than `pairs` pairs, a tile at a time.
 * @param scratch [2 x SOUK_ROWPRODUCT_ROWS x stride] */
static void turn_block(const struct souk_basis *b, struct souk_side *side, int64_t first,
                       int64_t end, int64_t pairs, float *scratch)
{
    const size_t stride = (size_t)b->stride, bytes = stride * sizeof *scratch;
    float *packed = scratch + SOUK_ROWPRODUCT_ROWS * stride, *row[SOUK_ROWPRODUCT_ROWS];
    int count = 0;
    for (int64_t r = first; r < end; r++) {
        if (side->offsets[r + 1] - side->offsets[r] > pairs)
            row[count++] = souk_side_row(side, r);
        if (count < SOUK_ROWPRODUCT_ROWS && r + 1 < end)
            continue;
        for (int k = 0; k < count; k++)
            memcpy(packed + (size_t)k * stride, row[k], bytes);
        souk_rowproduct(b->turn, b->stride, packed, b->stride, count, scratch);
        for (int k = 0; k < count; k++)
            memcpy(row[k], packed + (size_t)k * stride, bytes);
        count = 0;
    }
    if (pairs < 0)
        souk_halves_copy_own(side, first, end - first);
}

souk_status souk_basis_turn(const struct souk_basis *b, struct souk_side *side, int64_t pairs)
{
    const struct souk_partition *p = &side->partition;
    int failed = 0;
#pragma omp parallel default(none) shared(b, side, p, pairs) reduction(+ : failed)
    {
        float *scratch = alloc_scratch(b);
        failed += !scratch;
#pragma omp for schedule(dynamic)
        for (int64_t k = 0; k < p->owned; k++) {
            const int64_t block = p->owned_block[k], first = p->local_start[block];
            const int64_t rows = p->block_row[block + 1] - p->block_row[block];
            if (scratch)
                turn_block(b, side, first, first + rows, pairs, scratch);
        }
        free(scratch);
    }
    return failed ? SOUK_ENOMEM : SOUK_OK;
}

souk_status souk_basis_turn_back(const struct souk_basis *b, float *rows, int64_t count)
{
    const size_t square = (size_t)b->d * (size_t)b->d;
    float *back = souk_alloc_array(square, sizeof *back), *scratch = alloc_scratch(b);
    float *panels = alloc_panels(b);
    const bool ready = back && panels && scratch;
    for (size_t i = 0; i < square && ready; i++)
        back[i] = (float)b->total[i];
    if (ready) {
        souk_rowproduct_pack(back, b->d, b->stride, panels);
        souk_rowproduct(panels, b->stride, rows, b->stride, count, scratch);
    }
    free(back);
    free(panels);
    free(scratch);
    return ready ? SOUK_OK : SOUK_ENOMEM;
}
