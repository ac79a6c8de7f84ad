/** @file
 *  ALS on ratings (objective `explicit`): weighted-lambda regularization (Zhou, Wilkinson,
 * Schreiber, Pan 2008, ALS-WR) with the biases of Koren, Bell, Volinsky 2009, over observed pairs
 * only.
 *
 *      minimize  sum_(u,i) (r_ui - mu - b_u - b_i - x_u . y_i)^2
 *                + lambda (sum_u n_u (|x_u|^2 + b_u^2) + sum_i n_i (|y_i|^2 + b_i^2))
 *
 *  A row is solved for its vector and its bias at once, against rows (vector, 1) of the other side.
 *  als.c drives the half-epochs; this module says what a row's problem is. Columns of a side's
 *  matrix, d = factors, W = d + 1 rounded up to 16:
 *
 *      0 ... d-1   vector      d   1      ... W-1   0      W   bias, behind what the solver reads
 *
 *  A model's rows have a form in which the dot product is the whole prediction:
 *
 *      user   vector, S, S (mu + b_u)         item   vector, b_i / S, 1 / S        S = 1024
 *
 *  S is a power of two, so that it costs no bit, and large, so that the cosine of two items
 *  (`similar`, diversity) is that of their vectors.
 */
#ifndef SOUK_ALS_EXPLICIT_H
#define SOUK_ALS_EXPLICIT_H

#include "shared/math/rowsolve.h"
#include "train/als/als.h"

/** Collective, in souk_als_init_all() after the sides: the constant columns, and the mean of the
 *  pairs that are not held out.
 *  @param als als->explicit is set; free with souk_explicit_free(), also after a failure
 *  @return SOUK_OK, SOUK_EUSAGE (no pair is left to train on), SOUK_ENOMEM, SOUK_ECOMM; the same on
 *          every rank */
souk_status souk_explicit_init_all(struct souk_als *als, struct souk_error *err) SOUK_MUST_CHECK;
void souk_explicit_free(struct souk_explicit *e);

/** Solve one row for its vector and bias; zero where it has no pair to train on.
 *  @param a, b, column [pairs of the row] scratch
 *  @return as souk_rowsolve_cholesky() */
souk_status souk_explicit_solve(const struct souk_als *als, enum souk_side_kind kind, int64_t row,
                                float *a, float *b, int32_t *column,
                                struct souk_rowscratch *scratch) SOUK_MUST_CHECK;

/** The errors of the pairs of a batch of own items, while the users' rows are in the matrix. */
void souk_explicit_errors(struct souk_als *als, int batch);

/** Collective. Sum the errors: report->loss, rmse, mae, and those of validation. Exact sums over
 *  rows: the same bits on any number of ranks. @return SOUK_OK, SOUK_ENUMERIC, SOUK_ENOMEM,
 *  SOUK_ECOMM; the same on every rank */
souk_status souk_explicit_loss_all(const struct souk_als *als, struct souk_als_epoch *report,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Between the two forms, in place. @param row [stride of the side] */
void souk_explicit_to_model(const struct souk_als *als, enum souk_side_kind kind, float *row);
void souk_explicit_from_model(const struct souk_als *als, enum souk_side_kind kind, float *row);

#endif
