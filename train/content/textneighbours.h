/** @file
 *  Cosines of documents, exactly: every pair of items that share a token.
 *
 *      part p of all items, by its rank  ->  every rank: token -> (item of p, weight)
 *      item j of this rank               ->  sum over its tokens, ascending, of weight_j x weight_i
 *
 *  The parts pass one after the other: a rank holds its own documents and one part's. An item costs
 *  the lengths of its tokens' lists, which the caps on frequent tokens bound.
 */
#ifndef SOUK_CONTENT_TEXTNEIGHBOURS_H
#define SOUK_CONTENT_TEXTNEIGHBOURS_H

#include "train/content/bestlist.h"
#include "train/content/document.h"

#include <stdbool.h>

/** Collective. Offer to the items of this rank their neighbours among the items that some user has
 *  (seen), or among the others.
 *  @param best [local items] of the documents
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_text_neighbours_all(const struct souk_comm *comm,
                                     const struct souk_ratings *ratings,
                                     const struct souk_documents *documents, bool seen,
                                     struct souk_best_lists *best,
                                     struct souk_error *err) SOUK_MUST_CHECK;

#endif
