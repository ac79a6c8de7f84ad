#include "train/ranker/histogram.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Rows at a time: their words, eight bins each, and the sums of eight columns share the first-level
 * cache. Tiles lie a cache line more than CHUNK apart, lest they all fall into the same sets of it.
 */
enum { CHUNK = 511, TILE_STRIDE = 520, CHUNKS_PER_SUM = 16, TILE = SOUK_TILE_COLUMNS };
_Static_assert(CHUNK *CHUNKS_PER_SUM <= SOUK_PACKED_ROWS_MAX, "a packed sum would overflow");

souk_status souk_histwork_init(struct souk_histwork *work, const struct souk_binning *binning,
                               struct souk_error *err)
{
    const size_t bins = (size_t)binning->first_bin[binning->columns];
    const size_t tiles = ((size_t)binning->columns + TILE - 1) / TILE;
    *work = (struct souk_histwork){0};
    work->sum = souk_alloc_aligned(bins + 1, sizeof *work->sum);
    work->tile = souk_alloc_aligned(tiles * TILE_STRIDE, sizeof *work->tile);
    work->packed = souk_alloc_aligned(CHUNK, sizeof *work->packed);
    if (work->sum && work->tile && work->packed)
        return SOUK_OK;
    souk_histwork_fini(work);
    return souk_fail(err, SOUK_ENOMEM, "no memory for a histogram of %zu bins", bins);
}

void souk_histwork_fini(struct souk_histwork *work)
{
    free(work->sum);
    free(work->tile);
    free(work->packed);
    *work = (struct souk_histwork){0};
}

/* Bring the bins of scattered rows together, tile by tile: one visit to each row's cache line. */
static void gather(struct souk_histwork *work, const struct souk_binmatrix *m,
                   const int64_t *packed, const int32_t *row, int n)
{
    const int tiles = (m->columns + TILE - 1) / TILE;
    for (int i = 0; i < n; i++) {
        const uint8_t *from = m->by_row + row[i] * (int64_t)m->stride;
        for (int t = 0; t < tiles; t++)
            memcpy(&work->tile[t * TILE_STRIDE + i], from + t * TILE, TILE);
        work->packed[i] = packed[row[i]];
    }
}

/* Ask for rows that the next chunk will gather, into the second-level cache. */
static void prefetch(const struct souk_binmatrix *m, const int64_t *packed, const int32_t *row,
                     int from, int to)
{
    for (int i = from; i < to; i++) {
        const uint8_t *bins = m->by_row + row[i] * (int64_t)m->stride;
        for (int line = 0; line < m->columns; line += SOUK_ALIGNMENT)
            __builtin_prefetch(bins + line, 0, 2);
        __builtin_prefetch(packed + row[i], 0, 2);
    }
}

/* Eight columns; each has its own sums, so that the additions of a row do not wait for each other.
 */
static void add_tile(int64_t *const *sum, const uint64_t *tile, const int64_t *packed, int n)
{
    int64_t *const s0 = sum[0], *const s1 = sum[1], *const s2 = sum[2], *const s3 = sum[3];
    int64_t *const s4 = sum[4], *const s5 = sum[5], *const s6 = sum[6], *const s7 = sum[7];
    for (int i = 0; i < n; i++) {
        const uint64_t bins = tile[i];
        const int64_t add = packed[i];
        s0[bins & 255] += add;
        s1[bins >> 8 & 255] += add;
        s2[bins >> 16 & 255] += add;
        s3[bins >> 24 & 255] += add;
        s4[bins >> 32 & 255] += add;
        s5[bins >> 40 & 255] += add;
        s6[bins >> 48 & 255] += add;
        s7[bins >> 56] += add;
    }
}

/* The last tile may have fewer columns. */
static void add_columns(int64_t *const *sum, const uint64_t *tile, const int64_t *packed, int n,
                        int columns)
{
    for (int i = 0; i < n; i++)
        for (int c = 0; c < columns; c++)
            sum[c][tile[i] >> (8 * c) & 255] += packed[i];
}

/* Rows of the chunk at hand, and of the one behind it. */
struct chunk {
    const int32_t *row;
    int n, next;
};

/* Memory works on the next chunk while the sums of this one grow. */
static void add_chunk(struct souk_histwork *work, const struct souk_binning *binning,
                      const struct souk_binmatrix *m, const int64_t *packed,
                      const struct chunk *chunk)
{
    const int tiles = (m->columns + TILE - 1) / TILE;
    for (int t = 0; t < tiles; t++) {
        int64_t *sum[TILE] = {0};
        const uint64_t *tile = work->tile + (size_t)t * TILE_STRIDE;
        const int left = m->columns - t * TILE, columns = left < TILE ? left : TILE;
        prefetch(m, packed, chunk->row + chunk->n, (int)((int64_t)chunk->next * t / tiles),
                 (int)((int64_t)chunk->next * (t + 1) / tiles));
        for (int c = 0; c < columns; c++)
            sum[c] = work->sum + binning->first_bin[t * TILE + c];
        if (columns == TILE)
            add_tile(sum, tile, work->packed, chunk->n);
        else
            add_columns(sum, tile, work->packed, chunk->n, columns);
    }
}

