#include "train/als/gram.h"

#include "shared/base/memory.h"
#include "shared/math/dot.h"
#include "shared/math/fixed.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

souk_status souk_gram_init(struct souk_gram *g, const struct souk_comm *comm, int d,
                           struct souk_error *err)
{
    *g = (struct souk_gram){.comm = comm, .d = d, .request = MPI_REQUEST_NULL};
    g->sums = souk_zalloc_array((size_t)d * ((size_t)d + 1) / 2, sizeof *g->sums);
    return g->sums ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for a Gram matrix");
}

void souk_gram_fini(struct souk_gram *g)
{
    free(g->sums);
    g->sums = NULL;
}

/* The largest squared norm of a row, of this rank. An element of a block's Gram matrix is at most
 * that times the rows of the block. */
static double largest_norm(const struct souk_side *side)
{
    double largest = 0;
    const int64_t rows = side->partition.local_rows;
#pragma omp parallel for default(none) shared(side, rows) reduction(max : largest) schedule(static)
    for (int64_t r = 0; r < rows; r++) {
        const float *x = souk_side_row(side, r);
        const double norm = (double)souk_dot(x, x, side->stride);
        largest = norm > largest ? norm : isnan(norm) ? INFINITY : largest; /* no NaN into a MAX */
    }
    return largest;
}

/* Add one block. @param product [d x d] scratch */
static void add_block(const struct souk_side *side, int64_t block, int d, double scale,
                      float *product, int64_t *sums)
{
    const struct souk_partition *p = &side->partition;
    const int count = (int)(p->block_row[block + 1] - p->block_row[block]);
    int64_t at = 0;
    cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, d, count, 1,
                souk_side_row(side, p->local_start[block]), side->stride, 0, product, d);
    for (int i = 0; i < d; i++)
        for (int j = 0; j <= i; j++)
            sums[at++] += llrint((double)product[i * d + j] * scale);
}

/* One thread's share. @return false when memory is out */
static bool add_blocks(const struct souk_side *side, int d, double scale, int64_t *sums)
{
    const int64_t owned = side->partition.owned;
    const int64_t *blocks = side->partition.owned_block;
    const size_t triangle = (size_t)d * ((size_t)d + 1) / 2;
    float *product = souk_alloc_array((size_t)d * (size_t)d, sizeof *product);
    int64_t *mine = souk_zalloc_array(triangle, sizeof *mine);
    const bool ready = product && mine;
#pragma omp for schedule(dynamic)
    for (int64_t k = 0; k < owned; k++)
        if (ready)
            add_block(side, blocks[k], d, scale, product, mine);
    if (ready) {
#pragma omp critical(souk_gram_sums)
        for (size_t i = 0; i < triangle; i++)
            sums[i] += mine[i];
    }
    free(product);
    free(mine);
    return ready;
}

souk_status souk_gram_start_all(struct souk_gram *g, const struct souk_side *side,
                                struct souk_error *err)
{
    const int d = g->d;
    const size_t triangle = (size_t)d * ((size_t)d + 1) / 2;
    double largest = largest_norm(side);
    int64_t *sums = g->sums;
    int failed = 0;
    souk_status status = souk_max_f64_all(g->comm, &largest, 1, err);
    if (status)
        return status;
    if (!isfinite(largest))
        return souk_fail(err, SOUK_ENUMERIC,
                         "factors are no longer finite: raise the regularization");
    g->largest = largest;
    g->shift = souk_fixed_shift(largest * SOUK_BLOCK_ROWS,
                                side->partition.blocks > 0 ? side->partition.blocks : 1);
    const double scale = ldexp(1, g->shift);
    memset(sums, 0, triangle * sizeof *sums);
#pragma omp parallel default(none) shared(side, d, scale, sums) reduction(+ : failed)
    failed += !add_blocks(side, d, scale, sums);
    status = failed ? souk_fail(err, SOUK_ENOMEM, "no memory for a Gram matrix") : SOUK_OK;
    status = souk_status_agree_all(g->comm, status, err);
    if (status)
        return status;
    return souk_mpi_check(MPI_Iallreduce(MPI_IN_PLACE, sums, (int)triangle, MPI_INT64_T, MPI_SUM,
                                         g->comm->mpi, &g->request),
                          "MPI_Iallreduce", err);
}

souk_status souk_gram_finish_all(struct souk_gram *g, double *gram, struct souk_error *err)
{
    const int d = g->d;
    int64_t at = 0;
    souk_status status = souk_mpi_check(MPI_Wait(&g->request, MPI_STATUS_IGNORE), "MPI_Wait", err);
    for (int i = 0; i < d; i++)
        for (int j = 0; j <= i; j++, at++)
            gram[i * d + j] = gram[j * d + i] = souk_fixed_to(g->sums[at], g->shift);
    return status;
}
