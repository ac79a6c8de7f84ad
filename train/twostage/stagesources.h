/** @file
 *  The candidate sources of a two-stage model, as rows of neighbours. One table in stagesources.c
 *  names each, says how a history looks to it, and trains it.
 *
 *      ease          EASE on the most popular items
 *      covisit       the defaults of souk-train covisit
 *      covisit_28d   the same, pairs fading with a half-life of 28 days
 *      content       items that are alike in what is known of them
 *      category      popular items of the categories of a history
 *
 *  A dataset that knows nothing of its items has no `content`, one that nothing sorts no
 * `category`.
 */
#ifndef SOUK_TWOSTAGE_STAGESOURCES_H
#define SOUK_TWOSTAGE_STAGESOURCES_H

#include "shared/score/profile.h"
#include "train/comm/itemneighbours.h"

enum { SOUK_STAGE_SOURCES = 5 };

/** How they are trained. */
struct souk_stage_sources_rule {
    double ease_lambda;
    int64_t ease_items_limit, neighbours; /**< 0: all */
};

/** Which of them a model has, by index into the table. */
struct souk_stage_sources {
    int count;
    int kind[SOUK_STAGE_SOURCES];
    struct souk_neighbour_rows rows[SOUK_STAGE_SOURCES];
};

const char *souk_stage_source_name(int kind);

/** How it sees a history. */
struct souk_profile_rule souk_stage_source_history(int kind);

/** Collective. Leaves the weights of the ratings changed.
 *  @param loaded the rule that the ratings were loaded by
 *  @param like   have these, of which some may have no neighbours here; NULL: those that the
 * dataset has something for
 *  @param out    free with souk_stage_sources_fini(); zeroed on failure
 *  @return what training returns; the same on every rank */
souk_status souk_stage_sources_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                   const struct souk_ratings_rule *loaded,
                                   struct souk_ratings *ratings,
                                   const struct souk_stage_sources_rule *rule,
                                   const struct souk_stage_sources *like,
                                   struct souk_stage_sources *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;
void souk_stage_sources_fini(struct souk_stage_sources *s);

#endif
