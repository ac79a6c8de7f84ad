#include "shared/score/neighbours.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* One entry on its way from rows by target to rows by source. */
struct entry {
    int64_t source;
    float weight;
    uint8_t target;
};

/* A block's entries, and room to merge them: rows of items, each ascending by source already. */
struct block_rows {
    struct entry *entries, *merged; /* [entries of the largest block] */
    int64_t start[SOUK_NEIGHBOURS_BLOCK + 1];
    int64_t rows;
};

static int64_t block_end(const struct souk_model_part *p, int64_t block)
{
    const int64_t end = (block + 1) * SOUK_NEIGHBOURS_BLOCK;
    return end < p->items.count ? end : p->items.count;
}

/* Entries of the largest block: the room that turning one over takes. */
static int64_t largest_block(const struct souk_model_part *p, int64_t blocks)
{
    int64_t largest = 0;
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t entries =
            p->neighbour_offsets[block_end(p, b)] - p->neighbour_offsets[b * SOUK_NEIGHBOURS_BLOCK];
        largest = entries > largest ? entries : largest;
    }
    return largest;
}

static void take_block(struct block_rows *b, const struct souk_model_part *p, int64_t block)
{
    const int64_t first = block * SOUK_NEIGHBOURS_BLOCK;
    int64_t count = 0;
    b->rows = block_end(p, block) - first;
    for (int64_t i = 0; i < b->rows; i++) {
        b->start[i] = count;
        for (int64_t at = p->neighbour_offsets[first + i]; at < p->neighbour_offsets[first + i + 1];
             at++)
            b->entries[count++] =
                (struct entry){p->neighbour[at], p->neighbour_weight[at], (uint8_t)i};
    }
    b->start[b->rows] = count;
}

/* [low, middle) and [middle, high) of `from` into `to`; of equal sources the first row's first. */
static void merge_two(const struct entry *from, int64_t low, int64_t middle, int64_t high,
                      struct entry *to)
{
    int64_t left = low, right = middle;
    for (int64_t at = low; at < high; at++) {
        const bool take_left =
            right == high || (left < middle && from[left].source <= from[right].source);
        to[at] = from[take_left ? left++ : right++];
    }
}

/* Neighbouring rows become one, until there is one. @return entries of the block */
static int64_t merge_block(struct block_rows *b)
{
    while (b->rows > 1) {
        int64_t merged = 0;
        for (int64_t r = 0; r < b->rows; r += 2) {
            const int64_t middle = b->start[r + 1];
            const int64_t high = r + 1 < b->rows ? b->start[r + 2] : middle;
            merge_two(b->entries, b->start[r], middle, high, b->merged);
            b->start[merged++] = b->start[r];
        }
        b->start[merged] = b->start[b->rows];
        b->rows = merged;
        struct entry *const entries = b->entries;
        b->entries = b->merged;
        b->merged = entries;
    }
    return b->start[b->rows];
}

/* @param sources, at behind which the block is appended; moved on */
static void append_block(struct souk_neighbours *n, const struct entry *entries, int64_t count,
                         int64_t *sources, int64_t *at)
{
    for (int64_t k = 0; k < count; k++) {
        if (k == 0 || entries[k].source != entries[k - 1].source) {
            n->source[*sources] = entries[k].source;
            n->first[(*sources)++] = *at;
        }
        n->target[*at] = entries[k].target;
        n->weight[(*at)++] = entries[k].weight;
    }
}

static void shrink(int64_t **array, int64_t count)
{
    int64_t *smaller = realloc(*array, (size_t)(count + 1) * sizeof **array);
    if (smaller)
        *array = smaller;
}

