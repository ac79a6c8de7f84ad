/** @file
 *  A warm start: the factors of an earlier model for the users and items that it knows.
 */
#ifndef SOUK_ALS_WARMSTART_H
#define SOUK_ALS_WARMSTART_H

#include "shared/model/modelfile.h"
#include "train/als/als.h"

/** How many rows were found in the model, over all ranks; by souk_side_kind. */
struct souk_warmstart_report {
    int64_t found[2];
};

/** Whether the model can start this run.
 *  @return SOUK_OK, SOUK_EUSAGE (no ALS model, another number of factors or another objective) */
souk_status souk_warmstart_check(const struct souk_model *model,
                                 const struct souk_als_parameters *parameters,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** Collective, after souk_als_init_all(). Rows whose id the model knows get its factors; others
 * keep their seeded ones. The model may be cut into another number of parts.
 *  @return SOUK_OK, what souk_model_read_part() returns, SOUK_ECOMM; the same on every rank */
souk_status souk_warmstart_all(struct souk_als *als, const struct souk_model *model,
                               const struct souk_ratings *ratings,
                               struct souk_warmstart_report *report,
                               struct souk_error *err) SOUK_MUST_CHECK;

#endif
