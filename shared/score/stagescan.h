/** @file
 *  The items of one part, asked for candidates of a visitor and for their features.
 *
 *      scan       every item of the part -> lists of each source, one of the popular
 *      features   rows of the part -> [rows x features]
 *
 *  A source has a list by its score and one by score times lift, the same where it has no lift;
 *  both hold what it scores above 0. Immutable after it is made: any number of threads ask it at
 *  once. Scores have the same bits however items are spread.
 */
#ifndef SOUK_SCORE_STAGESCAN_H
#define SOUK_SCORE_STAGESCAN_H

#include "shared/math/topk.h"
#include "shared/score/features.h"
#include "shared/score/itemfilter.h"
#include "shared/score/neighbours.h"

struct souk_stage_part {
    const struct souk_model *model;
    const struct souk_stage_rules *rules;
    const struct souk_model_part *part; /**< borrowed, with items */
    struct souk_neighbours sources[SOUK_SOURCES_MAX];
};

/** Lists of a visitor: two for each source, plain and lifted, then the popular, then what the
 *  visitor has had most often, where that may be offered. */
enum { SOUK_STAGE_LISTS_MAX = 2 * SOUK_SOURCES_MAX + 2 };
static inline int souk_stage_lists(const struct souk_stage_rules *rules)
{
    return 2 * rules->source_count + 2;
}

/** Most items of a list; 0: it stays empty. */
int souk_stage_quota(const struct souk_stage_rules *rules, int list);

/** @param out empty with souk_stage_part_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_stage_part_init(struct souk_stage_part *out, const struct souk_model *model,
                                 const struct souk_stage_rules *rules,
                                 const struct souk_model_part *part,
                                 struct souk_error *err) SOUK_MUST_CHECK;
void souk_stage_part_fini(struct souk_stage_part *p);

/** Weights of a profile as each source sees them.
 *  @param weight [source_count x profile->count], filled in */
void souk_stage_weigh(const struct souk_stage_rules *rules, struct souk_profile *profile,
                      float *weight);

/** Offer the part's items.
 *  @param weight as souk_stage_weigh() left it
 *  @param include_seen items of the profile too
 *  @param filter       NULL: all items
 *  @param lists [souk_stage_lists()], with their quotas as capacities */
void souk_stage_scan(const struct souk_stage_part *p, const struct souk_profile *profile,
                     const float *weight, bool include_seen, const struct souk_item_filter *filter,
                     struct souk_topk *lists);

/** Features of some items.
 *  @param best [2 x source_count] as souk_feature_row() takes it: the heads of the lists
 *  @param item [count] rows within the part, ascending
 *  @param out  [count x souk_feature_count()] */
void souk_stage_features(const struct souk_stage_part *p, const struct souk_profile *profile,
                         const float *weight, const float *best, const int64_t *item, int64_t count,
                         float *out);

#endif
