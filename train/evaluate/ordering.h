/** @file
 *  What the items of a list are ordered by: the model, or something plainer beside it.
 *
 *      model           the user's factors, else neighbours, else popularity, as serving does; a
 *                      two-stage model: its candidates, by its ranker
 *      popular         the model's popularity, for everybody
 *      newest          the item seen first last
 *      random          a number of (seed, user, item)
 *      repeat          of a two-stage model: what the user has had most often, the latest of equals
 *                      first, then popular items
 *      category        of a two-stage model: popular items of the user's categories (taste.h)
 *      ease,           of a two-stage model: one of its sources by its score, or by score times
 *      ease.lifted     lift
 */
#ifndef SOUK_EVALUATE_ORDERING_H
#define SOUK_EVALUATE_ORDERING_H

#include "shared/model/modelfile.h"
#include "shared/score/stagescore.h"

#include <stdbool.h>

enum souk_order {
    SOUK_ORDER_MODEL,
    SOUK_ORDER_POPULAR,
    SOUK_ORDER_NEWEST,
    SOUK_ORDER_RANDOM,
    SOUK_ORDER_REPEAT,
    SOUK_ORDER_CATEGORY,
    SOUK_ORDER_SOURCE
};

struct souk_ordering {
    enum souk_order order;
    int source;
    bool lifted;
    char name[SOUK_NAME_MAX_BYTES + sizeof ".lifted"];
};

/** By its name.
 *  @return SOUK_OK, SOUK_EUSAGE (lists the names that the model has) */
souk_status souk_ordering_find(const char *name, const struct souk_model *model,
                               struct souk_ordering *out, struct souk_error *err) SOUK_MUST_CHECK;

/** Whether a two-stage model's candidates are what is ordered. */
static inline bool souk_ordering_is_staged(const struct souk_ordering *o)
{
    return o->order == SOUK_ORDER_MODEL || o->order == SOUK_ORDER_REPEAT ||
           o->order == SOUK_ORDER_SOURCE;
}

/** Scores of candidates by a staged ordering; NaN: it does not stand in such a list. Thread-safe
 * with a scratch for each thread.
 *  @param feature [count x features], rows as souk_feature_row() left them
 *  @param score   [count], overwritten */
void souk_ordering_score_rows(const struct souk_ordering *o, const struct souk_stage_ranker *ranker,
                              const float *feature, int64_t count,
                              struct souk_stage_scratch *scratch, float *score);

#endif
