/** @file
 *  The columns of a logistic regression: means and deviations over the rows of all ranks, exact.
 *  Internal to train/logistic.
 */
#ifndef SOUK_LOGISTIC_STANDARDCOLUMNS_H
#define SOUK_LOGISTIC_STANDARDCOLUMNS_H

#include "train/logistic/logistic.h"

/** Collective. Check the rows, and fill the model's columns with weights of 0.
 *  @param total rows of all ranks
 *  @return as souk_logistic_fit_all() */
souk_status souk_standardcolumns_find_all(const struct souk_comm *comm,
                                          const struct souk_logistic_rows *rows,
                                          struct souk_logistic *model, int64_t *total,
                                          struct souk_error *err) SOUK_MUST_CHECK;

/** A row's standardised value in a column. */
static inline double souk_standardcolumn_of(const struct souk_logistic_column *c,
                                            const float *value)
{
    const float v = value[c->feature];
    const bool missing = v != v;
    const double x = c->indicator ? missing : missing ? c->mean : (double)v;
    return c->deviation > 0 ? (x - c->mean) / c->deviation : 0;
}

#endif
