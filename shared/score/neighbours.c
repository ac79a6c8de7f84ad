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

static int by_source(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return (int)x->target - (int)y->target;
}

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

static int64_t sort_block(const struct souk_model_part *p, int64_t block, struct entry *entries)
{
    const int64_t first = block * SOUK_NEIGHBOURS_BLOCK;
    int64_t count = 0;
    for (int64_t i = first; i < block_end(p, block); i++)
        for (int64_t at = p->neighbour_offsets[i]; at < p->neighbour_offsets[i + 1]; at++)
            entries[count++] =
                (struct entry){p->neighbour[at], p->neighbour_weight[at], (uint8_t)(i - first)};
    qsort(entries, (size_t)count, sizeof *entries, by_source);
    return count;
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
    struct entry *entries = NULL;

    *out = (struct souk_neighbours){.blocks = (part->items.count + SOUK_NEIGHBOURS_BLOCK - 1) /
                                              SOUK_NEIGHBOURS_BLOCK};
    out->block_source = souk_zalloc_array((size_t)out->blocks + 1, sizeof *out->block_source);
    out->source = souk_alloc_array((size_t)total + 1, sizeof *out->source);
    out->first = souk_alloc_array((size_t)total + 1, sizeof *out->first);
    out->target = souk_alloc_array((size_t)total + 1, sizeof *out->target);
    out->weight = souk_alloc_array((size_t)total + 1, sizeof *out->weight);
    entries = souk_alloc_array((size_t)largest_block(part, out->blocks), sizeof *entries);
    if (!out->block_source || !out->source || !out->first || !out->target || !out->weight ||
        !entries) {
        free(entries);
        souk_neighbours_fini(out);
        return SOUK_ENOMEM;
    }
    for (int64_t b = 0; b < out->blocks; b++) {
        const int64_t count = sort_block(part, b, entries);
        append_block(out, entries, count, &sources, &at);
        out->block_source[b + 1] = sources;
    }
    out->first[sources] = at;
    shrink(&out->source, sources);
    shrink(&out->first, sources);
    free(entries);
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

void souk_neighbours_score(const struct souk_neighbours *n, int64_t block, const int64_t *history,
                           const float *weight, int64_t count, float *score, int64_t items)
{
    int64_t s = n->block_source[block];
    const int64_t end = n->block_source[block + 1];
    memset(score, 0, (size_t)items * sizeof *score);
    for (int64_t h = 0; h < count; h++) {
        s = find_source(n->source, s, end, history[h]);
        if (s == end)
            return;
        if (n->source[s] != history[h])
            continue;
        for (int64_t at = n->first[s]; at < n->first[s + 1]; at++)
            score[n->target[at]] += weight[h] * n->weight[at];
    }
}
