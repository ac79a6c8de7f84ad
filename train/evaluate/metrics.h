/** @file
 *  The metrics of one list of recommendations at several lengths k (docs/evaluation.md).
 *
 *  Every metric of a set of users is a quotient: the sum of the users' `value` by the sum of their
 *  `weight`. A mean over users has weight 1 for everybody; novelty weighs a list by its length,
 *  serendipity by its hits, the diversities count lists of two items and more.
 *
 *  Pure functions, thread-safe, without MPI.
 */
#ifndef SOUK_EVALUATE_METRICS_H
#define SOUK_EVALUATE_METRICS_H

#include "shared/data/category.h"

#include <stdbool.h>
#include <stdint.h>

/** X(NAME, "key in JSON", largest value of one user's list of length k) */
#define SOUK_METRIC_LIST(X)                                                                        \
    X(RECALL, "recall", 1)                                                                         \
    X(NDCG, "ndcg", 1)                                                                             \
    X(MAP, "map", 1)                                                                               \
    X(PRECISION, "precision", 1)                                                                   \
    X(HIT_RATE, "hit_rate", 1)                                                                     \
    X(MRR, "mrr", 1)                                                                               \
    X(NOVELTY, "novelty", 64.0 * k)                                                                \
    X(DIVERSITY, "diversity", 2)                                                                   \
    X(CATEGORY_DIVERSITY, "category_diversity", 1)                                                 \
    X(SERENDIPITY, "serendipity", k)

enum souk_metric {
#define X(name, key, bound) SOUK_METRIC_##name,
    SOUK_METRIC_LIST(X)
#undef X
        SOUK_METRICS
};

enum { SOUK_K_MAX = 10000, SOUK_KS_MAX = 32 };

struct souk_cutoffs {
    int count;
    int k[SOUK_KS_MAX]; /**< ascending */
};

/** Parse "5,10,20": 1 to 32 numbers from 1 to 10,000, in any order, each once.
 *  @return SOUK_OK, SOUK_EUSAGE */
souk_status souk_cutoffs_parse(const char *text, struct souk_cutoffs *out,
                               struct souk_error *err) SOUK_MUST_CHECK;

static inline int souk_cutoffs_largest(const struct souk_cutoffs *c)
{
    return c->k[c->count - 1];
}

const char *souk_metric_key(enum souk_metric metric);
/** Bound of |value|, for sums in fixed point. */
double souk_metric_bound(enum souk_metric metric, int k);

/** What is known of one recommended item. */
struct souk_listed_item {
    int64_t events;           /**< in training */
    int64_t popular_position; /**< from 1 among the most popular items; INT64_MAX: behind them */
    int32_t category;         /**< -1: unknown */
    const float *direction;   /**< [factors] of unit length, or all zero; NULL: no factors */
};

/** What a list is measured against. */
struct souk_metric_context {
    const struct souk_cutoffs *cutoffs;
    int64_t training_events;                  /**< over all items */
    int factors;                              /**< 0: no diversity by factors */
    const struct souk_categories *categories; /**< NULL or empty: no diversity by category */
};

struct souk_metric_value {
    double value;
    int64_t weight;
};

/** The metrics that need to know what was wanted.
 *  @param hit      [count], whether the item at this position is a target; best item first
 *  @param position [count], popular_position of the items
 *  @param targets  number of targets, >= 1
 *  @param out      [cutoffs][SOUK_METRICS]; novelty and the diversities are left as they are */
void souk_metrics_of_hits(const struct souk_cutoffs *cutoffs, const bool *hit,
                          const int64_t *position, int count, int64_t targets,
                          struct souk_metric_value *out);

/** The metrics of the list itself: novelty and the diversities.
 *  @param items   [count], best first
 *  @param scratch [factors]
 *  @param out     [cutoffs][SOUK_METRICS]; all others are left as they are */
void souk_metrics_of_items(const struct souk_metric_context *context,
                           const struct souk_listed_item *items, int count, double *scratch,
                           struct souk_metric_value *out);

#endif
