/** @file
 *  XXH3: where an identifier lives, and whether a file is what it was.
 */
#ifndef SOUK_BASE_HASH_H
#define SOUK_BASE_HASH_H

#include "shared/base/status.h"

#include <stddef.h>
#include <stdint.h>

/** XXH3-64 of bytes, seed 0. */
uint64_t souk_hash_bytes(const void *bytes, size_t len);

/** XXH3-128 of bytes, seed 0: where two texts must not be taken for one, however many there are. */
struct souk_hash_wide {
    uint64_t high, low;
};
struct souk_hash_wide souk_hash_wide(const void *bytes, size_t len);

/** The part of an identifier with this hash, of `parts` (DESIGN.md, Parts). */
static inline int souk_part_of(uint64_t id_hash, int parts)
{
    return (int)(id_hash % (uint64_t)parts);
}

/** Size of a file, and XXH3-64 of its bytes from `skip` to its end (none, where it ends before).
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EIO, SOUK_ENOMEM; outputs are written on SOUK_OK only */
souk_status souk_hash_file(const char *path, int64_t skip, uint64_t *digest, int64_t *size_bytes,
                           struct souk_error *err) SOUK_MUST_CHECK;

#endif
