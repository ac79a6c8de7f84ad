#include "train/ranker/binmatrix.h"

#include "shared/base/largearray.h"
#include "shared/base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Rows that are binned together: their values and bins stay in the first-level cache. */
enum { BLOCK_ROWS = 64 };

/* Columns outside, so that the bounds of one feature serve the whole block. */
static void fill_block(struct souk_binmatrix *m, const struct souk_binning *binning,
                       const struct souk_rankdata *d, int64_t first, int64_t end)
{
    for (int c = 0; c < m->columns; c++) {
        const int feature = binning->feature[c];
        const struct souk_bins *bins = &binning->bins[feature];
        uint8_t bin[BLOCK_ROWS];
        const int n = (int)(end - first);
        souk_bins_fill(bins, d->value + first * d->features + feature, d->features, n, bin);
        for (int r = 0; r < n; r++)
            m->by_row[(first + r) * m->stride + c] = bin[r];
        if (m->by_column)
            memcpy(m->by_column + c * m->rows + first, bin, (size_t)n);
    }
}

/* Rows begin and end with cache lines, or several share one: no line more than a row needs. */
static int stride_of(int columns)
{
    int stride = SOUK_TILE_COLUMNS;
    while (stride < columns && stride < SOUK_ALIGNMENT)
        stride *= 2;
    return stride >= columns ? stride
                             : (columns + SOUK_ALIGNMENT - 1) / SOUK_ALIGNMENT * SOUK_ALIGNMENT;
}

souk_status souk_binmatrix_init(struct souk_binmatrix *m, const struct souk_binning *binning,
                                const struct souk_rankdata *d, bool with_columns,
                                struct souk_error *err)
{
    const int columns = binning->columns;
    *m = (struct souk_binmatrix){.rows = d->rows, .columns = columns};
    m->stride = stride_of(columns);
    m->by_row = souk_large_array((size_t)d->rows, (size_t)m->stride);
    if (with_columns)
        m->by_column = souk_large_array((size_t)d->rows, (size_t)columns);
    if (!m->by_row || (with_columns && !m->by_column)) {
        souk_binmatrix_fini(m);
        return souk_fail(err, SOUK_ENOMEM, "no memory for the bins of %" PRId64 " rows", d->rows);
    }
    for (int64_t first = 0; first < m->rows; first += BLOCK_ROWS)
        fill_block(m, binning, d, first,
                   first + BLOCK_ROWS < m->rows ? first + BLOCK_ROWS : m->rows);
    return SOUK_OK;
}

void souk_binmatrix_fini(struct souk_binmatrix *m)
{
    free(m->by_row);
    free(m->by_column);
    *m = (struct souk_binmatrix){0};
}
