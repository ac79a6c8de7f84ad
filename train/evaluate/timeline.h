/** @file
 *  Where a user's events are cut: what the model may know, what it is told, what is asked for.
 *
 *      events by time    e0 e1 e2 e3 | e4 e5 | e6 e7 e8
 *                                    given   asked     end
 *
 *      temporal, item-holdout   asked: from the split on
 *      per-user                 asked: the last share
 *      strong                   asked: the last share, given: all before; of hidden users only
 *      cold-users               given: the first items of who has no event before the split
 *      leave-one-out            asked: the event that stands for the item left out
 *      session                  asked: the last event that wants an item new to its session, of the
 *                               latest such session behind the split; given: that session before it
 *
 *  Events before `given` are those that training may have seen. Events before `asked` are what the
 *  user had touched.
 */
#ifndef SOUK_EVALUATE_TIMELINE_H
#define SOUK_EVALUATE_TIMELINE_H

#include "train/evaluate/cases.h"

#include <stdint.h>

/** Indices into a user's events; given <= asked <= end. Nothing is asked where asked == end. */
struct souk_timeline {
    int64_t given, asked, end;
};

/** @param user of the part; its events are those of the question's window */
struct souk_timeline souk_timeline_cut(const struct souk_question *question,
                                       const struct souk_dataset *dataset,
                                       const struct souk_dataset_part *part, int64_t user);

#endif
