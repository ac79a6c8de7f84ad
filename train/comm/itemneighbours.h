/** @file
 *  Rows of neighbours of items, as a model stores them: with the item that they recommend, at the
 *  rank that has the item's part.
 *
 *      row of item j      (i, b_ij), (i', b_i'j), ...     the best of its candidates, ascending by
 * i
 */
#ifndef SOUK_COMM_ITEMNEIGHBOURS_H
#define SOUK_COMM_ITEMNEIGHBOURS_H

#include "train/comm/comm.h"
#include "train/comm/ratings.h"

#include <stdint.h>

/** Of the items of this rank's parts; the shapes are those of struct souk_model_part. NULL for
 *  parts of other ranks. */
struct souk_neighbour_rows {
    int parts;
    int64_t **offsets; /**< [parts][items + 1] */
    int64_t **item;    /**< [parts][entries] */
    float **weight;    /**< [parts][entries] */
    int64_t longest;   /**< row; of all ranks after souk_neighbour_rows_close_all() */
};

struct souk_neighbour {
    int64_t item; /**< model row */
    float weight; /**< finite */
};

/** Where rows come from. */
struct souk_neighbour_source {
    /** Candidates of an item, in any order, none twice, without the item itself. Called by several
     *  threads at once. @param out [items of the model] @return how many */
    int64_t (*candidates)(void *context, int thread, int64_t row, struct souk_neighbour *out);
    void *context;
    int64_t keep; /**< of a row: by weight, the lower item first where they tie; >= 1 */
};

/** No rows yet. @param out empty with souk_neighbour_rows_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_neighbour_rows_init(struct souk_neighbour_rows *out,
                                     const struct souk_ratings *ratings,
                                     struct souk_error *err) SOUK_MUST_CHECK;
void souk_neighbour_rows_fini(struct souk_neighbour_rows *r);

/** Threads that souk_neighbour_rows_add() calls `candidates` from, at most. */
int souk_neighbour_threads(void);

/** The rows of items [first, first + count) of a part of this rank, which follow those that were
 *  added before. Not collective. @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_neighbour_rows_add(struct souk_neighbour_rows *r,
                                    const struct souk_ratings *ratings, int part, int64_t first,
                                    int64_t count, const struct souk_neighbour_source *source,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. After all rows: sets `longest`, and in the ratings the weights of pairs with items
 *  that no row names to 0, so that a history of nothing else is answered by popularity.
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_neighbour_rows_close_all(const struct souk_comm *comm,
                                          struct souk_neighbour_rows *r,
                                          struct souk_ratings *ratings,
                                          struct souk_error *err) SOUK_MUST_CHECK;

/** Keep the best of `count` candidates and sort them by item. @return how many are kept */
int64_t souk_neighbour_keep_best(struct souk_neighbour *candidates, int64_t count, int64_t keep);

#endif
