/** @file
 *  All of a visitor's pairs: those that the model holds, and what came to them since.
 *
 *      held    row, weight       as training made them
 *      later   events            weighed by the code of training (interactions.h), then joined
 *        |
 *        +--> row, weight, age factor     ascending rows: what fold-in and neighbours read
 *
 *  Of what the model holds it does not know when it was. It is taken to be as young as it can be,
 *  from the end of the model's data, where pairs fade (history-half-life); and of the mean age of
 *  all pairs where the factors were trained with a half-life. What came later is of its own age.
 *
 *  Orders are told apart by their time: events of an item at one moment are one order.
 */
#ifndef SOUK_SCORE_WHOLEHISTORY_H
#define SOUK_SCORE_WHOLEHISTORY_H

#include "shared/model/modelfile.h"
#include "shared/score/historyrule.h"
#include "shared/score/recency.h"

/** What the model says of weights. Borrowed. */
struct souk_pair_rules {
    const struct souk_model_weighing *weighing; /**< no types: every event is worth 1 */
    const struct souk_history_rule *history;
    const struct souk_recency *recency;
    int64_t until_ms; /**< end of the data that the model was trained on; 0: not known */
};

/** Rows ascend. */
struct souk_held_pairs {
    int64_t count;
    const int64_t *row;
    const float *weight;
};

/** Ascending by time; types are indices into the weighing's (all 0 where it has none). */
struct souk_later_events {
    int64_t count;
    int64_t *row, *ms; /**< read only */
    uint8_t *type;
    float *value;
};

/** Reused from one visitor to the next. @invariant rows ascend */
struct souk_whole_history {
    int64_t count;
    int64_t *row;    /**< [count], model item rows */
    float *weight;   /**< [count], as the model would hold them */
    double *recency; /**< [count], factor of the pair's age */
    size_t room;
};
void souk_whole_history_fini(struct souk_whole_history *h);

/** Pairs whose weight comes to nothing are left out; held ones stay.
 *  @param h zeroed before the first time
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_whole_history_make(struct souk_whole_history *h,
                                    const struct souk_pair_rules *rules,
                                    const struct souk_held_pairs *held,
                                    const struct souk_later_events *later) SOUK_MUST_CHECK;

#endif
