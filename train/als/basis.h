/** @file
 *  The orthogonal basis of the factor space that ALS works in: the eigenbasis of the Gram matrix of
 *  the side that is used, so that what all rows share in their normal equations is a diagonal.
 *
 *      G = V' diag(values) V          V [d x d], a row per eigenvector
 *      x turned = x V'                both sides: products x . y stay what they are
 *      T = T V'                       all turns so far; x as it began = x turned T'
 *
 *  Before each half-epoch the other side's rows are turned once (2 d^2 operations a row), in place
 *  of a product with G per row and step of the solver.
 */
#ifndef SOUK_ALS_BASIS_H
#define SOUK_ALS_BASIS_H

#include "train/als/side.h"

struct souk_basis {
    int d, stride;
    double *vectors; /**< [d x d], V of the last turn */
    double *values;  /**< [d], ascending, >= 0 */
    float *narrow;   /**< [d x d], V in single precision */
    float *turn;     /**< [stride x stride], the same for souk_rowproduct() */
    double *total;   /**< [d x d], T */
    double *work;    /**< private */
    int *iwork;      /**< private */
    int work_size, iwork_size;
};

/** T = I. @param basis free with souk_basis_fini(), also after a failure */
souk_status souk_basis_init(struct souk_basis *basis, int d,
                            struct souk_error *err) SOUK_MUST_CHECK;
void souk_basis_fini(struct souk_basis *basis);

/** Collective. Find the eigenbasis (rank 0 does, so that all have the same bits) and add it to T.
 *  @param gram [d x d], the same on all ranks; becomes diag(values)
 *  @return SOUK_OK, SOUK_ENUMERIC, SOUK_ECOMM; the same on all ranks */
souk_status souk_basis_find_all(struct souk_basis *basis, const struct souk_comm *comm,
                                double *gram, struct souk_error *err) SOUK_MUST_CHECK;

/** Turn this rank's own rows of a side that have more than `pairs` pairs; -1: all.
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_basis_turn(const struct souk_basis *basis, struct souk_side *side,
                            int64_t pairs) SOUK_MUST_CHECK;

/** Turn rows back to the basis in which they began: x T'.
 *  @param rows [count x stride], of one part, so that the bits do not depend on ranks
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_basis_turn_back(const struct souk_basis *basis, float *rows,
                                 int64_t count) SOUK_MUST_CHECK;

#endif
