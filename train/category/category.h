/** @file
 *  Popular items of the categories that a user likes, as rows of neighbours.
 *
 *      b_ij = sum over levels l where i and j have the same value v of
 *             w_l x popularity(j) / popularity of all items with v
 *
 *      score(j) = sum over the user's items i of weight_i x b_ij
 *               ~ sum over levels of w_l x (what of the user's lies in v) x (j's share of v)
 *
 *  Levels are those of itemlevels.h, w_l those of shared/score/taste.h: relatives in the tree count
 *  half at each step. Of each value the most popular items that users have stand for all of them,
 *  so that the work is items x levels x neighbours however large a category is. Exact sums: the
 *  same bytes on any number of ranks.
 */
#ifndef SOUK_CATEGORY_CATEGORY_H
#define SOUK_CATEGORY_CATEGORY_H

#include "train/comm/itemneighbours.h"
#include "train/comm/ratings.h"

struct souk_category_parameters {
    int64_t half_life_ms; /**< of the popularity; > 0, or -1: no decay */
    int64_t neighbours;   /**< kept of each item, and that stand for a value; >= 1 */
};

/** Collective. Takes 8 bytes for each item and level on every rank. Sets the weights of pairs with
 *  items that no row names to 0 (souk_neighbour_rows_close_all).
 *  @param out free with souk_neighbour_rows_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_EFORMAT (nothing sorts the items), SOUK_ENOMEM, SOUK_ECOMM, what reading
 *          returns; the same on every rank */
souk_status souk_category_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                              struct souk_ratings *ratings,
                              const struct souk_category_parameters *parameters,
                              struct souk_neighbour_rows *out,
                              struct souk_error *err) SOUK_MUST_CHECK;

#endif
