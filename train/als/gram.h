/** @file
 *  The Gram matrix of a side's factors, sum of x x' over the rows of all ranks: exact, so that it
 *  does not depend on ranks or threads.
 *
 *  Each block's Gram matrix is computed in single precision (ssyrk), turned into fixed-point
 *  integers at a scale that all ranks agree on, and added as integers (shared/math/fixed.h).
 */
#ifndef SOUK_ALS_GRAM_H
#define SOUK_ALS_GRAM_H

#include "train/als/side.h"

struct souk_gram {
    const struct souk_comm *comm;
    int d;
    int shift;
    double largest; /**< squared norm of a row, of all ranks, as of the last start */
    int64_t *sums;  /**< [d (d + 1) / 2], packed lower triangle */
    MPI_Request request;
};

souk_status souk_gram_init(struct souk_gram *g, const struct souk_comm *comm, int d,
                           struct souk_error *err) SOUK_MUST_CHECK;
void souk_gram_fini(struct souk_gram *g);

/** Collective. Compute this rank's share and begin the reduction. */
souk_status souk_gram_start_all(struct souk_gram *g, const struct souk_side *side,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Wait, and write the matrix in full. @param gram [d x d] */
souk_status souk_gram_finish_all(struct souk_gram *g, double *gram,
                                 struct souk_error *err) SOUK_MUST_CHECK;

#endif
