/** @file
 *  The two stages of a model over the items of a shard, and what a worker needs to ask them.
 *
 *      events, moment -> work: profile, weights         souk_stage_work_take()
 *      every item     -> work: lists                    souk_stage_shard_scan()      first round
 *      candidates     -> features -> scores -> best n   souk_stage_shard_rank()      second round
 *      one item       -> features, terms, shares        souk_stage_shard_explain()
 *
 *  The shard is immutable: workers share it. No function here allocates, but for a profile that
 *  outgrows those before it.
 */
#ifndef SOUK_REPLICA_STAGESHARD_H
#define SOUK_REPLICA_STAGESHARD_H

#include "shared/score/shard.h"
#include "shared/score/stagescan.h"
#include "shared/score/stagescore.h"
#include "shared/score/treeshap.h"
#include "shared/wire/eventfields.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_stage_shard {
    const struct souk_model *model;
    const struct souk_shard *shard;
    struct souk_stage_ranker ranker;
    struct souk_treeshap shap;     /**< of the ranker's forest, where it has one */
    struct souk_stage_part *parts; /**< [shard->part_count] */
    struct souk_shard similar;     /**< the shard, with the base source for its neighbours */
};

/** @param shard outlives it; the source rows of its parts are taken over into a form of ours, and
 *         given back
 *  @param out   empty with souk_stage_shard_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_EFORMAT, SOUK_EINVAL (a forest that cannot be explained), SOUK_ENOMEM */
souk_status souk_stage_shard_init(struct souk_stage_shard *out, struct souk_shard *shard,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_stage_shard_fini(struct souk_stage_shard *s);

/** Of one worker. */
struct souk_stage_work {
    struct souk_event_fields events;
    struct souk_profile profile;
    float *weight;                                /**< [source_count x SOUK_WIRE_EVENTS_MAX] */
    struct souk_topk lists[SOUK_STAGE_LISTS_MAX]; /**< with their quotas as capacities */
    int64_t most_candidates;                      /**< all quotas together */
    int64_t *row;                                 /**< [most_candidates], candidates asked for */
    float best[2 * SOUK_SOURCES_MAX];
    float *feature; /**< [SOUK_STAGE_SCORE_ROWS x features] */
    float score[SOUK_STAGE_SCORE_ROWS];
    struct souk_stage_scratch scratch;
    double *wide;                 /**< [features], a row as the forest reads it */
    double *contribution;         /**< [features + 1] */
    struct souk_shap_step *steps; /**< of one explanation */
};

/** @return SOUK_OK, SOUK_ENOMEM; on failure empty, souk_stage_work_fini() is harmless */
souk_status souk_stage_work_init(struct souk_stage_work *w,
                                 const struct souk_stage_shard *s) SOUK_MUST_CHECK;
void souk_stage_work_fini(struct souk_stage_work *w);

/** Make the profile of w->events as of a moment. @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_stage_work_take(struct souk_stage_work *w, const struct souk_stage_shard *s,
                                 int64_t moment_ms) SOUK_MUST_CHECK;

/** The shard's items into w->lists, best first. @param filter NULL: all */
void souk_stage_shard_scan(const struct souk_stage_shard *s, struct souk_stage_work *w,
                           bool include_seen, const struct souk_item_filter *filter);

/** Score those of the candidates w->row that the shard has, given w->best.
 *  @param count of w->row, model item rows, ascending
 *  @param list  not sorted here
 *  @return how many the shard has */
int64_t souk_stage_shard_rank(const struct souk_stage_shard *s, struct souk_stage_work *w,
                              int64_t count, struct souk_topk *list);

/** Why an item scores as it does; features and contributions are left in w->feature and
 *  w->contribution, the terms in the arguments. @param item row within shard->parts[index] */
void souk_stage_shard_explain(const struct souk_stage_shard *s, struct souk_stage_work *w,
                              int index, int64_t item, double *forest, double *base, float *score);

#endif
