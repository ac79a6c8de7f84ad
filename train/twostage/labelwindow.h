/** @file
 *  Where the ranker's labels come from: stretches of training whose wishes are known, each seen by
 *  a model that was trained without them.
 *
 *      a dataset with a cut in time        model until c2 | labels |
 *                                          model until c1          | labels | (end of training)
 *
 *      without one (leave-one-out)         model without each user's latest wanted item; then
 *                                          without the one before it; ...
 */
#ifndef SOUK_TWOSTAGE_LABELWINDOW_H
#define SOUK_TWOSTAGE_LABELWINDOW_H

#include "train/comm/ratings.h"
#include "train/evaluate/cases.h"

struct souk_label_window {
    struct souk_ratings_rule rule; /**< what its model is trained on */
    struct souk_question question; /**< what is wanted then */
};

/** Whether labels lie in windows of time: training ends at a cut. */
bool souk_labels_are_temporal(const struct souk_ratings_rule *training);

/** The window `index`, 0 the latest.
 *  @param length_ms of a window; 0: a tenth of training, in whole days where it has ten
 *  @param include_seen what users had before is wanted again; else only what is new to them
 *  @return SOUK_OK, SOUK_EUSAGE where it leaves nothing to train on */
souk_status souk_label_window_make(const struct souk_dataset *dataset,
                                   const struct souk_ratings_rule *training, int64_t length_ms,
                                   int index, bool include_seen, struct souk_label_window *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;

#endif
