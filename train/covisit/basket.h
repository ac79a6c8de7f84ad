/** @file
 *  Baskets: the items that somebody came across together, in the order in which they were first
 *  met; of a session, or of all of a user's events.
 *
 *      events of a user     a  b  a | c+d  e               |: a pause of the session gap
 *      sessions             [a b] [c d e]
 *      user                 [a b c d e]
 *      entries              a* b  c* d  e  ...             one behind the other, * begins a basket
 *      moments              0  1  0  0  1                  c and d were met at one time
 *
 *      strength = (sum of the event weights)^power x 2^(-age / (2 half-life)) x sqrt(basket weight)
 *
 *  so that the product of two strengths is what a pair of one basket counts. An event counts where
 *  its pair of user and item is in the ratings: what was filtered out of them, held out or hidden,
 *  is in no basket.
 */
#ifndef SOUK_COVISIT_BASKET_H
#define SOUK_COVISIT_BASKET_H

#include "train/comm/ratings.h"

#include <stddef.h>
#include <stdint.h>

struct souk_basket_entry {
    int64_t item;        /**< model row; none twice in a basket */
    float strength;      /**< >= 0 */
    uint32_t begins : 1, /**< first of its basket */
        moment : 31;     /**< of the basket, 0, 1, ...: what was met at one time has the same */
};

struct souk_baskets {
    size_t count; /**< entries */
    struct souk_basket_entry *entry;
    size_t cap;
};

struct souk_basket_rule {
    double session_weight, user_weight; /**< of a basket of each kind; 0: not made */
    double power;                       /**< of the event weights; 0: every entry counts 1 */
    int64_t half_life_ms;               /**< > 0, or -1: no decay */
    int64_t session_gap_ms;             /**< 0: the dataset's sessions */
    int64_t newest_ms;                  /**< where ages count from */
};

/** The baskets of the users of this rank's parts, those of one item included. Not collective.
 *  @param loaded the rule that the ratings were loaded by
 *  @param out    empty with souk_baskets_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, what reading a part returns */
souk_status souk_baskets_load(const struct souk_dataset *dataset,
                              const struct souk_ratings_rule *loaded,
                              const struct souk_ratings *ratings,
                              const struct souk_basket_rule *rule, struct souk_baskets *out,
                              struct souk_error *err) SOUK_MUST_CHECK;
void souk_baskets_fini(struct souk_baskets *b);

/** Entry behind the basket that begins at `at`. */
static inline size_t souk_basket_end(const struct souk_baskets *b, size_t at)
{
    size_t end = at + 1;
    while (end < b->count && !b->entry[end].begins)
        end++;
    return end;
}

#endif
