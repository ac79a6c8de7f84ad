/** @file
 *  Popularity of items: how many users wanted each, the recent ones counting more.
 *
 *      popularity(item) = sum over users with the item of 2^-(age / half-life)
 *
 *  The age of a user's wish is the time from the last event of the (user, item) pair to the last
 *  event of all pairs. Without a half-life every user counts 1. A user counts once however often he
 *  came back, so that one heavy user (or a robot) moves nothing.
 *
 *  Sums are exact (shared/math/fixed.h): the same bits on any number of ranks.
 */
#ifndef SOUK_POPULAR_POPULARITY_H
#define SOUK_POPULAR_POPULARITY_H

#include "train/comm/comm.h"
#include "train/comm/ratings.h"

#include <stdint.h>

/** Of the items of the parts that souk_part_rank() gives to this rank. */
struct souk_popularity {
    int parts;
    float **score;    /**< [parts][items of the part]; NULL for parts of other ranks */
    int64_t **events; /**< the same shape: events of all users with the item */
};

/** Collective. Takes 16 bytes per model item on every rank meanwhile.
 *  @param half_life_ms > 0, or -1: no decay
 *  @param out          free with souk_popularity_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_popularity_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                int64_t half_life_ms, struct souk_popularity *out,
                                struct souk_error *err) SOUK_MUST_CHECK;
void souk_popularity_fini(struct souk_popularity *p);

#endif
