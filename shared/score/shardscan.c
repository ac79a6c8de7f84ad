#include "shared/data/rows.h"
#include "shared/math/dot.h"
#include "shared/score/shard.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK = SOUK_NEIGHBOURS_BLOCK
}; /* items scored at a time: their scores stay in the first-level cache */

/* Items [first, first + count) of a part; a score of NaN marks an item that may not be offered. */
struct block {
    const struct souk_model_part *part;
    const float *norm;                        /* of the part */
    const struct souk_neighbours *neighbours; /* of the part */
    struct souk_item_facts facts;             /* of the part, for filters */
    int64_t first_row;                        /* model row of the part's first item */
    int64_t first, count;                     /* in the part */
    float score[BLOCK];
};

static void score_block(const struct souk_scan *scan, struct block *b)
{
    const struct souk_model_part *p = b->part;
    if (!scan->vector && scan->history && b->neighbours) {
        souk_neighbours_score(b->neighbours, b->first / BLOCK, scan->history, scan->history_weight,
                              scan->history_count, b->score, b->count);
        for (int64_t i = 0; i < b->count && scan->cosine; i++)
            b->score[i] = b->score[i] > 0 ? b->score[i] : NAN;
        return;
    }
    if (!scan->vector) {
        memcpy(b->score, p->popularity + b->first, (size_t)b->count * sizeof *b->score);
        if (scan->liking)
            souk_liking_weigh(scan->liking, p, &b->facts, b->first, b->count, b->score);
        return;
    }
    souk_dot_rows(p->item_factors + b->first * p->stride, b->count, p->stride, scan->vector,
                  p->stride, b->score);
    if (scan->cosine) {
        for (int64_t i = 0; i < b->count; i++)
            b->score[i] /= b->norm[b->first + i];
    }
}

/* @param refused [BLOCK], out: items of the block that the filter keeps out */
static void find_refused(const struct souk_scan *scan, const struct block *b, bool *refused)
{
    memset(refused, 0, (size_t)b->count);
    souk_item_filter_mark(scan->filter, b->part, &b->facts, b->first_row, b->first, b->count,
                          refused);
}

/* Items of the block that neither the filter nor the excluded rows [e, end) keep out. */
static int64_t count_allowed(const struct souk_scan *scan, const struct block *b, int64_t e,
                             int64_t end, bool *refused)
{
    int64_t allowed = 0;
    for (; e < end; e++)
        refused[scan->exclude[e] - b->first_row - b->first] = true;
    for (int64_t i = 0; i < b->count; i++)
        allowed += !refused[i];
    return allowed;
}

static void mask_filtered(const struct souk_scan *scan, struct block *b)
{
    bool refused[BLOCK];
    find_refused(scan, b, refused);
    for (int64_t i = 0; i < b->count; i++)
        if (refused[i])
            b->score[i] = NAN;
}

/* @param e where the excluded rows of this block begin; moves on to those of the next */
static void mask_excluded(const struct souk_scan *scan, struct block *b, int64_t *e)
{
    const int64_t first = b->first_row + b->first;
    for (; *e < scan->exclude_count && scan->exclude[*e] < first + b->count; ++*e)
        b->score[scan->exclude[*e] - first] = NAN;
}

/* Most blocks of a large catalogue hold nothing good enough: one pass that vectorises finds out. */
static int64_t offer_block(const struct block *b, struct souk_topk *best)
{
    float threshold = souk_topk_threshold(best);
    int scored = 0, candidates = 0;
    for (int64_t i = 0; i < b->count; i++) {
        scored += b->score[i] == b->score[i]; /* not NaN */
        candidates += b->score[i] >= threshold;
    }
    for (int64_t i = 0; candidates > 0 && i < b->count; i++) {
        if (!(b->score[i] >= threshold) || !isfinite(b->score[i]))
            continue;
        const struct souk_hit hit = {.score = b->score[i],
                                     .item = b->first_row + b->first + i,
                                     .id = souk_idtable_get(&b->part->items, b->first + i)};
        souk_topk_offer(best, &hit);
        threshold = souk_topk_threshold(best);
    }
    return scored;
}

static struct block first_block(const struct souk_shard *s, int index, const struct souk_scan *scan)
{
    const struct souk_model_part *part = &s->parts[index];
    return (struct block){.part = part,
                          .facts = scan->filter || scan->liking
                                       ? souk_item_facts_of(part)
                                       : (struct souk_item_facts){.price = NULL},
                          .norm = s->item_norm[index],
                          .neighbours = s->neighbours ? &s->neighbours[index] : NULL,
                          .first_row = s->model->item_first[part->part]};
}