souk_status souk_neighbours_init(struct souk_neighbours *out, const struct souk_model_part *part)
{
    const int64_t total = part->neighbour_offsets[part->items.count];
    int64_t sources = 0, at = 0;
    struct block_rows rows = {.rows = 0};

    *out = (struct souk_neighbours){.blocks = (part->items.count + SOUK_NEIGHBOURS_BLOCK - 1) /
                                              SOUK_NEIGHBOURS_BLOCK};
    out->block_source = souk_zalloc_array((size_t)out->blocks + 1, sizeof *out->block_source);
    out->source = souk_alloc_array((size_t)total + 1, sizeof *out->source);
    out->first = souk_alloc_array((size_t)total + 1, sizeof *out->first);
    out->target = souk_alloc_array((size_t)total + 1, sizeof *out->target);
    out->weight = souk_alloc_array((size_t)total + 1, sizeof *out->weight);
    rows.entries = souk_alloc_array((size_t)largest_block(part, out->blocks), sizeof *rows.entries);
    rows.merged = souk_alloc_array((size_t)largest_block(part, out->blocks), sizeof *rows.merged);
    if (!out->block_source || !out->source || !out->first || !out->target || !out->weight ||
        !rows.entries || !rows.merged) {
        free(rows.entries);
        free(rows.merged);
        souk_neighbours_fini(out);
        return SOUK_ENOMEM;
    }
    for (int64_t b = 0; b < out->blocks; b++) {
        take_block(&rows, part, b);
        append_block(out, rows.entries, merge_block(&rows), &sources, &at);
        out->block_source[b + 1] = sources;
    }
    out->first[sources] = at;
    shrink(&out->source, sources);
    shrink(&out->first, sources);
    free(rows.entries);
    free(rows.merged);
    return SOUK_OK;
}

void souk_neighbours_fini(struct souk_neighbours *n)
{
    free(n->block_source);
    free(n->source);
    free(n->first);
    free(n->target);
    free(n->weight);
    *n = (struct souk_neighbours){0};
}

/* First source in [low, high) that is not below `row`: doubling steps, since the next item of a
 * history is mostly near. */
static int64_t find_source(const int64_t *source, int64_t low, int64_t high, int64_t row)
{
    int64_t step = 1, end = low;
    while (end < high && source[end] < row) {
        low = end + 1;
        end += step;
        step *= 2;
    }
    end = end < high ? end : high;
    while (low < end) {
        const int64_t middle = low + (end - low) / 2;
        if (source[middle] < row)
            low = middle + 1;
        else
            end = middle;
    }
    return low;
}

bool souk_neighbours_can_score(const float *weight, int64_t count)
{
    for (int64_t h = 0; h < count; h++)
        if (weight[h] != 0)
            return true;
    return false;
}

/* Walk over the entries of the block that the history selects. @param support NULL: not asked for
 */
static inline void walk(const struct souk_neighbours *n, int64_t block, const int64_t *history,
                        const float *weight, int64_t count, float *score,
                        struct souk_support *support)
{
    int64_t s = n->block_source[block];
    const int64_t end = n->block_source[block + 1];
    for (int64_t h = 0; h < count; h++) {
        s = find_source(n->source, s, end, history[h]);
        if (s == end)
            return;
        if (n->source[s] != history[h])
            continue;
        for (int64_t at = n->first[s]; at < n->first[s + 1]; at++) {
            const float product = weight[h] * n->weight[at];
            score[n->target[at]] += product;
            if (support && product > 0) {
                struct souk_support *of = &support[n->target[at]];
                of->strongest = product > of->strongest ? product : of->strongest;
                of->items += 1;
            }
        }
    }
}

void souk_neighbours_score(const struct souk_neighbours *n, int64_t block, const int64_t *history,
                           const float *weight, int64_t count, float *score, int64_t items)
{
    memset(score, 0, (size_t)items * sizeof *score);
    walk(n, block, history, weight, count, score, NULL);
}

void souk_neighbours_support(const struct souk_neighbours *n, int64_t block, const int64_t *history,
                             const float *weight, int64_t count, float *score,
                             struct souk_support *support, int64_t items)
{
    memset(score, 0, (size_t)items * sizeof *score);
    memset(support, 0, (size_t)items * sizeof *support);
    walk(n, block, history, weight, count, score, support);
}
