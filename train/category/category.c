#include "train/category/category.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/math/fixed.h"
#include "shared/score/taste.h"
#include "train/category/itemlevels.h"
#include "train/popular/popularity.h"

#include <stdlib.h>
#include <string.h>

/* The items that stand for the values of a level: those of value v from first[v], ascending. */
struct stand_ins {
    int64_t *first; /* [values + 1] */
    int64_t *item;  /* model rows */
    double *total;  /* [values], popularity of all items with the value */
    float weight;   /* w_l */
};

struct work {
    const struct souk_comm *comm;
    struct souk_ratings *ratings;
    const struct souk_category_parameters *parameters;
    struct souk_levels levels;
    struct souk_popularity popularity;
    struct stand_ins of[SOUK_LEVELS_MAX];
    struct souk_error *err;
};

/* ---- popularity of the values ---- */

static void add_part(const struct work *w, int local, int level, int shift, int64_t *total)
{
    const struct souk_ratings_part *p = &w->ratings->local[local];
    for (int64_t i = 0; i < p->items.count; i++) {
        const int32_t value = souk_level_of(&w->levels, level, w->ratings->item_first[p->part] + i);
        if (value >= 0)
            total[value] += souk_fixed_from((double)w->popularity.score[p->part][i], shift);
    }
}

/* No user counts more than 1, so that no sum is above the number of pairs. */
static souk_status sum_level_all(struct work *w, int level)
{
    const int64_t values = w->levels.of[level].values;
    const int shift = souk_fixed_shift((double)w->ratings->pairs + 1, 2);
    int64_t *total = souk_zalloc_array((size_t)values, sizeof *total);
    struct stand_ins *s = &w->of[level];
    souk_status status = SOUK_OK;
    s->total = souk_alloc_array((size_t)values, sizeof *s->total);
    if (!total || !s->total)
        status =
            souk_fail(w->err, SOUK_ENOMEM, "out of memory for %lld categories", (long long)values);
    status = souk_status_agree_all(w->comm, status, w->err);
    for (int k = 0; k < w->ratings->local_count && !status; k++)
        add_part(w, k, level, shift, total);
    if (!status)
        status = souk_sum_i64_all(w->comm, total, values, w->err);
    for (int64_t v = 0; v < values && !status; v++)
        s->total[v] = souk_fixed_to(total[v], shift);
    free(total);
    return status;
}

/* ---- who stands for a value ---- */

struct ranked {
    int64_t users, row;
};

