/** @file
 *  The data profile: what was read, what became of it, and how users, items and events are spread.
 *
 *  Users and items of the profile are those with at least one event. Every rank has the same
 *  profile at the end.
 */
#ifndef SOUK_INGEST_PROFILE_H
#define SOUK_INGEST_PROFILE_H

#include "shared/data/dataset.h"
#include "train/comm/comm.h"
#include "train/ingest/distribution.h"
#include "train/ingest/placement.h"

#include <stdbool.h>
#include <stdint.h>

/** Training and test of a split. Pairs are distinct (user, item); test counts target events only.
 */
struct souk_profile_split {
    int64_t train_events, train_users, train_items, train_pairs;
    int64_t test_events;
    int64_t targets, target_users;       /**< user and item are in training */
    int64_t discovery, discovery_users;  /**< ... and the pair is not */
    int64_t new_item_targets;            /**< the user is in training, the item is not */
    int64_t new_user_targets, new_users; /**< the user is not in training */
};

struct souk_profile {
    int64_t events, users, items, pairs, sessions;
    int64_t duplicates;     /**< rows that were dropped as exact duplicates */
    int64_t ordered_events; /**< that belong to an order */
    int64_t type_count[SOUK_EVENT_TYPES_MAX];
    int64_t first_ms, last_ms;                   /**< both 0 when there is no event */
    struct souk_distribution per_user, per_item; /**< events */
    bool has_split;
    struct souk_profile_split split;
};

/** Collective. Counts and dates only: events, duplicates, ordered_events, type_count,
 *  first_ms, last_ms. */
souk_status souk_profile_count_all(const struct souk_comm *comm, const struct souk_placement *p,
                                   struct souk_profile *profile,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. All the rest, after souk_profile_count_all(). Takes some 24 bytes per item.
 *  @param items    global item rows
 *  @param types    [SOUK_EVENT_TYPES_MAX], is_target is read
 *  @param split_ms SOUK_TIME_NONE: none
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_profile_make_all(const struct souk_comm *comm, const struct souk_placement *p,
                                  int64_t items, const struct souk_event_type *types,
                                  int64_t session_gap_ms, int64_t split_ms,
                                  struct souk_profile *profile,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
