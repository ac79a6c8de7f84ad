/** @file
 *  What ALS minimizes. Two named objectives over all cells (user u, item i), s = x_u . y_i; a
 * third, `explicit`, over observed ratings only, is in explicit.h:
 *
 *  implicit (Hu, Koren, Volinsky 2008)
 *      sum_observed c (1 - s)^2 + sum_unobserved s^2 + reg (sum |x|^2 + sum |y|^2)
 *      c = offset + alpha * weight          (offset 1 is the paper's, 0 the library `implicit`'s)
 *
 *  ials (Rendle, Krichene, Zhang, Koren 2021)
 *      sum_observed v (1 - s)^2 + alpha0 sum_all s^2 + lambda (sum_u f_u |x_u|^2 + sum_i f_i
 * |y_i|^2) f_u = (pairs of u + alpha0 * items)^nu,  f_i = (pairs of i + alpha0 * users)^nu v =
 * weight                           (all 1 in the paper)
 *
 *  The weights are those of pairweight.h.
 */
#ifndef SOUK_ALS_OBJECTIVE_H
#define SOUK_ALS_OBJECTIVE_H

#include <stdint.h>

enum souk_objective_kind {
    SOUK_OBJECTIVE_IALS,
    SOUK_OBJECTIVE_IMPLICIT,
    SOUK_OBJECTIVE_EXPLICIT,
};

struct souk_objective {
    enum souk_objective_kind kind;
    double alpha, offset, regularization; /**< implicit */
    double alpha0, lambda, nu;            /**< ials */
    double rating_regularization;         /**< explicit */
};

/** Weight of the sum over all cells: the Gram matrix's in the normal equations. */
double souk_objective_gram_weight(const struct souk_objective *o);

/** The row's ridge. @param pairs of the row; @param others rows of the other side */
double souk_objective_ridge(const struct souk_objective *o, int64_t pairs, int64_t others);

/** Coefficients of a row's pairs in its normal equations (rowsolve.h). @param a, b [count], out */
void souk_objective_coefficients(const struct souk_objective *o, const float *weight, int64_t count,
                                 float *a, float *b);

/** What an observed cell adds to the loss beyond gram_weight * s^2. */
double souk_objective_cell(const struct souk_objective *o, double weight, double s);

/** alpha0 that suits sets of any size: 20 times the density of the matrix. */
double souk_objective_default_alpha0(int64_t pairs, int64_t users, int64_t items);

#endif
