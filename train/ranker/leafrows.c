#include "train/ranker/leafrows.h"

#include "shared/base/largearray.h"
#include "shared/base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

souk_status souk_leafrows_init(struct souk_leafrows *l, int64_t rows, int leaves,
                               struct souk_error *err)
{
    *l = (struct souk_leafrows){.capacity = rows};
    l->row = souk_large_array((size_t)rows + 1, sizeof *l->row);
    l->spare = souk_large_array((size_t)rows + 1, sizeof *l->spare);
    l->start = souk_zalloc_array((size_t)leaves, sizeof *l->start);
    l->count = souk_zalloc_array((size_t)leaves, sizeof *l->count);
    if (l->row && l->spare && l->start && l->count)
        return SOUK_OK;
    souk_leafrows_fini(l);
    return souk_fail(err, SOUK_ENOMEM, "no memory for lists of %" PRId64 " rows", rows);
}

void souk_leafrows_fini(struct souk_leafrows *l)
{
    free(l->row);
    free(l->spare);
    free(l->start);
    free(l->count);
    *l = (struct souk_leafrows){0};
}

void souk_leafrows_restart(struct souk_leafrows *l, const bool *chosen)
{
    int64_t n = 0;
    for (int64_t r = 0; r < l->capacity; r++) {
        l->row[n] = (int32_t)r;
        n += !chosen || chosen[r];
    }
    l->start[0] = 0;
    l->count[0] = n;
}

/* Each row is written to both lists, and stays in one: no branch to mispredict. The left list grows
 * over the one that is read, never past it. */
void souk_leafrows_split(struct souk_leafrows *l, const struct souk_binmatrix *matrix,
                         const struct souk_split *split, int leaf, int fresh)
{
    bool goes_left[SOUK_BINS_MAX + 1];
    const uint8_t *column = matrix->by_column + split->column * matrix->rows;
    int32_t *left = l->row + l->start[leaf], *right = l->spare;
    const int64_t n = l->count[leaf];
    int64_t lefts = 0, rights = 0;
    for (int b = 0; b <= SOUK_BINS_MAX; b++)
        goes_left[b] = souk_split_goes_left(split, b);
    for (int64_t i = 0; i < n; i++) {
        const int32_t row = left[i];
        const bool to_left = goes_left[column[row]];
        left[lefts] = row;
        right[rights] = row;
        lefts += to_left;
        rights += !to_left;
    }
    memcpy(left + lefts, right, (size_t)rights * sizeof *right);
    l->count[leaf] = lefts;
    l->start[fresh] = l->start[leaf] + lefts;
    l->count[fresh] = rights;
}
