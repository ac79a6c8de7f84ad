/** @file
 *  Trend of items: how fast each grows.
 *
 *      trend(item) = (P_short(item) + a r) / (P_long(item) + a)
 *      r = sum of P_short / sum of P_long                   what an item without any history has
 *
 *  P is the popularity (popularity.h) at a short and at a long half-life; a smoothes what few users
 *  say. The same bits on any number of ranks.
 */
#ifndef SOUK_POPULAR_TREND_H
#define SOUK_POPULAR_TREND_H

#include "train/popular/popularity.h"

struct souk_trend_rule {
    int64_t short_ms, long_ms; /**< half-lives, > 0, or -1: no decay */
    double smoothing;          /**< a, in users; > 0 */
};

/** Collective. The scores of `out` are trends.
 *  @param out free with souk_popularity_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_trend_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                           const struct souk_trend_rule *rule, struct souk_popularity *out,
                           struct souk_error *err) SOUK_MUST_CHECK;

#endif
