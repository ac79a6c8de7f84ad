/** @file
 *  The features of (visitor, item), for training and serving alike.
 *
 *      item.*      what the model knows of the item: its columns, as of the model's cut
 *      user.*      the visitor as of the moment (profile.h)
 *      pair.*      what the visitor did with this item; NaN where nothing
 *      source.*    score of each source over the visitor's best, plain and lifted: what visitors of
 *                  long and short histories have in common; items of the history behind the score,
 *                  and the share of the strongest of them
 *      days.*      whether others had the item when the visitor came by (dayfeatures.h)
 *      category.*  what the visitor did with items that share a category (categoryfeatures.h)
 *
 *  The table of names below is the order of a row. A missing value is NaN.
 */
#ifndef SOUK_SCORE_FEATURES_H
#define SOUK_SCORE_FEATURES_H

#include "shared/model/modelfile.h"
#include "shared/score/categoryfeatures.h"
#include "shared/score/dayfeatures.h"
#include "shared/score/neighbours.h"
#include "shared/score/profile.h"
#include "shared/score/stagerules.h"

enum {
    SOUK_STAGE_FEATURES_MAX = SOUK_COLUMNS_MAX + 4 * SOUK_SOURCES_MAX + 16 + SOUK_DAY_FEATURES +
                              SOUK_LEVELS_MAX * SOUK_CATEGORY_FEATURES_OF_A_LEVEL
};

/** Features of a row. */
int souk_feature_count(const struct souk_model_stages *stages);

/** Name of feature f: "item.popularity_7d", "source.ease.lifted". @param name [size] */
void souk_feature_name(const struct souk_model_stages *stages, int f, char *name, size_t size);

/** Where the score of a source stands in a row. @param lifted times its lift, or as it is */
int souk_feature_of_source(const struct souk_model_stages *stages, int source, bool lifted);

/** Where the number of the visitor's items stands in a row. */
int souk_feature_of_items(const struct souk_model_stages *stages);

/** How a visitor's own items stand in a list of repeats (souk_profile_repeat()); 0: not an item of
 *  the visitor's. Reads the pair features of a row. */
float souk_feature_repeat(const struct souk_model_stages *stages, const float *feature);

/** One row.
 *  @param part   with columns; @param item row within the part; @param row model item row
 *  @param scores  [source_count] of this item
 *  @param support [source_count], what they are made of
 *  @param best   [2 x source_count] best plain and best lifted score of each source among the items
 *                that the visitor may be offered; 0: none is above 0
 *  @param out    [souk_feature_count()] */
void souk_feature_row(const struct souk_model *model, const struct souk_stage_rules *rules,
                      const struct souk_model_part *part, int64_t item,
                      const struct souk_profile *profile, const float *scores,
                      const struct souk_support *support, const float *best, float *out);

#endif
