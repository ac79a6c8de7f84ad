#include "train/category/itemlevels.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TREE_LEVELS = 3,
    CANDIDATES_MAX = 64,
    ITEMS_OF_A_VALUE = 4, /* on average, at least */
};
static const uint64_t NONE = 0;          /* of a hash: not known */
static const double WHOLE_MAX = 1 << 30; /* of a number that names something */

/* A way to sort items, before it is known whether it is one. */
struct candidate {
    char name[SOUK_LEVEL_NAME_BYTES + 1];
    uint64_t *hash;     /* [own items] of the text, NONE: not known */
    uint64_t *distinct; /* [values], of all ranks, ascending */
    int64_t values, known;
    bool is_level;
};

struct work {
    const struct souk_comm *comm;
    const struct souk_dataset *dataset;
    const struct souk_ratings *ratings;
    const struct souk_level_names *like; /* NULL: what the items say */
    int64_t own_items;
    int count, tree_count;
    struct candidate of[CANDIDATES_MAX];
    struct souk_error *err;
};

/* ---- candidates ---- */

static int deepest(const struct souk_categories *tree)
{
    int depth = 0;
    for (int64_t c = 0; c < tree->ids.count; c++)
        depth = tree->depth[c] > depth ? tree->depth[c] : depth;
    return depth;
}

static void add_candidate(struct work *w, const char *name)
{
    if (w->count < CANDIDATES_MAX && strlen(name) <= SOUK_LEVEL_NAME_BYTES)
        strcpy(w->of[w->count++].name, name);
}

/* Steps of the tree that differ from the items' own categories. */
static void add_tree(struct work *w)
{
    static const char *const names[TREE_LEVELS] = {"category", "category_1", "category_2"};
    const int depth = deepest(&w->dataset->categories);
    for (int step = 0; step < TREE_LEVELS && step < depth; step++)
        add_candidate(w, names[step]);
    w->tree_count = w->count;
}

/* Part 0 names the attributes of all parts; its reader tells the others. */
static souk_status add_attributes_all(struct work *w)
{
    char names[CANDIDATES_MAX][SOUK_NAME_MAX_BYTES + 1] = {{0}};
    const int root = souk_part_rank(w->comm, 0);
    souk_status status = SOUK_OK;
    if (w->comm->rank == root) {
        struct souk_dataset_part p;
        status = souk_dataset_read_part(w->dataset, 0, SOUK_READ_ITEMS | SOUK_READ_ATTRIBUTES,
                                        w->ratings->window, &p, w->err);
        for (int a = 0; !status && a < p.item_attribute_count && a < CANDIDATES_MAX; a++)
            strcpy(names[a], p.item_attributes[a].name);
        souk_dataset_part_fini(&p);
    }
    status = souk_status_agree_all(w->comm, status, w->err);
    if (!status)
        status = souk_broadcast_all(w->comm, names, (int64_t)sizeof names, root, w->err);
    for (int a = 0; !status && a < CANDIDATES_MAX && names[a][0]; a++)
        add_candidate(w, names[a]);
    return status;
}

/* ---- the items' texts ---- */

static uint64_t hash_of(const char *text, int64_t len)
{
    const uint64_t hash = souk_hash_bytes(text, (size_t)len);
    return len == 0 ? NONE : hash == NONE ? 1 : hash;
}

/* @return false for a number that names nothing */
static bool hash_number(double number, uint64_t *hash)
{
    char text[32];
    *hash = NONE;
    if (isnan(number))
        return true;
    if (fabs(number) > WHOLE_MAX || number != floor(number))
        return false;
    *hash = hash_of(text, snprintf(text, sizeof text, "%.0f", number));
    return true;
}

static void take_attribute(struct candidate *c, const struct souk_attribute *a, const int64_t *row,
                           int64_t items, int64_t own)
{
    for (int64_t i = 0; i < items; i++) {
        if (row[i] < 0)
            continue;
        if (a->type == SOUK_ATTRIBUTE_NUMBER)
            c->is_level = hash_number(a->numbers[i], &c->hash[own++]) && c->is_level;
        else
            c->hash[own++] = hash_of(a->text_bytes + a->text_offsets[i],
                                     a->text_offsets[i + 1] - a->text_offsets[i]);
    }
}

/* The category at a depth, or the item's own where that is not so deep. @param depth 0: its own */
static int32_t category_at(const struct souk_categories *tree, int32_t category, int depth)
{
    while (depth > 0 && category >= 0 && tree->depth[category] > depth)
        category = tree->parent[category];
    return category;
}

