/** @file
 *  The sets of users and targets that an evaluation reports: headline, all, and the slices.
 *
 *  A set is two ranges, and which users. -1 stands for unknown: a user of whom, or an item of which
 *  the model knows nothing. A user can have a history without having been trained on: one that was
 *  given (cases.h).
 *
 *                       history of the user     trained on     training events of the target
 *      headline         0 ...                                  0 ...
 *      all              -1 ...                                 -1 ...
 *      users/cold       -1 ...                  no             -1 ...
 *      popularity/10-99 0 ...                                  10 ... 99
 *
 *  The ten deciles are tenths of the items in training, by their events; their ranges are those of
 *  a catalogue. Items with as many events stand in one decile.
 */
#ifndef SOUK_EVALUATE_SETS_H
#define SOUK_EVALUATE_SETS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SOUK_SET_HEADLINE,
    SOUK_SET_ALL,
    SOUK_SETS_MAIN,
    SOUK_DECILES = 10,
    SOUK_SET_DECILES = SOUK_SETS_MAIN + 14, /**< the first of them, of the most popular items */
    SOUK_SETS = SOUK_SET_DECILES + SOUK_DECILES
};

struct souk_set {
    const char *group, *name; /**< NULL group: a main set, which gets intervals and coverage */
    bool trained, untrained;  /**< users that the model was trained on, others */
    int64_t history_min, history_max;
    int64_t events_min, events_max;
};

/** With no item in the deciles. */
extern const struct souk_set souk_sets[SOUK_SETS];

/** The sets over one catalogue. @param decile_min [SOUK_DECILES] fewest events of an item in each,
 *  the most popular items first; @param out [SOUK_SETS] */
void souk_sets_fill(const int64_t *decile_min, struct souk_set *out);

static inline bool souk_set_has_user(const struct souk_set *s, int64_t history, bool trained)
{
    return history >= s->history_min && history <= s->history_max &&
           (trained ? s->trained : s->untrained);
}

static inline bool souk_set_has_target(const struct souk_set *s, int64_t events)
{
    return events >= s->events_min && events <= s->events_max;
}

#endif
