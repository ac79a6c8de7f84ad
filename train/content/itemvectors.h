/** @file
 *  Item vectors from outside: images, language models.
 *
 *      vectors.npy   numpy's format, versions 1 and 2: [n x d], '<f4' or '<f8', rows in C order
 *      ids.txt       n lines, the item of each row
 *
 *  A row that names no item of the model counts nothing; an item without a row has no neighbours.
 */
#ifndef SOUK_CONTENT_ITEMVECTORS_H
#define SOUK_CONTENT_ITEMVECTORS_H

#include "train/comm/ratings.h"

#include <stdint.h>

enum { SOUK_VECTOR_MAX = 65536 }; /**< columns */

/** Unit vectors of the items of this rank's parts. */
struct souk_item_vectors {
    int64_t items;       /**< of this rank's parts, one part behind the other */
    int64_t *part_first; /**< [local parts + 1] */
    int64_t width;       /**< columns */
    float *vector;       /**< [items x width], of length 1; 0 for an item without one */
    int64_t found;       /**< items of this rank with a row */
};

/** Every rank reads the ids and its own rows. Not collective, but all ranks must pass the same.
 *  @param out empty with souk_item_vectors_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EFORMAT (names the file, and the row or line), SOUK_EIO,
 *          SOUK_ENOMEM */
souk_status souk_item_vectors_load(const struct souk_ratings *ratings, const char *npy,
                                   const char *ids, struct souk_item_vectors *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;
void souk_item_vectors_fini(struct souk_item_vectors *v);

#endif
