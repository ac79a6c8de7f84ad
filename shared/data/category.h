/** @file
 *  The category tree: parents by index, and the questions asked of it.
 */
#ifndef SOUK_DATA_CATEGORY_H
#define SOUK_DATA_CATEGORY_H

#include "shared/base/status.h"
#include "shared/data/idtable.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_categories {
    struct souk_idtable ids; /**< sorted by bytes */
    int32_t *parent;         /**< [ids.count], index of the parent, -1 for a root */
    int32_t *depth;          /**< [ids.count], 1 for a root */
};

/** Take ids and parents, check for cycles and bad indices, compute depths.
 *  Takes over ids and parent on success.
 *  @return SOUK_OK, SOUK_EFORMAT (a cycle: names a member), SOUK_ENOMEM */
souk_status souk_categories_init(struct souk_categories *c, struct souk_idtable *ids,
                                 int32_t *parent, struct souk_error *err) SOUK_MUST_CHECK;
void souk_categories_fini(struct souk_categories *c);

/** Whether `ancestor` is `category` or above it. */
bool souk_categories_is_under(const struct souk_categories *c, int32_t category, int32_t ancestor);

/** Likeness of two categories, 0 to 1: |a and b| / sqrt(|a| |b|), each a set of itself and all
 * above it. */
double souk_categories_cosine(const struct souk_categories *c, int32_t a, int32_t b);

#endif
