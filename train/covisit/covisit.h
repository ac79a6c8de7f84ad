/** @file
 *  Co-visitation: which items go together in sessions and in users, as rows of neighbours.
 *
 *      score(j) = sum over i of the history of weight_i x b_ij      b_ij as in cooccurrence.h
 *
 *  Item-kNN with cosines (Sarwar et al. 2001) is scope USER with both exponents .5; sessions and
 *  small exponents are what session-kNN (Ludewig and Jannach 2018) counts, turned into rows of
 * items.
 */
#ifndef SOUK_COVISIT_COVISIT_H
#define SOUK_COVISIT_COVISIT_H

#include "train/comm/itemneighbours.h"

#include <stdbool.h>
#include <stdint.h>

enum souk_covisit_scope { SOUK_COVISIT_SESSION, SOUK_COVISIT_USER, SOUK_COVISIT_BOTH };

struct souk_covisit_parameters {
    enum souk_covisit_scope scope;
    double user_weight;     /**< BOTH: what a user's basket counts where a session's counts 1 */
    double exponent;        /**< of the recommended item's popularity: 0 to 1 */
    double source_exponent; /**< of the history item's: 0 to 1 */
    double power;           /**< of the event weights in a basket; 0: presence */
    int64_t half_life_ms;   /**< of a pair; > 0, or -1: no decay */
    int64_t session_gap_ms; /**< 0: the dataset's sessions */
    int64_t window;         /**< moments at which a pair fades to nothing; 0: no decay */
    int64_t reach;          /**< entries between the items of a pair; 0: no bound */
    int64_t neighbours;     /**< kept of each item, >= 1 */
    int64_t buffer_bytes;   /**< of baskets that a rank receives at a time */
};

/** Collective. Sets the weights of pairs with items that no row names to 0
 *  (souk_neighbour_rows_close_all).
 *  @param loaded the rule that the ratings were loaded by
 *  @param out    empty with souk_neighbour_rows_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENUMERIC (event weights to the power overflow), SOUK_ENOMEM, SOUK_ECOMM,
 *          what reading a part returns; the same on every rank */
souk_status souk_covisit_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                             const struct souk_ratings_rule *loaded, struct souk_ratings *ratings,
                             const struct souk_covisit_parameters *parameters,
                             struct souk_neighbour_rows *out,
                             struct souk_error *err) SOUK_MUST_CHECK;

#endif
