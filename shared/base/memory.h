/** @file
 *  Allocation with checked sizes. Freed with free(); every function may return NULL, and a size
 *  that overflows is the same as no memory.
 */
#ifndef SOUK_BASE_MEMORY_H
#define SOUK_BASE_MEMORY_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Alignment of arrays that vector kernels read: one cache line, one AVX-512 register. */
#define SOUK_ALIGNMENT 64

/** a * b into *out. @return false when the product does not fit; *out is then untouched */
static inline bool souk_mul_size(size_t a, size_t b, size_t *out)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

/** Uninitialised [count] of `size` bytes each; never NULL for count 0 unless memory is out. */
void *souk_alloc_array(size_t count, size_t size) SOUK_MUST_CHECK;

/** Zeroed [count] of `size` bytes each. */
void *souk_zalloc_array(size_t count, size_t size) SOUK_MUST_CHECK;

/** Zeroed and aligned to SOUK_ALIGNMENT. */
void *souk_alloc_aligned(size_t count, size_t size) SOUK_MUST_CHECK;

/** Make room for `need` elements in a growing array.
 *  @param array  points to the array's pointer, which may be NULL while *cap is 0
 *  @param cap    elements that fit now; at least `need` afterwards (it grows by half)
 *  @param max    the declared bound of this array, in elements
 *  @return SOUK_OK, SOUK_ELIMIT (need > max), SOUK_ENOMEM; the array is unchanged on failure */
souk_status souk_grow(void *array, size_t *cap, size_t need, size_t max,
                      size_t size) SOUK_MUST_CHECK;

/** A copy of the first `len` bytes of s, with a NUL behind it. */
char *souk_strndup(const char *s, size_t len) SOUK_MUST_CHECK;

#endif
