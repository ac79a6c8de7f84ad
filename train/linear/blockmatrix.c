#include "train/linear/blockmatrix.h"

#include "shared/base/memory.h"

#include <limits.h>
#include <stdlib.h>

enum { RANKS_MAX = 1 << 20 };

int64_t souk_block_count(int64_t n, int64_t block, int at, int processes)
{
    const int64_t whole = n / block, extra = whole % processes;
    int64_t count = whole / processes * block;
    if (at < extra)
        count += block;
    else if (at == extra)
        count += n % block;
    return count;
}

/* Elements of the local array of process (0, 0), which no other's exceeds; INT64_MAX where they
 * overflow. */
static int64_t largest_local(int64_t rows, int64_t columns, int64_t block, int ranks)
{
    int grid_rows, grid_columns;
    int64_t elements;
    souk_grid_shape(ranks, &grid_rows, &grid_columns);
    if (__builtin_mul_overflow(souk_block_count(rows, block, 0, grid_rows),
                               souk_block_count(columns, block, 0, grid_columns), &elements))
        return INT64_MAX;
    return elements;
}

int64_t souk_blockmatrix_bytes(int64_t rows, int64_t columns, int64_t block, int ranks)
{
    int64_t bytes;
    if (__builtin_mul_overflow(largest_local(rows, columns, block, ranks), (int64_t)sizeof(double),
                               &bytes))
        return INT64_MAX;
    return bytes;
}

int souk_blockmatrix_ranks(int64_t rows, int64_t columns, int64_t block)
{
    if (rows > INT_MAX || columns > INT_MAX)
        return 0;
    for (int ranks = 1; ranks < RANKS_MAX; ranks++)
        if (largest_local(rows, columns, block, ranks) <= INT_MAX)
            return ranks;
    return 0;
}

souk_status souk_blockmatrix_check(int64_t rows, int64_t columns, int64_t block, int ranks,
                                   struct souk_error *err)
{
    if (rows <= INT_MAX && columns <= INT_MAX &&
        largest_local(rows, columns, block, ranks) <= INT_MAX)
        return SOUK_OK;
    const int enough = souk_blockmatrix_ranks(rows, columns, block);
    if (enough == 0)
        return souk_fail(err, SOUK_ELIMIT,
                         "a dense matrix of %lld x %lld is more than ScaLAPACK can hold",
                         (long long)rows, (long long)columns);
    return souk_fail(err, SOUK_ELIMIT,
                     "a dense matrix of %lld x %lld puts more than 2^31 - 1 elements on one of %d "
                     "ranks, which ScaLAPACK cannot index: %d ranks would do",
                     (long long)rows, (long long)columns, ranks, enough);
}

static souk_status describe(struct souk_blockmatrix *m, struct souk_error *err)
{
    const int rows = (int)m->rows, columns = (int)m->columns, block = (int)m->block;
    const int first = 0, leading = (int)m->leading;
    int info = 0;
    descinit_(m->descriptor, &rows, &columns, &block, &block, &first, &first, &m->grid->context,
              &leading, &info);
    if (info != 0)
        return souk_fail(err, SOUK_EINVAL, "descinit: argument %d is wrong", -info);
    return SOUK_OK;
}

souk_status souk_blockmatrix_init_all(struct souk_blockmatrix *out, const struct souk_grid *grid,
                                      int64_t rows, int64_t columns, int64_t block,
                                      struct souk_error *err)
{
    size_t elements = 0;
    souk_status status = souk_blockmatrix_check(rows, columns, block, grid->comm->size, err);
    *out =
        (struct souk_blockmatrix){.grid = grid, .rows = rows, .columns = columns, .block = block};
    if (status)
        return status; /* of sizes that are the same everywhere */
    out->local_rows = souk_block_count(rows, block, grid->row, grid->rows);
    out->local_columns = souk_block_count(columns, block, grid->column, grid->columns);
    out->leading = out->local_rows > 0 ? out->local_rows : 1;
    if (souk_mul_size((size_t)out->leading, (size_t)out->local_columns, &elements))
        out->local = souk_alloc_aligned(elements, sizeof *out->local);
    status = out->local ? describe(out, err)
                        : souk_fail(err, SOUK_ENOMEM,
                                    "no memory for a block of %lld x %lld doubles: use more ranks",
                                    (long long)out->local_rows, (long long)out->local_columns);
    status = souk_status_agree_all(grid->comm, status, err);
    if (status)
        souk_blockmatrix_fini(out);
    return status;
}

void souk_blockmatrix_fini(struct souk_blockmatrix *m)
{
    free(m->local);
    *m = (struct souk_blockmatrix){0};
}
