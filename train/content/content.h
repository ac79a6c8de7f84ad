/** @file
 *  Content: items that are alike in what is known of them, as rows of neighbours. An item needs no
 *  event to be recommended.
 *
 *      score(j) = sum over i of the history of weight_i x cosine(i, j)
 *
 *  Of each item the nearest items that some user has are kept, since only those stand in histories,
 *  and a few of the others, so that visitors who come across a new item are answered, too.
 */
#ifndef SOUK_CONTENT_CONTENT_H
#define SOUK_CONTENT_CONTENT_H

#include "train/comm/itemneighbours.h"
#include "train/content/document.h"

struct souk_content_parameters {
    struct souk_document_rule documents;
    const char *vectors, *vector_ids; /**< vectors from outside instead of documents; NULL: none */
    int64_t neighbours;               /**< kept of each item, that users have; >= 1 */
    int64_t cold_neighbours;          /**< kept of each item, that nobody has; >= 0 */
    double power;                     /**< a row holds cosine^power; > 0 */
};

/** Collective. Sets the weights of pairs with items that no row names to 0
 *  (souk_neighbour_rows_close_all).
 *  @param out free with souk_neighbour_rows_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_EFORMAT (no item has a token or a vector), SOUK_ENOMEM, SOUK_ECOMM, what
 *          reading returns; the same on every rank */
souk_status souk_content_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                             struct souk_ratings *ratings,
                             const struct souk_content_parameters *parameters,
                             struct souk_neighbour_rows *out,
                             struct souk_error *err) SOUK_MUST_CHECK;

#endif
