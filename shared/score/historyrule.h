/** @file
 *  How a model weighs the pairs of a history, as its parameters say: what a history that was given
 *  after training must be turned into before the model reads it.
 *
 *      events -> weight of the pair (interactions.h, event_weights)  -> souk_history_rule_weigh()
 *
 *  `ease` and `svd` hold weight ^ weight-power, or 1 where that is 0; all others hold the weight. A
 *  kind that wants another power says so in its parameters, "history-power", and one whose
 * histories fade, "history-half-life".
 */
#ifndef SOUK_SCORE_HISTORYRULE_H
#define SOUK_SCORE_HISTORYRULE_H

#include "shared/model/modelfile.h"

struct souk_history_rule {
    char *event_weights;  /**< as souk_interaction_rule_parse() reads it; NULL: the dataset's own */
    double power;         /**< of the pair's weight */
    int64_t half_life_ms; /**< of a pair, up to the latest one of its user; -1: it does not fade */
};

/** @param out empty with souk_history_rule_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_EFORMAT (parameters that are not JSON, or not of their type), SOUK_ENOMEM
 */
souk_status souk_history_rule_of_model(const struct souk_model *model,
                                       struct souk_history_rule *out,
                                       struct souk_error *err) SOUK_MUST_CHECK;

/** The same from what a model says of itself. @param parameters_json NULL: none */
souk_status souk_history_rule_init(const char *kind, const char *parameters_json,
                                   struct souk_history_rule *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;
void souk_history_rule_fini(struct souk_history_rule *rule);

/** What training made of a pair's weight. 0 where the weight is not positive. */
float souk_history_rule_weigh(const struct souk_history_rule *rule, float weight);

/** What training would have made of a pair that it holds with weight `held`, had the events that
 *  came later, of weight `later`, been among its own. */
float souk_history_rule_join(const struct souk_history_rule *rule, float held, float later);

/** What is left of a pair so long after its latest event; at least a little. */
float souk_history_rule_fade(const struct souk_history_rule *rule, float weight, int64_t age_ms);

#endif
