/** @file
 *  The sparse matrix X of users x items as an operator on tall matrices over items: Y = X V and
 *  Z = X'Y.
 *
 *      users and their pairs    at the rank of their part           Y [users x columns], row-major
 *      item rows of V, Z        at the rank of their range          column-major (tallmatrix.h)
 *
 *  Each rank says once which item rows its users need. A product then fetches those rows, or sends
 *  back what is to be added to them; sums are in the order of ranks.
 */
#ifndef SOUK_LINEAR_ITEMOPERATOR_H
#define SOUK_LINEAR_ITEMOPERATOR_H

#include "train/comm/ratings.h"
#include "train/linear/tallmatrix.h"

#include <stdint.h>

struct souk_itemoperator {
    const struct souk_comm *comm;
    const struct souk_ratings *ratings;
    const struct souk_tall *items;
    int64_t users, pairs; /**< of this rank */
    int64_t *offsets;     /**< [users + 1] */
    int32_t *needed_at;   /**< [pairs], index into the needed rows */
    float *weight;        /**< [pairs] */
    int64_t needed;       /**< item rows that this rank needs */
    int64_t *need_counts; /**< [ranks], of each owner; needed rows ascend, and owners with them */
    int64_t given;        /**< item rows that others need of this rank */
    int64_t *give_counts; /**< [ranks] */
    int64_t *give_row;    /**< [given], local row */
    int64_t *scratch;     /**< [ranks] */
};

/** Collective. @param ratings, items must outlive it; items->rows is the number of model items
 *  @param out empty with souk_itemoperator_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT, SOUK_ECOMM; the same on every rank */
souk_status souk_itemoperator_init_all(struct souk_itemoperator *out, const struct souk_comm *comm,
                                       const struct souk_ratings *ratings,
                                       const struct souk_tall *items,
                                       struct souk_error *err) SOUK_MUST_CHECK;
void souk_itemoperator_fini(struct souk_itemoperator *a);

/** Bytes that a product with so many columns takes on this rank beside its arguments. */
int64_t souk_itemoperator_bytes(const struct souk_itemoperator *a, int64_t columns);

/** Collective. y = X v. @param v [columns x leading]; @param y [users x columns] */
souk_status souk_itemoperator_apply_all(const struct souk_itemoperator *a, const double *v,
                                        int64_t columns, double *y,
                                        struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. z = X' y. */
souk_status souk_itemoperator_transpose_all(const struct souk_itemoperator *a, const double *y,
                                            int64_t columns, double *z,
                                            struct souk_error *err) SOUK_MUST_CHECK;

#endif
