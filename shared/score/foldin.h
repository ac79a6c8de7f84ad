/** @file
 *  Fold-in: the factors of somebody whom the model was not trained on, from a history.
 *
 *      als, ials       (alpha0 G + lambda (n + alpha0 items)^nu I + sum_j v_j y_j y_j') x
 *                          = sum_j v_j y_j                   v_j = weight_j ^ weight-power
 *      als, implicit   (G + regularization I + sum_j (c_j - 1) y_j y_j') x = sum_j c_j y_j
 *                                                            c_j = offset + alpha weight_j
 *      svd             x = sum_j weight_j y_j                the rows of the items are orthonormal
 *
 *  G is the Gram matrix of all items' factors, and the rest comes from the model's parameters: one
 *  row of training (train/als/objective.h) whose other side is the finished model. A user who was
 *  trained on gets the trained factors back, as far as the training had converged.
 *
 *  G is summed part by part, in the order of the parts, each part's share by itself: whoever adds
 *  up the shares of all parts in that order has the same bits.
 */
#ifndef SOUK_SCORE_FOLDIN_H
#define SOUK_SCORE_FOLDIN_H

#include "shared/model/modelfile.h"

#include <stdbool.h>
#include <stdint.h>

enum souk_foldin_kind {
    SOUK_FOLDIN_NONE, /**< no factors, or ratings (`explicit`, whose mean is not in the model) */
    SOUK_FOLDIN_IALS,
    SOUK_FOLDIN_IMPLICIT,
    SOUK_FOLDIN_PROJECTION,
};

struct souk_foldin {
    enum souk_foldin_kind kind;
    int factors, stride;
    int64_t items;                        /**< of the model */
    double alpha0, lambda, nu, power;     /**< ials */
    double alpha, offset, regularization; /**< implicit */
    double *gram;                         /**< [factors x factors]; NULL for NONE and PROJECTION */
};

/** Read the model's parameters; G is zero until souk_foldin_add_items().
 *  @param out empty with souk_foldin_fini(); zeroed on failure
 *  @return SOUK_OK (also for NONE), SOUK_EFORMAT (a parameter that is missing or no number),
 *          SOUK_ENOMEM */
souk_status souk_foldin_init(const struct souk_model *model, struct souk_foldin *out,
                             struct souk_error *err) SOUK_MUST_CHECK;
void souk_foldin_fini(struct souk_foldin *f);

/** Count the items of a part in. Every part once, ascending. @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_foldin_add_items(struct souk_foldin *f,
                                  const struct souk_model_part *part) SOUK_MUST_CHECK;

/** Doubles of scratch that souk_foldin_solve() takes. */
int64_t souk_foldin_scratch(const struct souk_foldin *f);

/** Thread-safe. @param row    [count], the items' factors, [stride] each
 *  @param weight  [count], of the pairs, as the model would hold them (historyrule.h)
 *  @param scratch [souk_foldin_scratch()]
 *  @param vector  [stride], out; zero behind the factors, and all zero for count 0
 *  @return SOUK_OK; SOUK_ENUMERIC where the equations are not positive definite or the solution is
 *          not finite; SOUK_EINVAL for NONE */
souk_status souk_foldin_solve(const struct souk_foldin *f, const float *const *row,
                              const float *weight, int64_t count, double *scratch,
                              float *vector) SOUK_MUST_CHECK;

#endif
