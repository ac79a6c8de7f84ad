#include "train/evaluate/ranking.h"

#include "shared/base/memory.h"
#include "shared/base/progress.h"
#include "shared/data/rows.h"
#include "shared/score/shard.h"
#include "train/evaluate/threads.h"

#include <stdlib.h>
#include <string.h>

/* Of a part's rows of neighbours while they are turned over: as read, and as scanned, where each
 * could have a source of its own. */
enum { NEIGHBOUR_BYTES = 12 + 21 };

int64_t souk_ranking_memory(const struct souk_model *m, const struct souk_cases *cases, int depth)
{
    int64_t largest = 0;
    for (int p = 0; p < m->parts; p++) {
        const int64_t items = m->item_first[p + 1] - m->item_first[p];
        largest = items > largest ? items : largest;
    }
    const int64_t per_item = (int64_t)sizeof(float) * (souk_factor_stride(m->factors) + 2) +
                             2 * (int64_t)sizeof(int64_t) + m->id_width + 1;
    const int64_t rows = largest * m->neighbours * NEIGHBOUR_BYTES;
    const int64_t listed = cases->count * depth;
    const int64_t found = listed < souk_model_items(m) ? listed : souk_model_items(m);
    const int64_t vectors = cases->count * souk_factor_stride(m->factors) * (int64_t)sizeof(float);
    return rows + vectors + (largest + found) * per_item +
           listed * (int64_t)sizeof(struct souk_hit);
}

static void found_fini(struct souk_found *f)
{
    free(f->row);
    souk_idtable_fini(&f->ids);
    free(f->events);
    free(f->category);
    free(f->direction);
}

void souk_ranking_fini(struct souk_ranking *r)
{
    for (int64_t i = 0; r->lists && i < r->cases->count; i++)
        souk_topk_fini(&r->lists[i]);
    for (int p = 0; r->found && p < r->model->parts; p++)
        found_fini(&r->found[p]);
    souk_topk_fini(&r->cold);
    souk_catalogue_fini(&r->catalogue);
    free(r->lists);
    free(r->found);
    free(r->wanted_row);
    free(r->wanted_events);
    *r = (struct souk_ranking){0};
}

static souk_status allocate(struct souk_ranking *r, int depth, struct souk_error *err)
{
    const size_t wanted = (size_t)r->cases->wanted.count;
    souk_catalogue_init(&r->catalogue, depth);
    r->lists = souk_zalloc_array((size_t)r->cases->count, sizeof *r->lists);
    r->found = souk_zalloc_array((size_t)r->model->parts, sizeof *r->found);
    r->wanted_row = souk_alloc_array(wanted, sizeof *r->wanted_row);
    r->wanted_events = souk_alloc_array(wanted, sizeof *r->wanted_events);
    souk_status status = souk_topk_init(&r->cold, depth);
    if (!r->lists || !r->found || !r->wanted_row || !r->wanted_events)
        status = SOUK_ENOMEM;
    for (int64_t i = 0; i < r->cases->count && status == SOUK_OK; i++) {
        if (r->is_known[i])
            status = souk_topk_init(&r->lists[i], depth);
    }
    if (status != SOUK_OK)
        return souk_fail(err, status, "out of memory for %lld lists of %d items",
                         (long long)r->cases->count, depth);
    return SOUK_OK;
}

/* Where the wanted items of this part stand in the model. */
static void resolve_wanted(struct souk_ranking *r, const struct souk_model_part *part)
{
    const struct souk_cases *c = r->cases;
    for (int64_t w = c->wanted_first[part->part]; w < c->wanted_first[part->part + 1]; w++) {
        const char *id = souk_idtable_get(&c->wanted, w);
        const int64_t row = souk_idtable_find(&part->items, id, strlen(id));
        r->wanted_row[w] = row < 0 ? -1 : r->model->item_first[part->part] + row;
        r->wanted_events[w] = row < 0 ? -1 : part->item_events[row];
    }
}

