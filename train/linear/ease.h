/** @file
 *  EASE: a linear model of items, in closed form (Steck 2019, arXiv 1905.03375).
 *
 *      P = (X'X + lambda I)^-1        B = I - P diagMat(1 / diag(P)), diagonal 0
 *
 *  X holds the users' weights of the selected items (1 for each pair, or a power of its weight);
 *  user u scores item j with sum over i of X_ui B_ij. Column j of B is what recommends item j, and
 *  becomes a row of neighbours of that item: the largest entries by magnitude, in single precision.
 */
#ifndef SOUK_LINEAR_EASE_H
#define SOUK_LINEAR_EASE_H

#include "train/comm/itemneighbours.h"
#include "train/comm/ratings.h"
#include "train/linear/blockmatrix.h"
#include "train/linear/itemselection.h"

#include <stdint.h>

enum { SOUK_EASE_BUFFER_BYTES = 64 << 20 };

struct souk_ease_parameters {
    double lambda;
    int64_t items_limit;  /**< the most popular items only; 0: all */
    int64_t neighbours;   /**< entries kept of each column of B; 0: all that are not 0 */
    int64_t block;        /**< of the distributed matrix */
    int64_t buffer_bytes; /**< what a rank sends at a time, in the mean over ranks:
                               SOUK_EASE_BUFFER_BYTES in production */
};

/** Bytes that souk_ease_all() takes on the rank that needs most of them: its block of the matrix,
 *  its rows of neighbours, buffers. The ratings come on top. Not collective.
 *  @return INT64_MAX where they overflow */
int64_t souk_ease_memory(const struct souk_comm *comm, const struct souk_ratings *ratings,
                         const struct souk_ease_parameters *parameters);

/** Collective. @param out free with souk_neighbour_rows_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ELIMIT (a local block that ScaLAPACK cannot index), SOUK_ENUMERIC (not
 *          positive definite: lambda is too small), SOUK_ENOMEM, SOUK_ECOMM; the same on every rank
 */
souk_status souk_ease_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                          const struct souk_ease_parameters *parameters,
                          struct souk_neighbour_rows *out, struct souk_error *err) SOUK_MUST_CHECK;
/** Set the weights of this rank's pairs with items that the limit leaves out to 0: they took no
 * part, and so a history must say. Not collective. @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT */
souk_status souk_ease_mark_left_out(struct souk_ratings *ratings, int64_t items_limit,
                                    struct souk_error *err) SOUK_MUST_CHECK;

#endif