static int by_users(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->users != y->users)
        return x->users > y->users ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int by_row(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* @return how many users have; @param order [items], the most popular first */
static int64_t rank_items(const struct souk_ratings *r, struct ranked *order)
{
    int64_t count = 0;
    for (int64_t i = 0; i < r->item_first[r->parts]; i++)
        if (r->item_pairs[i] > 0)
            order[count++] = (struct ranked){r->item_pairs[i], i};
    if (count > 1)
        qsort(order, (size_t)count, sizeof *order, by_users);
    return count;
}

/* The first `neighbours` of each value in the order, then sorted by row. */
static souk_status choose_level(struct work *w, int level, const struct ranked *order,
                                int64_t count)
{
    const int64_t values = w->levels.of[level].values;
    struct stand_ins *s = &w->of[level];
    int64_t *next = souk_alloc_array((size_t)values, sizeof *next);
    s->first = souk_zalloc_array((size_t)values + 1, sizeof *s->first);
    s->item = souk_alloc_array((size_t)count, sizeof *s->item);
    if (!next || !s->first || !s->item) {
        free(next);
        return SOUK_ENOMEM;
    }
    for (int64_t k = 0; k < count; k++) {
        const int32_t v = souk_level_of(&w->levels, level, order[k].row);
        if (v >= 0 && s->first[v + 1] < w->parameters->neighbours)
            s->first[v + 1]++;
    }
    for (int64_t v = 0; v < values; v++) {
        s->first[v + 1] += s->first[v];
        next[v] = s->first[v];
    }
    for (int64_t k = 0; k < count; k++) {
        const int32_t v = souk_level_of(&w->levels, level, order[k].row);
        if (v >= 0 && next[v] < s->first[v + 1])
            s->item[next[v]++] = order[k].row;
    }
    for (int64_t v = 0; v < values; v++)
        if (s->first[v + 1] > s->first[v] + 1)
            qsort(s->item + s->first[v], (size_t)(s->first[v + 1] - s->first[v]), sizeof *s->item,
                  by_row);
    free(next);
    return SOUK_OK;
}

static souk_status choose(struct work *w)
{
    struct ranked *order =
        souk_alloc_array((size_t)w->ratings->item_first[w->ratings->parts], sizeof *order);
    const int64_t count = order ? rank_items(w->ratings, order) : 0;
    souk_status status = order ? SOUK_OK : SOUK_ENOMEM;
    for (int l = 0; l < w->levels.count && !status; l++) {
        w->of[l].weight = souk_taste_level_weight(&w->levels, l);
        status = choose_level(w, l, order, count);
    }
    free(order);
    return status ? souk_fail(w->err, status, "out of memory for the items of the categories")
                  : SOUK_OK;
}

/* ---- rows ---- */

/* Where the stand-ins of an item's values are read. */
struct cursor {
    const int64_t *at, *end;
    double weight;
};

static int open_cursors(const struct work *w, int64_t row, double popularity,
                        struct cursor *cursors)
{
    int count = 0;
    for (int l = 0; l < w->levels.count; l++) {
        const struct stand_ins *s = &w->of[l];
        const int32_t v = souk_level_of(&w->levels, l, row);
        if (v < 0 || !(s->total[v] > 0))
            continue;
        cursors[count++] = (struct cursor){s->item + s->first[v], s->item + s->first[v + 1],
                                           (double)s->weight * popularity / s->total[v]};
    }
    return count;
}

/* The cursors' lists merged: each item once, with the sum of its weights. */
static int64_t merge(struct cursor *cursors, int count, int64_t row, struct souk_neighbour *out)
{
    int64_t found = 0;
    for (;;) {
        int64_t item = INT64_MAX;
        double weight = 0;
        for (int c = 0; c < count; c++)
            if (cursors[c].at < cursors[c].end && *cursors[c].at < item)
                item = *cursors[c].at;
        if (item == INT64_MAX)
            return found;
        for (int c = 0; c < count; c++)
            if (cursors[c].at < cursors[c].end && *cursors[c].at == item) {
                weight += cursors[c].weight;
                cursors[c].at++;
            }
        if (item != row && (float)weight > 0)
            out[found++] = (struct souk_neighbour){item, (float)weight};
    }
}

static int64_t candidates(void *context, int thread, int64_t row, struct souk_neighbour *out)
{
    const struct work *w = context;
    struct cursor cursors[SOUK_LEVELS_MAX];
    int part = 0;
    (void)thread; /* a parameter of the interface */
    while (w->ratings->item_first[part + 1] <= row)
        part++;
    const float popularity = w->popularity.score[part][row - w->ratings->item_first[part]];
    return merge(cursors, open_cursors(w, row, (double)popularity, cursors), row, out);
}

static souk_status make_rows(struct work *w, struct souk_neighbour_rows *out)
{
    const struct souk_neighbour_source source = {candidates, w, w->parameters->neighbours};
    souk_status status = souk_neighbour_rows_init(out, w->ratings, w->err);
    for (int k = 0; k < w->ratings->local_count && !status; k++) {
        const struct souk_ratings_part *p = &w->ratings->local[k];
        status =
            souk_neighbour_rows_add(out, w->ratings, p->part, 0, p->items.count, &source, w->err);
    }
    return status;
}

static souk_status look_all(struct work *w, const struct souk_dataset *dataset)
{
    const souk_status status =
        souk_item_levels_all(w->comm, dataset, w->ratings, NULL, &w->levels, w->err);
    if (status)
        return status;
    for (int l = 0; l < w->levels.count; l++)
        souk_log(SOUK_LOG_INFO, "level", "name=%s values=%lld", w->levels.of[l].name,
                 (long long)w->levels.of[l].values);
    if (w->levels.count == 0)
        return souk_fail(w->err, SOUK_EFORMAT,
                         "%s: nothing sorts its items: ingest it with --category-tree and "
                         "--properties, or with --items",
                         dataset->path);
    return souk_popularity_all(w->comm, w->ratings, w->parameters->half_life_ms, &w->popularity,
                               w->err);
}

souk_status souk_category_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                              struct souk_ratings *ratings,
                              const struct souk_category_parameters *parameters,
                              struct souk_neighbour_rows *out, struct souk_error *err)
{
    struct work w = {.comm = comm, .ratings = ratings, .parameters = parameters, .err = err};
    *out = (struct souk_neighbour_rows){0};
    souk_status status = look_all(&w, dataset);
    for (int l = 0; l < w.levels.count && !status; l++)
        status = sum_level_all(&w, l);
    if (!status)
        status = souk_status_agree_all(comm, choose(&w), err);
    if (!status)
        status = souk_status_agree_all(comm, make_rows(&w, out), err);
    if (!status)
        status = souk_neighbour_rows_close_all(comm, out, ratings, err);
    for (int l = 0; l < SOUK_LEVELS_MAX; l++) {
        free(w.of[l].first);
        free(w.of[l].item);
        free(w.of[l].total);
    }
    souk_popularity_fini(&w.popularity);
    souk_levels_fini(&w.levels);
    if (status)
        souk_neighbour_rows_fini(out);
    return status;
}
