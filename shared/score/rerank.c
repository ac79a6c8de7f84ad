#include "shared/score/rerank.h"

#include "shared/base/memory.h"

#include <stdlib.h>

static const double NEAR = .5; /* match of a parent or a child */

/* An item on its way to the list. */
struct entry {
    int64_t index; /* into the items */
    double relevance, likeness;
    int64_t of_category; /* items taken that share its category */
    bool is_taken;
};

struct work {
    const struct souk_rerank_item *items;
    const struct souk_rerank_rule *rule;
    struct entry *entry; /* [count], by place */
    int64_t count, taken;
    int64_t *order;
};

struct souk_rerank_rule souk_rerank_defaults(int count)
{
    return (struct souk_rerank_rule){.count = count, .alpha = 1, .half_history = 10, .lambda = 1};
}

static int32_t parent_of(const struct souk_categories *tree, int32_t category)
{
    return tree && category < tree->ids.count ? tree->parent[category] : -1;
}

double souk_rerank_match(const struct souk_categories *tree, const struct souk_rerank_taste *taste,
                         int32_t category)
{
    double match = 0;
    if (category < 0)
        return 0;
    for (int64_t i = 0; i < taste->count; i++) {
        const int32_t liked = taste->category[i];
        if (liked == category)
            match += (double)taste->share[i];
        else if (parent_of(tree, liked) == category || parent_of(tree, category) == liked)
            match += NEAR * (double)taste->share[i];
    }
    return match;
}

/* ---- relevance ---- */

/* An index alone does not say a score: the scores stand beside it while the entries are sorted. */
struct place {
    float score;
    int64_t index;
};

static int by_score(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static souk_status place_items(struct work *w)
{
    struct place *places = souk_alloc_array((size_t)w->count, sizeof *places);
    if (!places)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < w->count; i++)
        places[i] = (struct place){w->items[i].score, i};
    if (w->count > 1)
        qsort(places, (size_t)w->count, sizeof *places, by_score);
    for (int64_t p = 0; p < w->count; p++)
        w->entry[p] = (struct entry){.index = places[p].index};
    free(places);
    return SOUK_OK;
}

static void weigh(struct work *w, const struct souk_rerank_taste *taste)
{
    const struct souk_rerank_rule *r = w->rule;
    const double beta = taste && r->beta > 0 && taste->history > 0
                            ? r->beta * taste->history / (taste->history + r->half_history)
                            : 0;
    for (int64_t p = 0; p < w->count; p++) {
        const struct souk_rerank_item *item = &w->items[w->entry[p].index];
        double relevance = r->alpha * (1 - (double)p / (double)w->count);
        if (beta > 0)
            relevance += beta * souk_rerank_match(r->categories, taste, item->category);
        w->entry[p].relevance = (double)item->boost * relevance;
    }
}

/* ---- one by one ---- */

static double likeness_of(const struct souk_rerank_rule *r, const struct souk_rerank_item *a,
                          const struct souk_rerank_item *b)
{
    double sum = 0;
    if (a->vector && b->vector) {
        for (int d = 0; d < r->dimensions; d++)
            sum += (double)a->vector[d] * (double)b->vector[d];
        return sum;
    }
    if (a->category < 0 || b->category < 0)
        return 0;
    if (!r->categories || r->categories->ids.count == 0)
        return a->category == b->category;
    return souk_categories_cosine(r->categories, a->category, b->category);
}

static void take(struct work *w, struct entry *chosen)
{
    const struct souk_rerank_item *item = &w->items[chosen->index];
    chosen->is_taken = true;
    w->order[w->taken++] = chosen->index;
    for (int64_t p = 0; p < w->count; p++) {
        struct entry *e = &w->entry[p];
        const struct souk_rerank_item *other = &w->items[e->index];
        if (e->is_taken || other->is_excluded)
            continue;
        e->of_category += item->category >= 0 && item->category == other->category;
        if (w->rule->lambda < 1) {
            const double likeness = likeness_of(w->rule, item, other);
            if (w->taken == 1 || likeness > e->likeness)
                e->likeness = likeness;
        }
    }
}

/* The pin whose place has come, of those that wait the one with the first place. */
static struct entry *find_pin(const struct work *w, bool at_the_end)
{
    struct entry *best = NULL;
    for (int64_t p = 0; p < w->count; p++) {
        struct entry *e = &w->entry[p];
        const struct souk_rerank_item *item = &w->items[e->index];
        if (e->is_taken || item->is_excluded || item->pin <= 0 ||
            (!at_the_end && item->pin > w->taken + 1))
            continue;
        const struct souk_rerank_item *other = best ? &w->items[best->index] : NULL;
        if (!other || item->pin < other->pin || (item->pin == other->pin && e->index < best->index))
            best = e;
    }
    return best;
}

static struct entry *find_best(const struct work *w, bool buried)
{
    const struct souk_rerank_rule *r = w->rule;
    struct entry *best = NULL;
    double most = 0;
    for (int64_t p = 0; p < w->count; p++) {
        struct entry *e = &w->entry[p];
        const struct souk_rerank_item *item = &w->items[e->index];
        if (e->is_taken || item->is_excluded || item->pin > 0 || item->is_buried != buried ||
            (r->cap > 0 && e->of_category >= r->cap))
            continue;
        const double value = r->lambda * e->relevance - (1 - r->lambda) * e->likeness;
        if (!best || value > most) {
            best = e;
            most = value;
        }
    }
    return best;
}

static struct entry *find_next(const struct work *w)
{
    struct entry *next = find_pin(w, false);
    if (!next)
        next = find_best(w, false);
    if (!next)
        next = find_best(w, true);
    return next ? next : find_pin(w, true);
}

souk_status souk_rerank(const struct souk_rerank_item *items, int64_t count,
                        const struct souk_rerank_rule *rule, const struct souk_rerank_taste *taste,
                        int64_t *order, int64_t *taken)
{
    struct work w = {.items = items, .rule = rule, .count = count, .order = order};
    struct entry *next;
    *taken = 0;
    if (count > SOUK_RERANK_ITEMS_MAX)
        return SOUK_ELIMIT;
    w.entry = souk_alloc_array((size_t)count, sizeof *w.entry);
    souk_status status = w.entry ? place_items(&w) : SOUK_ENOMEM;
    if (!status)
        weigh(&w, taste);
    while (!status && w.taken < rule->count && (next = find_next(&w)))
        take(&w, next);
    *taken = w.taken;
    free(w.entry);
    return status;
}
