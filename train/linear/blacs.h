/** @file
 *  The BLACS, which only this module calls: grids of processes for ScaLAPACK.
 *
 *      6 ranks       column 0  1  2         every rank is in the grid, in rank order along rows;
 *          row 0            0  1  2         7 ranks make a grid of 1 x 7
 *          row 1            3  4  5
 *
 *  The BLACS keep MPI objects of their own, and a program that reaches MPI_Finalize with them hangs
 *  now and then: a program that has started a grid calls souk_blacs_end() once before
 *  souk_comm_finish().
 */
#ifndef SOUK_LINEAR_BLACS_H
#define SOUK_LINEAR_BLACS_H

#include "train/comm/comm.h"

struct souk_grid {
    const struct souk_comm *comm;
    int handle, context;
    int rows, columns;
    int row, column; /**< of this rank */
    bool is_started;
};

/** The most square grid of all `ranks`: rows * columns == ranks, rows <= columns. */
void souk_grid_shape(int ranks, int *rows, int *columns);

/** Collective. @param rows, columns with rows * columns == comm->size
 *  @param out end with souk_grid_finish(); comm must outlive it
 *  @return SOUK_OK, SOUK_ECOMM; the same on every rank */
souk_status souk_grid_start_all(struct souk_grid *out, const struct souk_comm *comm, int rows,
                                int columns, struct souk_error *err) SOUK_MUST_CHECK;

/** Collective where the grid was started; a zeroed grid is fine. */
void souk_grid_finish(struct souk_grid *g);

/** Free what the BLACS hold; MPI goes on. Once in a program, after the last grid is finished. */
void souk_blacs_end(void);

#endif
