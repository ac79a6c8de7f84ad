#include "train/ranker/histogram.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Rows at a time: their pairs, eight bins each, and the sums of eight columns pass through the
 * first-level cache. Tiles lie a cache line more than CHUNK apart, lest they all fall into the same
 * sets of it. */
enum { CHUNK = 255, TILE_STRIDE = 264, TILE = SOUK_TILE_COLUMNS };

/* A bin as a vector: one load, one addition and one store. */
typedef double vec __attribute__((vector_size(sizeof(struct souk_histbin)), may_alias));

souk_status souk_histwork_init(struct souk_histwork *work, const struct souk_binning *binning,
                               struct souk_error *err)
{
    const size_t tiles = ((size_t)binning->columns + TILE - 1) / TILE;
    *work = (struct souk_histwork){0};
    work->tile = souk_alloc_aligned(tiles * TILE_STRIDE, sizeof *work->tile);
    work->pair = souk_alloc_aligned(CHUNK, sizeof *work->pair);
    if (work->tile && work->pair)
        return SOUK_OK;
    souk_histwork_fini(work);
    return souk_fail(err, SOUK_ENOMEM, "no memory for the bins of %d columns", binning->columns);
}

void souk_histwork_fini(struct souk_histwork *work)
{
    free(work->tile);
    free(work->pair);
    *work = (struct souk_histwork){0};
}

/* Bring the bins of scattered rows together, tile by tile: one visit to each row's cache line. */
static void gather(struct souk_histwork *work, const struct souk_binmatrix *m,
                   const struct souk_histbin *pair, const int32_t *row, int n)
{
    const int tiles = (m->columns + TILE - 1) / TILE;
    for (int i = 0; i < n; i++) {
        const uint8_t *from = m->by_row + row[i] * (int64_t)m->stride;
        for (int t = 0; t < tiles; t++)
            memcpy(&work->tile[t * TILE_STRIDE + i], from + t * TILE, TILE);
        work->pair[i] = pair[row[i]];
    }
}

/* Ask for rows that the next chunk will gather, into the second-level cache. */
static void prefetch(const struct souk_binmatrix *m, const struct souk_histbin *pair,
                     const int32_t *row, int from, int to)
{
    for (int i = from; i < to; i++) {
        const uint8_t *bins = m->by_row + row[i] * (int64_t)m->stride;
        for (int line = 0; line < m->columns; line += SOUK_ALIGNMENT)
            __builtin_prefetch(bins + line, 0, 2);
        __builtin_prefetch(pair + row[i], 0, 2);
    }
}

/* Eight columns; each has its own sums, so that the additions of a row do not wait for each other.
 */
static void add_tile(vec *const *sum, const uint64_t *tile, const struct souk_histbin *pair, int n)
{
    vec *const s0 = sum[0], *const s1 = sum[1], *const s2 = sum[2], *const s3 = sum[3];
    vec *const s4 = sum[4], *const s5 = sum[5], *const s6 = sum[6], *const s7 = sum[7];
    for (int i = 0; i < n; i++) {
        const uint64_t bins = tile[i];
        const vec add = *(const vec *)&pair[i];
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
static void add_columns(vec *const *sum, const uint64_t *tile, const struct souk_histbin *pair,
                        int n, int columns)
{
    for (int i = 0; i < n; i++)
        for (int c = 0; c < columns; c++)
            sum[c][tile[i] >> (8 * c) & 255] += *(const vec *)&pair[i];
}

/* Rows of the chunk at hand, and of the one behind it. */
struct chunk {
    const int32_t *row;
    int n, next;
};

/* Memory works on the next chunk while the sums of this one grow. */
static void add_chunk(struct souk_histwork *work, const int64_t *first,
                      const struct souk_binmatrix *m, const struct souk_histbin *pair,
                      const struct chunk *chunk, struct souk_histbin *out)
{
    const int tiles = (m->columns + TILE - 1) / TILE;
    for (int t = 0; t < tiles; t++) {
        vec *sum[TILE] = {0};
        const uint64_t *tile = work->tile + (size_t)t * TILE_STRIDE;
        const int left = m->columns - t * TILE, columns = left < TILE ? left : TILE;
        prefetch(m, pair, chunk->row + chunk->n, (int)((int64_t)chunk->next * t / tiles),
                 (int)((int64_t)chunk->next * (t + 1) / tiles));
        for (int c = 0; c < columns; c++)
            sum[c] = (vec *)(out + first[t * TILE + c]);
        if (columns == TILE)
            add_tile(sum, tile, work->pair, chunk->n);
        else
            add_columns(sum, tile, work->pair, chunk->n, columns);
    }
}

void souk_histogram_make(struct souk_histwork *work, const int64_t *first,
                         const struct souk_binmatrix *matrix, const struct souk_gradients *g,
                         const int32_t *row, int64_t n, struct souk_histbin *out)
{
    memset(out, 0, (size_t)first[matrix->columns] * sizeof *out);
    for (int64_t at = 0; at < n; at += CHUNK) {
        const int64_t left = n - at, behind = left - CHUNK;
        const struct chunk chunk = {row + at, left < CHUNK ? (int)left : CHUNK,
                                    behind < 0       ? 0
                                    : behind < CHUNK ? (int)behind
                                                     : CHUNK};
        gather(work, matrix, g->pair, chunk.row, chunk.n);
        add_chunk(work, first, matrix, g->pair, &chunk, out);
    }
}

void souk_histogram_reference(const int64_t *first, const struct souk_binmatrix *matrix,
                              const struct souk_gradients *g, const int32_t *row, int64_t n,
                              struct souk_histbin *out)
{
    memset(out, 0, (size_t)first[matrix->columns] * sizeof *out);
    for (int c = 0; c < matrix->columns; c++)
        for (int64_t i = 0; i < n; i++) {
            const int bin = matrix->by_row[row[i] * (int64_t)matrix->stride + c];
            struct souk_histbin *b = out + first[c] + bin;
            b->gradient += g->pair[row[i]].gradient;
            b->hessian += g->pair[row[i]].hessian;
        }
}

void souk_histogram_subtract(struct souk_histbin *parent, const struct souk_histbin *child,
                             int64_t bins)
{
    for (int64_t b = 0; b < bins; b++) {
        parent[b].gradient -= child[b].gradient;
        parent[b].hessian -= child[b].hessian;
    }
}
