/** @file
 *  The features `category.LEVEL.*` of (visitor, item): what the visitor did with items that share
 *  the item's value of each level, such as its department (shared/model/levels.h).
 *
 *      items    distinct items of the visitor with the value
 *      recent   events with them, each halved by 28 days of age
 *      price    the item's mean value over the mean value of the visitor's events with them
 *
 *  NaN where the item's value is not known; of `price` also where one of the means is not.
 */
#ifndef SOUK_SCORE_CATEGORYFEATURES_H
#define SOUK_SCORE_CATEGORYFEATURES_H

#include "shared/model/modelfile.h"
#include "shared/score/profile.h"

enum { SOUK_CATEGORY_FEATURES_OF_A_LEVEL = 3 };

/** 0 for a model without levels. */
int souk_category_feature_count(const struct souk_model_stages *stages);

/** Name of feature f: "category.department.items". @param name [size] */
void souk_category_feature_name(const struct souk_model_stages *stages, int f, char *name,
                                size_t size);

/** One row.
 *  @param item  model item row; @param mean_value of the item, NaN: not known
 *  @param out   [souk_category_feature_count()] */
void souk_category_feature_row(const struct souk_model_stages *stages,
                               const struct souk_profile *profile, int64_t item, float mean_value,
                               float *out);

#endif
