/** @file
 *  A trained model onto disk: every rank its parts, rank 0 the manifest, and then the rename. The
 *  same model is looked at in memory through the views, which are what the writer writes.
 */
#ifndef SOUK_COMM_MODELWRITER_H
#define SOUK_COMM_MODELWRITER_H

#include "shared/data/dataset.h"
#include "shared/model/modelfile.h"
#include "train/comm/comm.h"
#include "train/comm/ratings.h"

#include <stdint.h>

/** What a stage adds to the ratings; all borrowed. Arrays over parts are indexed by part number,
 * and need those of this rank only. */
struct souk_model_content {
    const char *kind;                          /**< "als" */
    int64_t neighbours;                        /**< longest row of neighbours; 0: none */
    int factors, stride;                       /**< 0, 0: none */
    float *const *user_factors;                /**< [parts][users x stride]; NULL without factors */
    float *const *item_factors;                /**< [parts][items x stride] */
    int64_t *const *neighbour_offsets;         /**< [parts][items + 1]; NULL without neighbours */
    int64_t *const *neighbour;                 /**< [parts][entries] */
    float *const *neighbour_weight;            /**< [parts][entries] */
    float *const *popularity;                  /**< [parts][items] */
    int64_t *const *item_events;               /**< [parts][items] */
    const struct souk_model_stages *stages;    /**< of a two-stage model, else NULL */
    const struct souk_model_part *stage_parts; /**< [parts], with stages: the events, sources and
                                                    columns of each, the rest unused */
    const char *parameters_json;               /**< one object */
    const char *metrics_json;                  /**< NULL: none */
};

/** The model as its manifest will say it; without files, path and id. All borrowed: not for
 *  souk_model_free(). */
struct souk_model souk_model_view(const struct souk_dataset *dataset,
                                  const struct souk_ratings *ratings,
                                  const struct souk_model_content *content);

/** A part of this rank as its file will hold it. All borrowed: not for souk_model_part_fini().
 *  @param local index into ratings->local */
struct souk_model_part souk_model_part_view(const struct souk_ratings *ratings,
                                            const struct souk_model_content *content, int local);

/** Collective. Write a version; it appears at `path` whole or not at all.
 *  @param id receives the model's id on rank 0; may be NULL
 *  @return SOUK_OK, SOUK_EIO, SOUK_ENOTFOUND, SOUK_EEXIST, SOUK_ENUMERIC, SOUK_ENOMEM, SOUK_ECOMM;
 *          the same on every rank */
souk_status souk_model_save_all(const struct souk_comm *comm, const char *path,
                                const struct souk_dataset *dataset,
                                const struct souk_ratings *ratings,
                                const struct souk_model_content *content, char *id,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
