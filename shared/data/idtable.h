/** @file
 *  A sorted table of identifiers: row number <-> id.
 *
 *      bytes   "0\0....." "10\0...." "536365\0."     [count x stride], NUL-padded, one allocation
 *      row      0          1          2              ascending by bytes, no id twice
 *
 *  An id is 1 to 128 bytes of UTF-8 without NUL. Every row ends in at least one NUL, so that a row
 *  is a C string, and comparing whole rows with memcmp gives the order by bytes.
 */
#ifndef SOUK_DATA_IDTABLE_H
#define SOUK_DATA_IDTABLE_H

#include "shared/base/identifier.h"
#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct souk_idtable {
    int64_t count;
    int stride;  /**< bytes per row: longest id + 1; 1 for an empty table */
    char *bytes; /**< [count x stride] */
};

/** An empty table of `count` zeroed rows. @return SOUK_OK, SOUK_ENOMEM, SOUK_EINVAL (stride) */
souk_status souk_idtable_init(struct souk_idtable *t, int64_t count, int stride) SOUK_MUST_CHECK;
void souk_idtable_fini(struct souk_idtable *t);

static inline const char *souk_idtable_get(const struct souk_idtable *t, int64_t row)
{
    return t->bytes + (size_t)row * (size_t)t->stride;
}

/** Row of an id, by binary search; -1 when it is not there. */
int64_t souk_idtable_find(const struct souk_idtable *t, const char *id, size_t len);

/** Whether rows are valid ids, strictly ascending: what a reader checks before it believes a file.
 *  *bad is the first row that is not, when the result is false. */
bool souk_idtable_is_sorted(const struct souk_idtable *t, int64_t *bad);

#endif
