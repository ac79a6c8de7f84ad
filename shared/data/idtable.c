#include "shared/data/idtable.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

souk_status souk_idtable_init(struct souk_idtable *t, int64_t count, int stride)
{
    *t = (struct souk_idtable){0};
    if (count < 0 || stride < 1 || stride > SOUK_ID_MAX_BYTES + 1)
        return SOUK_EINVAL;
    t->bytes = souk_zalloc_array((size_t)count, (size_t)stride);
    if (!t->bytes)
        return SOUK_ENOMEM;
    t->count = count;
    t->stride = stride;
    return SOUK_OK;
}

void souk_idtable_fini(struct souk_idtable *t)
{
    free(t->bytes);
    *t = (struct souk_idtable){0};
}

/* Order of the row against an id that need not end in NUL. */
static int compare_row(const char *row, const char *id, size_t len)
{
    const int order = strncmp(row, id, len);
    return order ? order : row[len] != '\0';
}

int64_t souk_idtable_find(const struct souk_idtable *t, const char *id, size_t len)
{
    int64_t low = 0, high = t->count;
    if (len == 0 || len >= (size_t)t->stride || memchr(id, '\0', len))
        return -1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const int order = compare_row(souk_idtable_get(t, middle), id, len);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

bool souk_idtable_is_sorted(const struct souk_idtable *t, int64_t *bad)
{
    const size_t stride = (size_t)t->stride;
    for (int64_t row = 0; row < t->count; row++) {
        const char *id = souk_idtable_get(t, row);
        const size_t len = strnlen(id, stride);
        *bad = row;
        if (len == stride || !souk_id_is_valid(id, len))
            return false;
        for (size_t i = len; i < stride; i++)
            if (id[i] != '\0')
                return false;
        if (row > 0 && memcmp(id - stride, id, stride) >= 0)
            return false;
    }
    return true;
}
