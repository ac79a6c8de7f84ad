/** @file
 *  A model of rows of neighbours onto disk, with popularity for visitors without a history.
 */
#ifndef SOUK_POPULAR_NEIGHBOURMODEL_H
#define SOUK_POPULAR_NEIGHBOURMODEL_H

#include "shared/base/options.h"
#include "train/comm/itemneighbours.h"

struct souk_neighbour_model {
    const char *kind;                /**< "covisit" */
    const char *out;                 /**< path */
    const struct souk_options *made; /**< by; goes into the manifest but for --threads, --buffer */
    int64_t popularity_half_life_ms; /**< > 0, or -1: no decay */
};

/** Collective. @param rows closed
 *  @return SOUK_OK, what souk_popularity_all() and souk_model_save_all() return */
souk_status souk_neighbour_model_save_all(const struct souk_comm *comm,
                                          const struct souk_neighbour_model *model,
                                          const struct souk_dataset *dataset,
                                          const struct souk_ratings *ratings,
                                          const struct souk_neighbour_rows *rows,
                                          struct souk_error *err) SOUK_MUST_CHECK;

#endif
