/** @file
 *  The sets of users and targets that an evaluation reports: headline, all, and the slices.
 *
 *  A set is two ranges. -1 stands for unknown: a user or an item that the model was not trained on.
 *
 *                       history length of the user     training events of the target
 *      headline         0 ...                          0 ...
 *      all              -1 ...                         -1 ...
 *      users/cold       -1                             -1 ...
 *      popularity/10-99 0 ...                          10 ... 99
 */
#ifndef SOUK_EVALUATE_SETS_H
#define SOUK_EVALUATE_SETS_H

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_SET_HEADLINE, SOUK_SET_ALL, SOUK_SETS_MAIN, SOUK_SETS = SOUK_SETS_MAIN + 14 };

struct souk_set {
    const char *group, *name; /**< NULL group: a main set, which gets intervals and coverage */
    int64_t history_min, history_max;
    int64_t events_min, events_max;
};

extern const struct souk_set souk_sets[SOUK_SETS];

static inline bool souk_set_has_user(const struct souk_set *s, int64_t history)
{
    return history >= s->history_min && history <= s->history_max;
}

static inline bool souk_set_has_target(const struct souk_set *s, int64_t events)
{
    return events >= s->events_min && events <= s->events_max;
}

#endif
