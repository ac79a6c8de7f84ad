/** @file
 *  A logistic regression as a JSON file, for people and programs that want its weights.
 *
 *      {"kind": "logistic", "intercept": -1.2, "columns": [{"feature": "price", "indicator": false,
 *       "mean": 12.5, "deviation": 3.1, "weight": .25}, ...], "rows": 3005, "loss": 1024.5, ...}
 *
 *  z = intercept + sum of weight * (value - mean) / deviation; a column of deviation 0 is left out
 *  of the sum, an indicator's value is 1 where the feature is missing, a missing value is the mean.
 */
#ifndef SOUK_LOGISTIC_LOGISTICFILE_H
#define SOUK_LOGISTIC_LOGISTICFILE_H

#include "train/logistic/logistic.h"

/** What stands in the file beside the model. */
struct souk_logistic_note {
    char *const *feature_name; /**< [features]; NULL: Column_0, Column_1, ... */
    int64_t rows;              /**< of training */
    const struct souk_lbfgs_result *result;
    const char *parameters_json; /**< one object; train, valid and out are left out */
};

/** Write the model; the file appears whole or not at all. By one rank.
 *  @return SOUK_OK, SOUK_EIO, SOUK_ENOTFOUND (no such folder), SOUK_EEXIST (a folder or device),
 *          SOUK_ENUMERIC (a weight is not finite), SOUK_ENOMEM */
souk_status souk_logisticfile_write(const char *path, const struct souk_logistic *model,
                                    const struct souk_logistic_note *note,
                                    struct souk_error *err) SOUK_MUST_CHECK;

#endif
