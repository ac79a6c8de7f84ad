/** @file
 *  How a two-stage model is asked: the rules that stand in its manifest, as they are in memory.
 *
 *      history -> source 0 .. S-1 -> quota of the best of each, popular items beside them
 *              -> features of each (features.h) -> forest -> blend -> list
 */
#ifndef SOUK_SCORE_STAGERULES_H
#define SOUK_SCORE_STAGERULES_H

#include "shared/model/modelfile.h"
#include "shared/score/profile.h"
#include "shared/score/segment.h"

#include <stdbool.h>

enum { SOUK_QUOTA_MAX = 1000 };

struct souk_source_rule {
    struct souk_profile_rule history;
    int quota;       /**< items of each of its lists, of the whole catalogue */
    int lift_column; /**< index of a column that multiplies its scores for the candidates, -1: none
                      */
};

/** A source beside the forest (stagescore.h). */
struct souk_blend {
    int source;
    bool lifted;  /**< with its lift or without */
    float weight; /**< of its logarithm */
};

struct souk_stage_rules {
    int source_count;
    struct souk_source_rule sources[SOUK_SOURCES_MAX];
    int popular_column; /**< index of the column that names popular items */
    int popular_quota;
    int repeat_quota; /**< items that the visitor had most often, where they may be offered */
    int value_column; /**< index of the column that holds the items' mean values, -1: none */
    int cold_items;   /**< visitors with at most so many items are cold */
    struct souk_blend blend[SOUK_SEGMENTS];
};

/** The segment of a visitor. @param items that the visitor has had */
static inline enum souk_segment souk_stage_segment(const struct souk_stage_rules *rules,
                                                   float items)
{
    return items <= (float)rules->cold_items ? SOUK_SEGMENT_COLD : SOUK_SEGMENT_WARM;
}

/** Of a model. @return SOUK_OK, SOUK_EFORMAT (names what is wrong) */
souk_status souk_stage_rules_of(const struct souk_model *model, struct souk_stage_rules *out,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** The text for stages.rules_json; owned by the caller, free(). NULL when memory is out. */
char *souk_stage_rules_json(const struct souk_stage_rules *rules);

/** Index of a column by its name, -1: none. */
int souk_stage_column(const struct souk_model_stages *stages, const char *name);

#endif
