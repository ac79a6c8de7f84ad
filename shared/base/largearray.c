#include "shared/base/largearray.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <sys/mman.h>

static const size_t HUGE_PAGE_BYTES = (size_t)2 << 20;

void *souk_large_array(size_t count, size_t size)
{
    size_t bytes;
    if (!souk_mul_size(count, size, &bytes) || bytes < 2 * HUGE_PAGE_BYTES ||
        bytes > SIZE_MAX - HUGE_PAGE_BYTES)
        return souk_alloc_array(count, size);
    bytes = (bytes + HUGE_PAGE_BYTES - 1) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
    void *array = aligned_alloc(HUGE_PAGE_BYTES, bytes);
#ifdef MADV_HUGEPAGE
    /* Advice: a kernel without huge pages refuses it, and nothing is lost. */
    if (array && madvise(array, bytes, MADV_HUGEPAGE) != 0)
        return array;
#endif
    return array;
}
