/** @file
 *  Logistic regression on rows that are spread over ranks: the ranker's linear baseline.
 *
 *      minimize  sum over rows of log(1 + e^z) - y z  +  l2 / 2 |w|^2,      z = b + w . x
 *
 *  x are the columns of a row: each feature, then an indicator for each feature that misses a value
 *  in training. A missing value stands at the feature's mean. Columns have mean 0 and deviation 1
 *  over the training rows (a constant one is 0 throughout, and its weight stays 0); b is not
 *  penalised.
 *
 *  Every sum over rows is an exact sum of fixed-point integers, and a row's arithmetic is its own:
 *  the model has the same bits on any number of ranks and threads.
 */
#ifndef SOUK_LOGISTIC_LOGISTIC_H
#define SOUK_LOGISTIC_LOGISTIC_H

#include "train/comm/comm.h"
#include "train/logistic/lbfgs.h"

/** Rows of this rank, borrowed. */
struct souk_logistic_rows {
    int64_t rows;
    int features;       /**< the same on every rank, 1 to SOUK_LOGISTIC_FEATURES */
    const float *value; /**< [rows x features]; NaN: missing */
    const float *label; /**< [rows], 0 to 1 */
};

enum { SOUK_LOGISTIC_FEATURES = 100000 };

/** A column of the standardised table: (value - mean) / deviation. */
struct souk_logistic_column {
    int feature;
    bool indicator;   /**< the value is 1 where the feature is missing, else 0 */
    double mean;      /**< of a feature: over the rows that have it */
    double deviation; /**< over all rows, the missing ones at the mean; 0: constant */
    double weight;
};

struct souk_logistic {
    int features, columns; /**< columns <= 2 features */
    struct souk_logistic_column *column;
    double intercept;
};

struct souk_logistic_options {
    double l2; /**< >= 0 */
    struct souk_lbfgs_options search;
};

/** Collective.
 *  @param model  the same on every rank; souk_logistic_fini() it, also after a failure
 *  @param result of the search: its value is the loss with the penalty
 *  @return SOUK_OK, SOUK_EINVAL (features that differ by rank, or too many), SOUK_EFORMAT (no row;
 *          a label outside [0, 1] or a value that is infinite), SOUK_ENOMEM, SOUK_ENUMERIC,
 *          SOUK_ECOMM; the same on every rank */
souk_status souk_logistic_fit_all(const struct souk_comm *comm,
                                  const struct souk_logistic_rows *rows,
                                  const struct souk_logistic_options *options,
                                  struct souk_logistic *model, struct souk_lbfgs_result *result,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_logistic_fini(struct souk_logistic *model);

/** z of a row; the probability is 1 / (1 + e^-z). @param value [features] */
double souk_logistic_score(const struct souk_logistic *model, const float *value);

/** log(1 + e^z) - y z, for z of any size. */
double souk_logistic_loss(double z, double y);

#endif