static void take_categories(struct work *w, const int32_t *category, int64_t items, int64_t own)
{
    const struct souk_categories *tree = &w->dataset->categories;
    for (int step = 0; step < w->tree_count && category; step++)
        for (int64_t i = 0; i < items; i++) {
            const int32_t at = category_at(tree, category[i], step);
            const char *id = at < 0 ? "" : souk_idtable_get(&tree->ids, at);
            w->of[step].hash[own + i] = hash_of(id, (int64_t)strlen(id));
        }
}

static souk_status take_part(struct work *w, int local, int64_t own)
{
    const struct souk_ratings_part *rated = &w->ratings->local[local];
    const int64_t *row = w->ratings->item_row + w->dataset->item_first[rated->part];
    struct souk_dataset_part p;
    const souk_status status =
        souk_dataset_read_part(w->dataset, rated->part, SOUK_READ_ITEMS | SOUK_READ_ATTRIBUTES,
                               w->ratings->window, &p, w->err);
    if (status)
        return status;
    take_categories(w, rated->category, rated->items.count, own);
    for (int c = w->tree_count; c < w->count; c++)
        for (int a = 0; a < p.item_attribute_count; a++)
            if (strcmp(p.item_attributes[a].name, w->of[c].name) == 0)
                take_attribute(&w->of[c], &p.item_attributes[a], row, p.items.count, own);
    souk_dataset_part_fini(&p);
    return SOUK_OK;
}

static souk_status take_texts(struct work *w)
{
    souk_status status = SOUK_OK;
    int64_t own = 0;
    for (int k = 0; k < w->ratings->local_count; k++)
        w->own_items += w->ratings->local[k].items.count;
    for (int c = 0; c < w->count; c++) {
        w->of[c].is_level = true;
        w->of[c].hash = souk_zalloc_array((size_t)w->own_items, sizeof *w->of[c].hash);
        if (!w->of[c].hash)
            return souk_fail(w->err, SOUK_ENOMEM, "out of memory for the levels of %lld items",
                             (long long)w->own_items);
    }
    for (int k = 0; k < w->ratings->local_count && !status; k++) {
        status = take_part(w, k, own);
        own += w->ratings->local[k].items.count;
    }
    return status;
}

/* ---- values of all ranks ---- */

static int by_hash(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sort and keep each once, without NONE. */
static int64_t distinct_of(uint64_t *hash, int64_t count)
{
    int64_t kept = 0;
    if (count > 1)
        qsort(hash, (size_t)count, sizeof *hash, by_hash);
    for (int64_t i = 0; i < count; i++)
        if (hash[i] != NONE && (kept == 0 || hash[kept - 1] != hash[i]))
            hash[kept++] = hash[i];
    return kept;
}

/* This rank's values. @param own [own items] */
static int64_t own_values(const struct work *w, struct candidate *c, uint64_t *own)
{
    for (int64_t i = 0; i < w->own_items; i++)
        c->known += c->hash[i] != NONE;
    if (w->own_items > 0)
        memcpy(own, c->hash, (size_t)w->own_items * sizeof *own);
    return distinct_of(own, w->own_items);
}

static souk_status gather_values_all(struct work *w, struct candidate *c, const uint64_t *own,
                                     int64_t count)
{
    void *all = NULL;
    int64_t *counts = souk_alloc_array((size_t)w->comm->size, sizeof *counts), total = 0;
    souk_status status = SOUK_OK;
    if (!counts)
        status = souk_fail(w->err, SOUK_ENOMEM, "out of memory for %d ranks", w->comm->size);
    status = souk_status_agree_all(w->comm, status, w->err);
    if (!status)
        status = souk_gather_all(w->comm, own, count, sizeof *own, &all, counts, w->err);
    for (int r = 0; r < w->comm->size && !status; r++)
        total += counts[r];
    c->distinct = all;
    if (!status)
        c->values = distinct_of(c->distinct, total);
    free(counts);
    return status;
}

/* -1: none of them */
static int place_of(const struct souk_level_names *names, const char *name)
{
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->name[i], name) == 0)
            return i;
    return -1;
}

