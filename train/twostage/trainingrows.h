/** @file
 *  The table that a ranker is trained on: the candidates of users whose wishes are known.
 *
 *      model until a cut -> candidates -> features         label 1: wanted after the cut
 *
 *  Groups are users; rows of a group ascend by item. A user none of whose wishes is among the
 *  candidates teaches nothing about their order and is left out.
 */
#ifndef SOUK_TWOSTAGE_TRAININGROWS_H
#define SOUK_TWOSTAGE_TRAININGROWS_H

#include "train/comm/comm.h"
#include "train/evaluate/candidates.h"

#include <stdbool.h>

struct souk_training_rows {
    int features;
    int64_t groups, rows;  /**< of this rank */
    int64_t *group_first;  /**< [groups + 1] */
    uint64_t *group_hash;  /**< [groups], hash of the user's id: what splits draw on */
    int *group_window;     /**< [groups], as given when it was added */
    int windows;           /**< the highest of them and 1 */
    bool is_temporal;      /**< set by the caller: window 0 is the latest, others lie before it */
    float *feature;        /**< [rows x features] */
    float *label;          /**< [rows] */
    uint8_t *is_drawn;     /**< [rows], 1: wanted, or drawn by the sampling */
    int64_t wanted, found; /**< of all ranks: wishes of the cases, and those among candidates */
};

/** How many rows that nobody wanted a user teaches by. */
struct souk_sampling {
    int64_t negatives; /**< of a user, drawn by (seed, user, item); 0: all */
    uint64_t seed;
};

/** Collective. Add the rows of some candidates, whose cases have targets.
 *  @param window number of the label window, 0 the latest
 *  @param rows zeroed, or what an earlier call left: windows follow each other; free with
 *         souk_training_rows_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM, what reading returns; the same on every rank */
souk_status souk_training_rows_add_all(struct souk_training_rows *rows,
                                       const struct souk_comm *comm,
                                       const struct souk_part_source *source,
                                       const struct souk_candidates *candidates, int window,
                                       const struct souk_sampling *sampling,
                                       struct souk_error *err) SOUK_MUST_CHECK;
void souk_training_rows_fini(struct souk_training_rows *rows);

#endif
