/** @file
 *  The features `days.*` of (visitor, item): whether others had the item when the visitor came by.
 *  What a shop shows, promotes and has in stock changes from day to day, and two users of one day
 *  saw the same shop.
 *
 *      gap        fewest days between a day of the visitor and one of the item
 *      last_gap   the same from the visitor's latest day
 *      peers      users of the item on the visitor's days, the days before and the days after
 *
 *  NaN where the visitor has no event, or the item has none. Of an item that the visitor has had,
 *  the visitor is among the users.
 */
#ifndef SOUK_SCORE_DAYFEATURES_H
#define SOUK_SCORE_DAYFEATURES_H

#include "shared/model/modelfile.h"
#include "shared/score/profile.h"

enum { SOUK_DAY_FEATURES = 3 };

/** Name of feature f: "days.gap". */
const char *souk_day_feature_name(int f);

/** One row. @param item row within the part; @param out [SOUK_DAY_FEATURES] */
void souk_day_feature_row(const struct souk_day_rows *days, int64_t item,
                          const struct souk_profile *profile, float *out);

#endif
