/** @file
 *  Events of a part -> one weight per (user, item), as every model reads them.
 */
#ifndef SOUK_DATA_INTERACTIONS_H
#define SOUK_DATA_INTERACTIONS_H

#include "shared/base/status.h"
#include "shared/data/dataset.h"

#include <stdint.h>

/** Rows are the users of one part; within a row items ascend. */
struct souk_interactions {
    int64_t rows, count;
    int64_t *offsets; /**< [rows + 1] */
    int64_t *item;    /**< [count], global item row of the dataset */
    float *weight;    /**< [count], > 0; ratings (SOUK_WEIGHT_LAST, _MEAN): any finite number */
    int64_t *last_ms; /**< [count], time of the latest event of the pair */
    int32_t *events;  /**< [count], number of events of the pair */
};

struct souk_interaction_rule {
    enum souk_weighting weighting;
    double type_weight[SOUK_EVENT_TYPES_MAX]; /**< 0: events of this type do not count */
};

/** The rule that the dataset's manifest states. */
struct souk_interaction_rule souk_interaction_rule_default(const struct souk_dataset *d);

/** Change a rule by text such as `view=1,addtocart=4,transaction=0`.
 *  @return SOUK_OK, SOUK_EUSAGE (unknown type, bad number) */
souk_status souk_interaction_rule_parse(struct souk_interaction_rule *rule,
                                        const struct souk_dataset *d, const char *text,
                                        struct souk_error *err) SOUK_MUST_CHECK;

/** Aggregate. Sums run in the order of the events, in double. Pairs whose weight is not positive
 *  are left out, except for ratings. @param out free with souk_interactions_fini(); zeroed on
 * failure */
souk_status souk_interactions_of_part(const struct souk_dataset_part *part,
                                      const struct souk_interaction_rule *rule,
                                      struct souk_interactions *out,
                                      struct souk_error *err) SOUK_MUST_CHECK;
void souk_interactions_fini(struct souk_interactions *m);

#endif
