/** @file
 *  The interactions that a model is trained on, spread over ranks by part.
 *
 *      dataset rows  --(window, event weights, filters)-->  model rows
 *      all users and items of the shop                      those with a pair, and items that
 *                                                           the rule keeps without one
 *
 *  A model row is numbered like a dataset row (part by part, ids ascending), over what is left.
 *  Rank r holds the users, with their pairs, and the items of the parts that souk_part_rank() gives
 *  it; columns are model item rows. Rows and numbers do not depend on the ranks.
 */
#ifndef SOUK_COMM_RATINGS_H
#define SOUK_COMM_RATINGS_H

#include "shared/data/dataset.h"
#include "shared/data/interactions.h"
#include "train/comm/comm.h"
#include "train/comm/hiding.h"

#include <stdint.h>

struct souk_ratings_rule {
    struct souk_window window;
    const char *event_weights;            /**< "view=1,addtocart=4", or NULL: the dataset's own */
    int64_t min_user_pairs;               /**< users with fewer are left out; at least 1 */
    int64_t min_item_pairs;               /**< counted before users are left out; at least 1 */
    const enum souk_weighting *weighting; /**< NULL: the dataset's own */
    double holdout;            /**< last share of each user's events left out (holdout.h) */
    struct souk_hiding hiding; /**< users and items left out; items stay, without a pair */
    int leave_out;             /**< place of the wanted item of each user that is (leaveout.h) */
    const char *item_columns;  /**< what the model tells of items (itemcolumns.h); NULL: nothing */
    bool all_items; /**< keep every item that is known before the window's end: one with an
                         attribute, or a property set by then; most without a pair. Attributes
                         carry no time, and so count always */
};

/** One part: its users' rows (CSR), and its items. */
struct souk_ratings_part {
    int part;
    struct souk_idtable users, items;
    int64_t *offsets;  /**< [users + 1] */
    int64_t *item;     /**< [pairs], model item row, ascending in a row */
    float *weight;     /**< [pairs], as souk_interactions.weight */
    int64_t *last_ms;  /**< [pairs] */
    int32_t *events;   /**< [pairs] */
    int32_t *category; /**< [items], index into the dataset's categories, -1 unknown; or NULL */
    struct souk_attributes columns; /**< [items] each, what the rule wants */
};

struct souk_ratings {
    int parts, id_width;
    struct souk_window window;
    int64_t *user_first; /**< [parts + 1], model rows; the same on every rank */
    int64_t *item_first; /**< [parts + 1] */
    int64_t *item_pairs; /**< [items], users of each model item; on every rank */
    int64_t *item_row;   /**< [dataset items], model row, -1: left out; on every rank, or NULL in
                              ratings that were not loaded */
    int64_t pairs;       /**< of all ranks */
    struct souk_interaction_rule weighing; /**< that made the pairs' weights */
    int local_count;
    struct souk_ratings_part *local; /**< [local_count], ascending by part */
};

/** Collective. Read, aggregate, filter and number.
 *  @param out empty with souk_ratings_fini(); zeroed on failure
 *  @return SOUK_OK; SOUK_EFORMAT when no pair is left; what reading returns; the same on every rank
 */
souk_status souk_ratings_load_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                  const struct souk_ratings_rule *rule, struct souk_ratings *out,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_ratings_fini(struct souk_ratings *r);

/** Collective. Time of the newest event of all pairs; INT64_MIN: there is none. */
souk_status souk_ratings_newest_all(const struct souk_comm *comm,
                                    const struct souk_ratings *ratings, int64_t *newest_ms,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** The default window of training: from `from` (SOUK_TIME_NONE: the first event) to `until`
 *  (SOUK_TIME_NONE: the dataset's split, or all of it where it has none). */
struct souk_window souk_training_window(const struct souk_dataset *dataset, int64_t from_ms,
                                        int64_t until_ms);

#endif
