/** @file
 *  Cosines of item vectors, exactly, by products of blocks.
 *
 *      part p of all items, by its rank  ->  every rank: vectors [items of p x width]
 *      256 items of this rank x 1,024 of p at a time: cosines [256 x 1,024] by sgemm
 *
 *  Blocks begin where parts begin, so that they, and the bits of the products, do not depend on the
 *  number of ranks.
 */
#ifndef SOUK_CONTENT_VECTORNEIGHBOURS_H
#define SOUK_CONTENT_VECTORNEIGHBOURS_H

#include "train/content/bestlist.h"
#include "train/content/itemvectors.h"

#include <stdbool.h>

/** Collective. As souk_text_neighbours_all(); cosines that are not above 0 are not offered. */
souk_status souk_vector_neighbours_all(const struct souk_comm *comm,
                                       const struct souk_ratings *ratings,
                                       const struct souk_item_vectors *vectors, bool seen,
                                       struct souk_best_lists *best,
                                       struct souk_error *err) SOUK_MUST_CHECK;

#endif
