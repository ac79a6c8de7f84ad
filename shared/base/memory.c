#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

void *souk_alloc_array(size_t count, size_t size)
{
    size_t bytes;
    if (!souk_mul_size(count, size, &bytes))
        return NULL;
    return malloc(bytes ? bytes : 1);
}

void *souk_zalloc_array(size_t count, size_t size)
{
    size_t bytes;
    if (!souk_mul_size(count, size, &bytes))
        return NULL;
    return calloc(bytes ? bytes : 1, 1);
}

void *souk_alloc_aligned(size_t count, size_t size)
{
    size_t bytes;
    if (!souk_mul_size(count, size, &bytes) || bytes > SIZE_MAX - SOUK_ALIGNMENT)
        return NULL;
    bytes = (bytes + SOUK_ALIGNMENT - 1) / SOUK_ALIGNMENT * SOUK_ALIGNMENT;
    void *p = aligned_alloc(SOUK_ALIGNMENT, bytes ? bytes : SOUK_ALIGNMENT);
    if (p)
        memset(p, 0, bytes);
    return p;
}

souk_status souk_grow(void *array, size_t *cap, size_t need, size_t max, size_t size)
{
    void *old, *grown;
    size_t bytes, want = *cap + *cap / 2;

    if (need <= *cap)
        return SOUK_OK;
    if (need > max)
        return SOUK_ELIMIT;
    if (want < need)
        want = need;
    if (want < 16)
        want = 16;
    if (want > max)
        want = max;
    if (!souk_mul_size(want, size, &bytes))
        return SOUK_ENOMEM;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, bytes);
    if (!grown)
        return SOUK_ENOMEM;
    memcpy(array, &grown, sizeof grown);
    *cap = want;
    return SOUK_OK;
}

char *souk_strndup(const char *s, size_t len)
{
    char *copy = souk_alloc_array(len + 1, 1);
    if (copy) {
        memcpy(copy, s, len);
        copy[len] = '\0';
    }
    return copy;
}
