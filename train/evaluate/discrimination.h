/** @file
 *  How well scores tell targets from all other candidates: over every candidate of every user of
 *  the headline, pooled; nothing is sampled.
 *
 *      positives   scores of targets             sorted: s_1 < s_2 < ... < s_m, gathered on all
 * ranks negatives   scores of all other items     counted: below s_1, at s_1, between s_1 and s_2,
 * ...
 *
 *  From the counts the figures are exact, and memory goes with the targets, not with users x items:
 *
 *      roc_auc             share of (positive, negative) pairs in order, equal ones half
 *      average_precision   sum over distinct s, descending, of the positives at s / all positives x
 *                          precision of all that score s or more
 *      user_auc            mean over users of the same share within the user's own candidates
 *
 *  The items are streamed past twice. A target that is no candidate (the user has had it) counts
 *  nowhere.
 */
#ifndef SOUK_EVALUATE_DISCRIMINATION_H
#define SOUK_EVALUATE_DISCRIMINATION_H

#include "train/evaluate/measure.h"
#include "train/evaluate/partsource.h"
#include "train/evaluate/scorer.h"

#include <stdint.h>

enum { SOUK_OPERATING_POINTS_MAX = 256 };

/** What recommending everything that scores `threshold` or more would do. */
struct souk_operating_point {
    double threshold;
    int64_t hits;         /**< true positives */
    int64_t false_alarms; /**< false positives */
};

struct souk_discrimination {
    int64_t users, positives, negatives;
    double roc_auc, average_precision, user_auc; /**< NaN where there is nothing to compare */
    struct souk_operating_point best_f1;         /**< where F1 is greatest */
    struct souk_operating_point best_youden;     /**< where recall - false alarm rate is */
    int point_count;                             /**< descending threshold, the last takes all */
    struct souk_operating_point points[SOUK_OPERATING_POINTS_MAX];
};

/** Collective. The same on every rank, whatever their number.
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM, what reading parts returns; the same on every rank */
souk_status souk_discrimination_make_all(const struct souk_comm *comm,
                                         const struct souk_part_source *source,
                                         const struct souk_measure *measure,
                                         const struct souk_scoring_rule *rule,
                                         struct souk_discrimination *out,
                                         struct souk_error *err) SOUK_MUST_CHECK;

/** 2 hits / (2 hits + false alarms + misses). */
double souk_operating_f1(const struct souk_operating_point *p, int64_t positives);

#endif
