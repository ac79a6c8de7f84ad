/** @file
 *  A trained ALS as a model in memory: what is saved, and what is evaluated without being saved.
 */
#ifndef SOUK_ALS_ALSMODEL_H
#define SOUK_ALS_ALSMODEL_H

#include "train/als/als.h"
#include "train/comm/modelwriter.h"
#include "train/popular/popularity.h"

struct souk_als_model {
    struct souk_model_content content; /**< points into the fields below; no JSON yet */
    int parts;
    float **rows[2]; /**< by souk_side_kind, then by part */
    struct souk_popularity popularity;
};

/** alpha0 0 stands for a formula of the data: here is its value. */
struct souk_als_parameters souk_als_parameters_resolve(struct souk_als_parameters parameters,
                                                       const struct souk_ratings *ratings);

/** Collective. @param out free with souk_als_model_fini(), also after a failure */
souk_status souk_als_model_all(const struct souk_als *als, const struct souk_ratings *ratings,
                               int64_t popularity_half_life_ms, struct souk_als_model *out,
                               struct souk_error *err) SOUK_MUST_CHECK;
void souk_als_model_fini(struct souk_als_model *m);

#endif
