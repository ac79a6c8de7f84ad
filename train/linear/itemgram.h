/** @file
 *  X'X of the selected items, from the sparse ratings straight into the blocks of a distributed
 *  matrix.
 *
 *      user's row     (item, x) (item, x) ...     held by one rank
 *      process (r, c) gets the pairs in its rows and in its columns, and adds x_i x_j to its (i, j)
 *
 *  Only the lower triangle is filled. With x of 1 sums are whole numbers, the same on any grid;
 *  else they are rounded in the order in which users arrive.
 */
#ifndef SOUK_LINEAR_ITEMGRAM_H
#define SOUK_LINEAR_ITEMGRAM_H

#include "train/comm/ratings.h"
#include "train/linear/blockmatrix.h"
#include "train/linear/itemselection.h"

/** Collective. Users go round in batches, so that buffers do not grow with the data (a batch has at
 *  least one user). @param ratings whose weights are x
 *  @param batch_bytes that a rank sends in a batch, more or less by a user's; it receives as many
 * in the mean
 *  @param gram    [selected x selected]; its lower triangle is added to
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_itemgram_add_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                  const struct souk_itemselection *selection, int64_t batch_bytes,
                                  struct souk_blockmatrix *gram,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
