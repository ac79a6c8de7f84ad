#include "train/evaluate/reorder.h"

#include "shared/base/memory.h"
#include "train/evaluate/threads.h"

#include <stdlib.h>
#include <string.h>

/* Of one thread. */
struct scratch {
    struct souk_rerank_item *items; /* [longest list] */
    struct souk_hit *hits;          /* [longest list] */
    int64_t *order;                 /* [longest list] */
};

struct work {
    struct souk_ranking *ranking;
    const struct souk_business_rules *business;
    struct souk_rerank_rule rule;
    struct scratch *scratch; /* [threads] */
    int threads;
};

bool souk_reorder_is_wanted(const struct souk_reorder *r)
{
    return r->diversity > 0 || r->cap > 0 || r->rules;
}

static souk_status reorder(const struct work *w, struct souk_topk *list, struct scratch *s)
{
    int64_t taken = 0;
    for (int h = 0; h < list->count; h++) {
        const struct souk_listed_item facts = souk_ranking_item(w->ranking, list->hits[h].item);
        s->items[h] = (struct souk_rerank_item){
            .score = list->hits[h].score, .category = facts.category, .vector = facts.direction};
        souk_business_rules_apply(w->business, w->rule.categories, list->hits[h].id, &s->items[h]);
    }
    const souk_status status = souk_rerank(s->items, list->count, &w->rule, NULL, s->order, &taken);
    if (status != SOUK_OK)
        return status;
    for (int64_t k = 0; k < taken; k++)
        s->hits[k] = list->hits[s->order[k]];
    if (taken > 0)
        memcpy(list->hits, s->hits, (size_t)taken * sizeof *s->hits);
    list->count = (int)taken;
    return SOUK_OK;
}

/* @return false when memory is out */
static bool reorder_all(const struct work *w)
{
    struct souk_ranking *r = w->ranking;
    const int64_t count = r->cases->count;
    bool good = reorder(w, &r->cold, &w->scratch[0]) == SOUK_OK;
#pragma omp parallel for default(none) shared(r, w, count) reduction(&& : good) schedule(dynamic, 16)
    for (int64_t i = 0; i < count; i++)
        if (r->is_known[i])
            good = good && reorder(w, &r->lists[i], &w->scratch[souk_thread_number()]) == SOUK_OK;
    return good;
}

static bool scratch_init(struct work *w)
{
    int longest = w->ranking->cold.count;
    bool good = w->scratch != NULL;
    for (int64_t i = 0; i < w->ranking->cases->count; i++)
        if (w->ranking->lists[i].count > longest)
            longest = w->ranking->lists[i].count;
    for (int t = 0; t < w->threads && good; t++) {
        struct scratch *s = &w->scratch[t];
        s->items = souk_alloc_array((size_t)longest, sizeof *s->items);
        s->hits = souk_alloc_array((size_t)longest, sizeof *s->hits);
        s->order = souk_alloc_array((size_t)longest, sizeof *s->order);
        good = s->items && s->hits && s->order;
    }
    return good;
}

static void scratch_fini(struct work *w)
{
    for (int t = 0; t < w->threads && w->scratch; t++) {
        free(w->scratch[t].items);
        free(w->scratch[t].hits);
        free(w->scratch[t].order);
    }
    free(w->scratch);
}

souk_status souk_reorder_lists(const struct souk_reorder *r, int count,
                               struct souk_ranking *ranking, struct souk_error *err)
{
    struct souk_business_rules business = {0};
    struct work w = {.ranking = ranking,
                     .business = &business,
                     .rule = souk_rerank_defaults(count),
                     .threads = souk_thread_count()};
    souk_status status = SOUK_OK;
    w.rule.lambda = 1 - r->diversity;
    w.rule.cap = (int)r->cap;
    w.rule.dimensions = ranking->model->factors;
    w.rule.categories = &ranking->model->categories;
    w.scratch = souk_zalloc_array((size_t)w.threads, sizeof *w.scratch);
    if (r->rules)
        status = souk_business_rules_read(r->rules, w.rule.categories, &business, err);
    if (status == SOUK_OK && (!scratch_init(&w) || !reorder_all(&w)))
        status = souk_fail(err, SOUK_ENOMEM, "out of memory to reorder lists");
    scratch_fini(&w);
    souk_business_rules_fini(&business);
    return status;
}