static void set_count(struct block *b)
{
    b->count = b->part->items.count - b->first < BLOCK ? b->part->items.count - b->first : BLOCK;
}

/* @param e as for mask_excluded() */
static void fill_block(const struct souk_scan *scan, struct block *b, int64_t *e)
{
    score_block(scan, b);
    if (scan->filter)
        mask_filtered(scan, b);
    mask_excluded(scan, b, e);
}

/* ---- screened ---- */

/* Offer one row by its score in full. */
static void offer_row(const struct souk_scan *scan, const struct block *b, int64_t row,
                      struct souk_topk *best)
{
    const struct souk_model_part *p = b->part;
    float score = souk_dot(p->item_factors + row * p->stride, scan->vector, p->stride);
    if (scan->cosine)
        score /= b->norm[row];
    if (!isfinite(score) || score < souk_topk_threshold(best))
        return;
    const struct souk_hit hit = {
        .score = score, .item = b->first_row + row, .id = souk_idtable_get(&p->items, row)};
    souk_topk_offer(best, &hit);
}

/* @param e as for mask_excluded(); @return items scored */
static int64_t screen_block(const struct souk_scan *scan, const struct souk_screen *screen,
                            const struct souk_screen_vector *vector, const struct block *b,
                            int64_t *e, struct souk_topk *best)
{
    uint16_t mask[BLOCK / SOUK_SCREEN_ROWS];
    bool refused[BLOCK];
    const int64_t first = b->first_row + b->first, e_begin = *e;
    souk_screen_find(screen, vector, b->first, b->count, scan->cosine ? b->norm : NULL,
                     souk_topk_threshold(best), mask);
    if (scan->filter)
        find_refused(scan, b, refused);
    for (int64_t m = 0; m * SOUK_SCREEN_ROWS < b->count; m++)
        for (unsigned bits = mask[m]; bits != 0; bits &= bits - 1) {
            const int64_t i = m * SOUK_SCREEN_ROWS + __builtin_ctz(bits);
            while (*e < scan->exclude_count && scan->exclude[*e] < first + i)
                ++*e;
            if ((*e == scan->exclude_count || scan->exclude[*e] != first + i) &&
                !(scan->filter && refused[i]))
                offer_row(scan, b, b->first + i, best);
        }
    while (*e < scan->exclude_count && scan->exclude[*e] < first + b->count)
        ++*e;
    return scan->filter ? count_allowed(scan, b, e_begin, *e, refused) : b->count - (*e - e_begin);
}

/* @param vector NULL: score all in full */
static int64_t scan_part(const struct souk_shard *s, int index, const struct souk_scan *scan,
                         const struct souk_screen_vector *vector, struct souk_topk *best)
{
    const struct souk_screen *screen = vector ? &s->screens[index] : NULL;
    struct block b = first_block(s, index, scan);
    int64_t e = souk_rows_lower_bound(scan->exclude, scan->exclude_count, b.first_row), scored = 0;
    for (; b.first < b.part->items.count; b.first += BLOCK) {
        set_count(&b);
        if (screen && screen->blocks && best->count == best->capacity) {
            scored += screen_block(scan, screen, vector, &b, &e, best);
        } else {
            fill_block(scan, &b, &e);
            scored += offer_block(&b, best);
        }
    }
    return scored;
}

int64_t souk_shard_scan(const struct souk_shard *s, const struct souk_scan *scan,
                        struct souk_topk *best)
{
    struct souk_screen_vector vector;
    const bool screened = s->screens && scan->vector &&
                          souk_screen_vector_init(&vector, scan->vector, s->parts[0].stride);
    int64_t scored = 0;
    for (int p = 0; p < s->part_count; p++)
        scored += scan_part(s, p, scan, screened ? &vector : NULL, best);
    return scored;
}

void souk_shard_score(const struct souk_shard *s, int index, const struct souk_scan *scan,
                      float *score)
{
    struct block b = first_block(s, index, scan);
    int64_t e = souk_rows_lower_bound(scan->exclude, scan->exclude_count, b.first_row);
    for (; b.first < b.part->items.count; b.first += BLOCK) {
        set_count(&b);
        fill_block(scan, &b, &e);
        memcpy(score + b.first, b.score, (size_t)b.count * sizeof *score);
    }
}