/* Whether it is a level: what every rank says of its own items, then of all. */
static souk_status judge_all(struct work *w, struct candidate *c)
{
    uint64_t *own = souk_alloc_array((size_t)w->own_items, sizeof *own);
    const int64_t count = own ? own_values(w, c, own) : 0;
    int64_t most[2] = {count, !c->is_level};
    souk_status status = SOUK_OK;
    if (!own)
        status = souk_fail(w->err, SOUK_ENOMEM, "out of memory for the values of %s", c->name);
    status = souk_status_agree_all(w->comm, status, w->err);
    if (!status)
        status = souk_max_i64_all(w->comm, most, 2, w->err);
    if (!status)
        status = souk_sum_i64_all(w->comm, &c->known, 1, w->err);
    c->is_level = !status && (w->like ? place_of(w->like, c->name) >= 0
                                      : most[0] <= SOUK_LEVEL_VALUES_MAX && most[1] == 0);
    if (c->is_level)
        status = gather_values_all(w, c, own, count);
    if (w->like && c->values > SOUK_LEVEL_VALUES_MAX)
        c->values = 0; /* too fine by now: a level without a known value */
    if (!w->like)
        c->is_level = c->is_level && c->values >= 2 && c->values <= SOUK_LEVEL_VALUES_MAX &&
                      c->values * ITEMS_OF_A_VALUE <= c->known;
    free(own);
    return status;
}

/* ---- the levels ---- */

/* The candidate to take as this level: the tree's in their order, then what most items have. -1:
 * none */
static int next_candidate(const struct work *w, int level)
{
    int best = -1;
    for (int c = 0; c < w->count && w->like; c++)
        if (w->of[c].is_level && place_of(w->like, w->of[c].name) == level)
            return c;
    for (int c = 0; c < w->count; c++)
        if (w->of[c].is_level && (best < 0 || (c >= w->tree_count && best >= w->tree_count &&
                                               w->of[c].known > w->of[best].known)))
            best = c;
    return best;
}

static int32_t value_of(const struct souk_level *level, uint64_t hash)
{
    const uint64_t *at =
        hash == NONE ? NULL
                     : bsearch(&hash, level->hash, (size_t)level->values, sizeof hash, by_hash);
    return at ? (int32_t)(at - level->hash) : -1;
}

/* @param total [items], scratch */
static souk_status number_all(struct work *w, const struct candidate *c, int level, int64_t *total,
                              struct souk_levels *out)
{
    int64_t own = 0;
    memset(total, 0, (size_t)out->items * sizeof *total);
    for (int k = 0; k < w->ratings->local_count; k++) {
        const struct souk_ratings_part *p = &w->ratings->local[k];
        for (int64_t i = 0; i < p->items.count; i++)
            total[w->ratings->item_first[p->part] + i] =
                value_of(&out->of[level], c->hash[own++]) + 1;
    }
    const souk_status status = souk_sum_i64_all(w->comm, total, out->items, w->err);
    for (int64_t i = 0; i < out->items && !status; i++)
        out->value[level * out->items + i] = (int32_t)(total[i] - 1);
    return status;
}

static souk_status take_levels_all(struct work *w, struct souk_levels *out)
{
    const int64_t items = w->ratings->item_first[w->ratings->parts];
    int64_t *total = souk_alloc_array((size_t)items, sizeof *total);
    souk_status status = SOUK_OK;
    int c;
    out->items = items;
    out->value = souk_alloc_array((size_t)items * SOUK_LEVELS_MAX, sizeof *out->value);
    if (!total || !out->value)
        status = souk_fail(w->err, SOUK_ENOMEM, "out of memory for the levels of %lld items",
                           (long long)items);
    status = souk_status_agree_all(w->comm, status, w->err);
    while (!status && out->count < SOUK_LEVELS_MAX && (c = next_candidate(w, out->count)) >= 0) {
        struct souk_level *level = &out->of[out->count++];
        strcpy(level->name, w->of[c].name);
        level->values = w->of[c].values;
        level->hash = w->of[c].distinct;
        w->of[c].distinct = NULL;
        w->of[c].is_level = false;
        status = number_all(w, &w->of[c], out->count - 1, total, out);
    }
    free(total);
    return status;
}

souk_status souk_item_levels_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                 const struct souk_ratings *ratings,
                                 const struct souk_level_names *like, struct souk_levels *out,
                                 struct souk_error *err)
{
    struct work w = {
        .comm = comm, .dataset = dataset, .ratings = ratings, .like = like, .err = err};
    *out = (struct souk_levels){0};
    add_tree(&w);
    souk_status status = add_attributes_all(&w);
    if (!status)
        status = souk_status_agree_all(comm, take_texts(&w), err);
    for (int c = 0; c < w.count && !status; c++)
        status = judge_all(&w, &w.of[c]);
    if (!status)
        status = take_levels_all(&w, out);
    for (int c = 0; c < w.count; c++) {
        free(w.of[c].hash);
        free(w.of[c].distinct);
    }
    if (status)
        souk_levels_fini(out);
    return status;
}
