/** @file
 *  How much less a pair counts for its age, where a model was trained with a half-life: one formula
 *  for training (train/als/pairweight.h) and for whoever folds a history in.
 *
 *      decay = 2^(-age / half-life)        factor = decay / mean decay of the pairs trained on
 *
 *  The age runs to the newest event trained on; what happened later has none.
 */
#ifndef SOUK_SCORE_RECENCY_H
#define SOUK_SCORE_RECENCY_H

#include <stdint.h>

struct souk_recency {
    int64_t half_life_ms; /**< <= 0: age does not count, and the factor is 1 */
    int64_t newest_ms;
    double mean; /**< > 0 */
};

/** In (0, 1]: beyond 64 half-lives it falls no further, so that no weight vanishes. Thread-safe. */
double souk_recency_decay(const struct souk_recency *r, int64_t last_ms);

/** Thread-safe. */
double souk_recency_factor(const struct souk_recency *r, int64_t last_ms);

#endif
