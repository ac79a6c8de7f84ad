/** @file
 *  How a model weighs the pairs of a history, as its parameters say: what a history that was given
 *  after training must be turned into before the model reads it.
 *
 *      events -> weight of the pair (interactions.h, event_weights)  -> souk_history_rule_weigh()
 *
 *  `ease` and `svd` hold weight ^ weight-power, or 1 where that is 0; all others hold the weight. A
 *  kind that wants another power says so in its parameters: "history-power".
 */
#ifndef SOUK_SCORE_HISTORYRULE_H
#define SOUK_SCORE_HISTORYRULE_H

#include "shared/model/modelfile.h"

struct souk_history_rule {
    char *event_weights; /**< as souk_interaction_rule_parse() reads it; NULL: the dataset's own */
    double power;        /**< of the pair's weight */
};

/** @param out empty with souk_history_rule_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_EFORMAT (parameters that are not JSON, or not of their type), SOUK_ENOMEM
 */
souk_status souk_history_rule_of_model(const struct souk_model *model,
                                       struct souk_history_rule *out,
                                       struct souk_error *err) SOUK_MUST_CHECK;
void souk_history_rule_fini(struct souk_history_rule *rule);

/** What training made of a pair's weight. 0 where the weight is not positive. */
float souk_history_rule_weigh(const struct souk_history_rule *rule, float weight);

#endif
