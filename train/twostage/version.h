/** @file
 *  A two-stage model as of a cut: sources and facts of the items, trained on what lies before it,
 *  and (in the last one) the ranker.
 */
#ifndef SOUK_TWOSTAGE_VERSION_H
#define SOUK_TWOSTAGE_VERSION_H

#include "shared/score/confidence.h"
#include "shared/score/stagerules.h"
#include "train/comm/comm.h"
#include "train/comm/ratings.h"
#include "train/category/itemlevels.h"
#include "train/twostage/stagesources.h"

/** What is trained, and how it is asked; texts borrowed. */
struct souk_version_plan {
    struct souk_stage_sources_rule sources;
    int quota, popular_quota, repeat_quota;
    const char *forest_text;            /**< NULL: no ranker yet */
    struct souk_confidence *confidence; /**< NULL: not calibrated; as souk_calibration_make_all()
                                             leaves it, brought to the scores of this version */
    const char *parameters_json;        /**< one object */
    struct souk_blend blend[SOUK_SEGMENTS];
};

/** What versions of several cuts have in common, so that a ranker of one reads the others. */
struct souk_version_shape {
    bool is_settled;
    struct souk_stage_sources sources; /**< without rows */
    struct souk_level_names levels;
};

/** Collective. Train the sources and write the version; it appears at `path` whole or not at all.
 *  @param rule the window ends at the cut
 *  @param shape zeroed before the first version, which settles it for all others
 *  @param id   [SOUK_MODEL_ID_BYTES + 1], of rank 0; may be NULL
 *  @return what training and writing return; the same on every rank */
souk_status souk_version_make_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                  const struct souk_ratings_rule *rule,
                                  const struct souk_version_plan *plan,
                                  struct souk_version_shape *shape, const char *path, char *id,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