/* Move packed sums into the doubles. The lower fields are never negative, so they borrow nothing
 * from the upper one. */
static void unpack(int64_t *sum, int64_t bins, struct souk_histbin *out)
{
    const int64_t hessian_mask =
        (INT64_C(1) << (SOUK_PACKED_GRADIENT_SHIFT - SOUK_PACKED_HESSIAN_SHIFT)) - 1;
    for (int64_t b = 0; b < bins; b++) {
        const int64_t s = sum[b];
        out[b].gradient += (double)(s >> SOUK_PACKED_GRADIENT_SHIFT);
        out[b].hessian += (double)(int32_t)(s >> SOUK_PACKED_HESSIAN_SHIFT & hessian_mask);
        out[b].rows += (double)(int32_t)(s & SOUK_PACKED_ROWS_MAX);
    }
    memset(sum, 0, (size_t)bins * sizeof *sum);
}

static void make_packed(struct souk_histwork *work, const struct souk_binning *binning,
                        const struct souk_binmatrix *m, const int64_t *packed, const int32_t *row,
                        int64_t n, struct souk_histbin *out)
{
    const int64_t bins = binning->first_bin[binning->columns];
    int chunks = 0;
    for (int64_t at = 0; at < n; at += CHUNK) {
        const int64_t left = n - at, behind = left - CHUNK;
        const struct chunk chunk = {row + at, left < CHUNK ? (int)left : CHUNK,
                                    behind < 0       ? 0
                                    : behind < CHUNK ? (int)behind
                                                     : CHUNK};
        gather(work, m, packed, chunk.row, chunk.n);
        add_chunk(work, binning, m, packed, &chunk);
        if (++chunks == CHUNKS_PER_SUM || behind <= 0) {
            unpack(work->sum, bins, out);
            chunks = 0;
        }
    }
}

static void make_plain(const struct souk_binning *binning, const struct souk_binmatrix *m,
                       const double *plain, const int32_t *row, int64_t n, struct souk_histbin *out)
{
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *bins = m->by_row + row[i] * (int64_t)m->stride;
        const double *pair = plain + 2 * (int64_t)row[i];
        for (int c = 0; c < m->columns; c++) {
            struct souk_histbin *bin = out + binning->first_bin[c] + bins[c];
            bin->gradient += pair[0];
            bin->hessian += pair[1];
            bin->rows += 1;
        }
    }
}

void souk_histogram_make(struct souk_histwork *work, const struct souk_binning *binning,
                         const struct souk_binmatrix *matrix, const struct souk_gradients *g,
                         const int32_t *row, int64_t n, struct souk_histbin *out)
{
    memset(out, 0, (size_t)binning->first_bin[binning->columns] * sizeof *out);
    if (g->packed)
        make_packed(work, binning, matrix, g->packed, row, n, out);
    else
        make_plain(binning, matrix, g->plain, row, n, out);
}

void souk_histogram_reference(const struct souk_binning *binning,
                              const struct souk_binmatrix *matrix, const struct souk_gradients *g,
                              const int32_t *row, int64_t n, struct souk_histbin *out)
{
    memset(out, 0, (size_t)binning->first_bin[binning->columns] * sizeof *out);
    for (int c = 0; c < matrix->columns; c++)
        for (int64_t i = 0; i < n; i++) {
            const int bin = matrix->by_row[row[i] * (int64_t)matrix->stride + c];
            struct souk_histbin *b = out + binning->first_bin[c] + bin;
            const int64_t word = g->packed ? g->packed[row[i]] - 1 : 0;
            const int64_t upper = INT64_C(1) << SOUK_PACKED_GRADIENT_SHIFT;
            const int64_t hessian = (word % upper + upper) % upper;
            b->gradient += g->packed ? (double)((word - hessian) / upper) : g->plain[2 * row[i]];
            b->hessian += g->packed ? (double)(hessian >> SOUK_PACKED_HESSIAN_SHIFT)
                                    : g->plain[2 * row[i] + 1];
            b->rows += 1;
        }
}

void souk_histogram_subtract(struct souk_histbin *parent, const struct souk_histbin *child,
                             int64_t bins)
{
    for (int64_t b = 0; b < bins; b++) {
        parent[b].gradient -= child[b].gradient;
        parent[b].hessian -= child[b].hessian;
        parent[b].rows -= child[b].rows;
    }
}
