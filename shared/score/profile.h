/** @file
 *  A visitor as of a moment: events by time -> distinct items, and figures of the visitor. Training
 *  and serving fill it by this one function, so that a feature has the same bits in both.
 *
 *      events     i7 view, i2 view, i7 cart      by time, none after the moment
 *      items      2    7                         ascending
 *      weight     1    5                         sum of the types' weights
 *      days       0    3                         distinct, ascending
 *      values     by level (levels.h), what the visitor's items have: of items and events there
 */
#ifndef SOUK_SCORE_PROFILE_H
#define SOUK_SCORE_PROFILE_H

#include "shared/base/status.h"
#include "shared/model/modelfile.h"

#include <stdbool.h>
#include <stdint.h>

/** Events of one visitor, borrowed. */
struct souk_visit {
    int64_t count;
    const int64_t *item;                    /**< [count], model item row */
    const int64_t *ms;                      /**< [count], ascending */
    const uint8_t *type;                    /**< [count], index into types */
    const float *value;                     /**< [count] */
    const struct souk_model_stages *stages; /**< of the model that items and types are rows of */
};

/** What the visitor did with one item. */
struct souk_profile_item {
    float weight;    /**< sum of the weights of its events' types */
    float events;    /**< their number */
    float targets;   /**< of types that evaluation counts as wanted */
    float idle_days; /**< since the last of them */
    float recent;    /**< their number, each halved by 28 days of age */
    float value;     /**< sum of their values */
    float valued;    /**< those that have one */
};

/** What the visitor did with the items of one value of a level. */
struct souk_profile_value {
    int32_t value;
    float items, recent;      /**< distinct items; their `recent` */
    float spent, spent_count; /**< their `value` and `valued` */
    float share;              /**< of the visitor's `recent` over all values of the level */
};

/** Memory is kept from one visitor to the next. */
struct souk_profile {
    int64_t moment_ms;
    int64_t count, capacity;
    int64_t *item;                     /**< [count], ascending */
    struct souk_profile_item *facts;   /**< [count] */
    float *weight;                     /**< [count], as souk_profile_weigh() left it */
    struct souk_profile_key *order;    /**< [events], scratch */
    struct souk_profile_value *values; /**< of level l: from value_first[l], ascending */
    int64_t value_first[SOUK_LEVELS_MAX + 1], value_capacity;
    int64_t *day; /**< [days], since 1970 (UTC), of the events, ascending */
    int64_t days;
    float events, targets;     /**< of the visitor */
    float age_days, idle_days; /**< since the first and the last event; NaN without events */
    float mean_value;          /**< of events with a value; NaN where there is none */
    float sessions;            /**< stretches of events without a pause of half an hour */
    float recent_events;       /**< within a day of the last one, it included */
};

/** How a source sees a history: weight^power * 2^-(idle / half-life). */
struct souk_profile_rule {
    float power;
    float half_life_days; /**< 0: no decay */
};

void souk_profile_init(struct souk_profile *p);
void souk_profile_fini(struct souk_profile *p);

/** Take a visitor in. Events after the moment are left out.
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_profile_fill(struct souk_profile *p, const struct souk_visit *visit,
                              int64_t moment_ms) SOUK_MUST_CHECK;

/** p->weight by a rule. */
void souk_profile_weigh(struct souk_profile *p, const struct souk_profile_rule *rule);

/** What the visitor did with the items of a value; NULL: nothing. */
const struct souk_profile_value *souk_profile_of_value(const struct souk_profile *p, int level,
                                                       int32_t value);

/** How an own item stands in a list of repeats: by its events, the later of equals first. > 0. */
static inline float souk_profile_repeat(float events, float idle_days)
{
    return events + 1 / (1 + idle_days);
}

/** Index of a model item row, -1: never touched. */
int64_t souk_profile_find(const struct souk_profile *p, int64_t item);

#endif
