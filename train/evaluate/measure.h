/** @file
 *  One case measured: its list against its targets, for any set of users and targets.
 *
 *  A probe holds the scratch of one thread; looking at a case fills it, measuring reads it.
 */
#ifndef SOUK_EVALUATE_MEASURE_H
#define SOUK_EVALUATE_MEASURE_H

#include "train/evaluate/metrics.h"
#include "train/evaluate/ranking.h"
#include "train/evaluate/sets.h"
#include "train/evaluate/visitors.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_measure {
    const struct souk_cases *cases;
    const struct souk_visitors *visitors;
    const struct souk_ranking *ranking;
    struct souk_metric_context context;
    struct souk_set sets[SOUK_SETS]; /**< over the ranking's catalogue */
};

struct souk_probe {
    int64_t history;                     /**< of the case, -1: unknown user */
    int count;                           /**< length of its list */
    struct souk_listed_item *items;      /**< [depth] */
    int64_t *position;                   /**< [depth] popular_position of the items */
    int64_t *target_row, *target_events; /**< [most targets of a case] those that the model knows */
    int64_t *hit_events;            /**< [depth] training events where it is a target, else -1 */
    bool *hit;                      /**< [depth] for the set at hand */
    double *sum;                    /**< [factors] */
    struct souk_metric_value *list; /**< [cutoffs][SOUK_METRICS], novelty and diversities */
};

/** @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_probe_init(struct souk_probe *p, const struct souk_measure *m) SOUK_MUST_CHECK;
void souk_probe_fini(struct souk_probe *p);

/** Look at case `at`. */
void souk_probe_look(struct souk_probe *p, const struct souk_measure *m, int64_t at);

/** Targets of case `at` in this set; 0 as well when the user is not in it. */
int64_t souk_measure_targets(const struct souk_measure *m, const struct souk_set *set, int64_t at);

/** Metrics of the case that was looked at last, over `targets` > 0 targets of a set.
 *  @param out [cutoffs][SOUK_METRICS] */
void souk_measure_case(const struct souk_measure *m, struct souk_probe *p,
                       const struct souk_set *set, int64_t targets, struct souk_metric_value *out);

#endif