static souk_status scan_for_all(struct souk_ranking *r, const struct souk_scorer *scorer)
{
    const int threads = souk_thread_count();
    const int64_t count = r->cases->count;
    struct souk_scorer_scratch *scratch = souk_zalloc_array((size_t)threads, sizeof *scratch);
    souk_status status = scratch ? SOUK_OK : SOUK_ENOMEM;
    for (int t = 0; t < threads && status == SOUK_OK; t++)
        status = souk_scorer_scratch_init(&scratch[t], scorer);
    if (status != SOUK_OK)
        goto out;
    souk_scorer_offer(scorer, &scratch[0], -1, &r->cold);
#pragma omp parallel for default(none) shared(r, scorer, scratch, count) schedule(dynamic, 16)
    for (int64_t i = 0; i < count; i++)
        if (r->is_known[i])
            souk_scorer_offer(scorer, &scratch[souk_thread_number()], i, &r->lists[i]);
out:
    for (int t = 0; scratch && t < threads; t++)
        souk_scorer_scratch_fini(&scratch[t]);
    free(scratch);
    return status;
}

static void mark_list(const struct souk_topk *list, int64_t first, int64_t end, int64_t *index)
{
    for (int h = 0; h < list->count; h++) {
        if (list->hits[h].item >= first && list->hits[h].item < end)
            index[list->hits[h].item - first] = 0;
    }
}

/* The id of a hit must outlive the part that it came with. */
static void repoint_list(struct souk_topk *list, int64_t first, int64_t end, const int64_t *index,
                         const struct souk_found *f)
{
    for (int h = 0; h < list->count; h++) {
        struct souk_hit *hit = &list->hits[h];
        if (hit->item >= first && hit->item < end)
            hit->id = souk_idtable_get(&f->ids, index[hit->item - first]);
    }
}

static souk_status found_init(struct souk_found *f, int64_t count, const struct souk_model_part *p)
{
    f->row = souk_alloc_array((size_t)count, sizeof *f->row);
    f->events = souk_alloc_array((size_t)count, sizeof *f->events);
    f->category = souk_alloc_array((size_t)count, sizeof *f->category);
    size_t floats = 0;
    if (p->item_factors && souk_mul_size((size_t)count, (size_t)p->factors, &floats))
        f->direction = souk_alloc_array(floats, sizeof *f->direction);
    if (!f->row || !f->events || !f->category || (p->item_factors && !f->direction))
        return SOUK_ENOMEM;
    return souk_idtable_init(&f->ids, count, p->items.stride);
}

static void found_add(struct souk_found *f, const struct souk_model_part *p, int64_t first_row,
                      const float *norm, int64_t item)
{
    const int64_t at = f->count++;
    f->row[at] = first_row + item;
    f->events[at] = p->item_events[item];
    f->category[at] = p->category ? p->category[item] : -1;
    memcpy(f->ids.bytes + (size_t)at * (size_t)f->ids.stride, souk_idtable_get(&p->items, item),
           (size_t)f->ids.stride);
    for (int k = 0; p->item_factors && k < p->factors; k++)
        f->direction[at * p->factors + k] = p->item_factors[item * p->stride + k] / norm[item];
}

/* Keep the facts of the part's items that stand in a list now. */
static souk_status keep_found(struct souk_ranking *r, const struct souk_shard *shard)
{
    const struct souk_model_part *p = &shard->parts[0];
    const int64_t first = r->model->item_first[p->part], end = first + p->items.count;
    struct souk_found *f = &r->found[p->part];
    int64_t count = 0, *index = souk_alloc_array((size_t)p->items.count, sizeof *index);
    if (!index)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < p->items.count; i++)
        index[i] = -1;
    mark_list(&r->cold, first, end, index);
    for (int64_t i = 0; i < r->cases->count; i++)
        mark_list(&r->lists[i], first, end, index);
    for (int64_t i = 0; i < p->items.count; i++) {
        if (index[i] == 0)
            index[i] = count++;
    }
    const souk_status status = found_init(f, count, p);
    if (status == SOUK_OK) {
        for (int64_t i = 0; i < p->items.count; i++) {
            if (index[i] >= 0)
                found_add(f, p, first, shard->item_norm[0], i);
        }
        repoint_list(&r->cold, first, end, index, f);
        for (int64_t i = 0; i < r->cases->count; i++)
            repoint_list(&r->lists[i], first, end, index, f);
    }
    free(index);
    return status;
}

