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

/** What is trained, and how it is asked; texts borrowed. */
struct souk_version_plan {
    double ease_lambda;
    int64_t ease_items_limit, neighbours;
    int quota, popular_quota, repeat_quota;
    const char *forest_text;            /**< NULL: no ranker yet */
    struct souk_confidence *confidence; /**< NULL: not calibrated; as souk_calibration_make_all()
                                             leaves it, brought to the scores of this version */
    const char *parameters_json;        /**< one object */
    struct souk_blend blend[SOUK_SEGMENTS];
};

enum { SOUK_VERSION_SOURCES = 3 }; /**< EASE, co-visitation, recent co-visitation */

/** The name of a source. */
const char *souk_version_source(int source);

/** Collective. Train the sources and write the version; it appears at `path` whole or not at all.
 *  @param rule the window ends at the cut
 *  @param id   [SOUK_MODEL_ID_BYTES + 1], of rank 0; may be NULL
 *  @return what training and writing return; the same on every rank */
souk_status souk_version_make_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                  const struct souk_ratings_rule *rule,
                                  const struct souk_version_plan *plan, const char *path, char *id,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
