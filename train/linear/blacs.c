#include "train/linear/blacs.h"

#include "train/linear/scalapack.h"

void souk_grid_shape(int ranks, int *rows, int *columns)
{
    int r = 1;
    for (int k = 1; (int64_t)k * k <= ranks; k++)
        if (ranks % k == 0)
            r = k;
    *rows = r;
    *columns = ranks / r;
}

souk_status souk_grid_start_all(struct souk_grid *out, const struct souk_comm *comm, int rows,
                                int columns, struct souk_error *err)
{
    int grid_rows = 0, grid_columns = 0;
    souk_status status = SOUK_OK;
    *out = (struct souk_grid){.comm = comm, .rows = rows, .columns = columns, .is_started = true};
    out->handle = Csys2blacs_handle(comm->mpi);
    out->context = out->handle;
    Cblacs_gridinit(&out->context, "Row", rows, columns);
    Cblacs_gridinfo(out->context, &grid_rows, &grid_columns, &out->row, &out->column);
    if (grid_rows != rows || grid_columns != columns)
        status =
            souk_fail(err, SOUK_ECOMM, "the BLACS made no grid of %d x %d ranks", rows, columns);
    return souk_status_agree_all(comm, status, err);
}

void souk_grid_finish(struct souk_grid *g)
{
    if (!g->is_started)
        return;
    Cblacs_gridexit(g->context);
    Cfree_blacs_system_handle(g->handle);
    *g = (struct souk_grid){0};
}

void souk_blacs_end(void)
{
    Cblacs_exit(1);
}