static souk_status rank_part(struct souk_ranking *r, const struct souk_model_part *part,
                             const struct souk_visitors *v, const struct souk_ranking_rule *rule,
                             struct souk_error *err)
{
    struct souk_shard shard = {0};
    struct souk_scorer scorer = {0};
    souk_status status = souk_shard_of_part(r->model, part, &shard, err);
    if (status != SOUK_OK)
        return status;
    status = souk_catalogue_add(&r->catalogue, part, r->model->item_first[part->part], err);
    if (status == SOUK_OK)
        status = souk_scorer_init(&scorer, &shard, r->cases, v, &rule->scoring, err);
    if (status == SOUK_OK) {
        resolve_wanted(r, part);
        status = scan_for_all(r, &scorer);
        if (status == SOUK_OK)
            status = keep_found(r, &shard);
        if (status != SOUK_OK)
            status = souk_fail(err, status, "out of memory for the recommended items of part %d",
                               part->part);
    }
    souk_scorer_fini(&scorer);
    souk_shard_fini(&shard);
    return status;
}

static souk_status rank_parts_all(struct souk_ranking *r, const struct souk_comm *comm,
                                  const struct souk_part_source *source,
                                  const struct souk_visitors *v,
                                  const struct souk_ranking_rule *rule, struct souk_error *err)
{
    const struct souk_model *model = source->model;
    struct souk_progress progress;
    souk_status status = SOUK_OK;
    souk_progress_init(&progress, "rank", souk_model_items(model), "items",
                       rule->quiet || comm->rank != 0);
    for (int part = 0; part < model->parts && status == SOUK_OK; part++) {
        struct souk_source_part p;
        status = souk_source_items_all(comm, source, part, &p, err);
        if (status == SOUK_OK)
            status = souk_status_agree_all(comm, rank_part(r, &p.part, v, rule, err), err);
        souk_source_part_fini(&p);
        souk_progress_update(&progress, model->item_first[part + 1], NULL);
    }
    if (status == SOUK_OK)
        souk_progress_finish(&progress, souk_model_items(model), NULL);
    return status;
}

souk_status souk_ranking_make_all(const struct souk_comm *comm,
                                  const struct souk_part_source *source,
                                  const struct souk_cases *cases,
                                  const struct souk_visitors *visitors,
                                  const struct souk_ranking_rule *rule, struct souk_ranking *out,
                                  struct souk_error *err)
{
    *out = (struct souk_ranking){
        .model = source->model, .cases = cases, .is_known = visitors->is_known};
    souk_status status = souk_status_agree_all(comm, allocate(out, rule->depth, err), err);
    if (status == SOUK_OK)
        status = rank_parts_all(out, comm, source, visitors, rule, err);
    if (status == SOUK_OK)
        status = souk_status_agree_all(comm, souk_catalogue_close(&out->catalogue, err), err);
    if (status != SOUK_OK) {
        souk_ranking_fini(out);
        return status;
    }
    souk_topk_sort(&out->cold);
    for (int64_t i = 0; i < cases->count; i++)
        souk_topk_sort(&out->lists[i]);
    return SOUK_OK;
}

/* The part in whose range of item rows this one lies. */
static int part_of_row(const struct souk_model *m, int64_t row)
{
    return (int)souk_rows_lower_bound(m->item_first, m->parts + 1, row + 1) - 1;
}

struct souk_listed_item souk_ranking_item(const struct souk_ranking *r, int64_t row)
{
    const struct souk_found *f = &r->found[part_of_row(r->model, row)];
    const int64_t at = souk_rows_lower_bound(f->row, f->count, row);
    return (struct souk_listed_item){
        .events = f->events[at],
        .popular_position = souk_catalogue_position(&r->catalogue, row),
        .category = f->category[at],
        .direction = f->direction ? f->direction + at * r->model->factors : NULL};
}
