#include "train/evaluate/candidates.h"

#include "shared/base/memory.h"
#include "shared/data/rows.h"
#include "train/evaluate/duty.h"

#include <stdlib.h>
#include <string.h>

/* ---- profiles ---- */

static int64_t moment_of(const struct souk_candidates *c, int64_t at,
                         const struct souk_visit *visit)
{
    if (c->cases->moment_ms)
        return c->cases->moment_ms[at];
    if (c->model->window.until_ms != SOUK_TIME_MAX)
        return c->model->window.until_ms;
    return visit->count > 0 ? visit->ms[visit->count - 1] : 0;
}

static souk_status take_visit(struct souk_candidates *c, int64_t at, const struct souk_visit *visit)
{
    struct souk_profile *profile = &c->profiles[at];
    const souk_status status = souk_profile_fill(profile, visit, moment_of(c, at, visit));
    if (status != SOUK_OK)
        return status;
    free(c->weights[at]);
    c->weights[at] =
        souk_alloc_array((size_t)(profile->count * c->rules.source_count), sizeof **c->weights);
    if (!c->weights[at])
        return SOUK_ENOMEM;
    souk_stage_weigh(&c->rules, profile, c->weights[at]);
    return SOUK_OK;
}

static souk_status fill_profile(struct souk_candidates *c, const struct souk_model_part *p,
                                int64_t at)
{
    const char *id = souk_idtable_get(&c->cases->users, at);
    const int64_t row = souk_idtable_find(&p->users, id, strlen(id));
    struct souk_visit visit = {.stages = &c->model->stages};
    if (row >= 0) {
        const int64_t first = p->event_offsets[row];
        visit.count = p->event_offsets[row + 1] - first;
        visit.item = p->event_item + first;
        visit.ms = p->event_ms + first;
        visit.type = p->event_type + first;
        visit.value = p->event_value + first;
    }
    return take_visit(c, at, &visit);
}

static souk_status fill_round(struct souk_candidates *c, const struct souk_model_part *p, int round,
                              struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int64_t at = c->cases->round_first[round];
         at < c->cases->round_first[round + 1] && status == SOUK_OK; at++)
        status = fill_profile(c, p, at);
    if (status != SOUK_OK)
        return souk_fail(err, status, "out of memory for the profiles of %lld users",
                         (long long)c->cases->count);
    return SOUK_OK;
}

/* The type that a given item is taken for: one that evaluation wants, the first of all else. */
static uint8_t given_type(const struct souk_model_stages *s)
{
    for (int t = 0; t < s->type_count; t++)
        if (s->types[t].is_target)
            return (uint8_t)t;
    return 0;
}

/* Somebody new, with a few items told: they happen now. */
static souk_status fill_given(struct souk_candidates *c, const struct souk_visitors *v, int64_t at)
{
    const int64_t first = v->history_offsets[at], n = v->history_offsets[at + 1] - first;
    const int64_t until_ms = c->model->window.until_ms;
    int64_t *ms = souk_alloc_array((size_t)n, sizeof *ms);
    uint8_t *type = souk_alloc_array((size_t)n, sizeof *type);
    float *value = souk_zalloc_array((size_t)n, sizeof *value);
    souk_status status = ms && type && value ? SOUK_OK : SOUK_ENOMEM;
    for (int64_t i = 0; i < n && status == SOUK_OK; i++) {
        ms[i] = until_ms == SOUK_TIME_MAX ? 0 : until_ms;
        type[i] = given_type(&c->model->stages);
    }
    const struct souk_visit visit = {.count = n,
                                     .item = v->history + first,
                                     .ms = ms,
                                     .type = type,
                                     .value = value,
                                     .stages = &c->model->stages};
    if (status == SOUK_OK)
        status = take_visit(c, at, &visit);
    free(ms);
    free(type);
    free(value);
    return status;
}

static souk_status fill_given_cases(struct souk_candidates *c, const struct souk_visitors *v,
                                    struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int64_t at = 0; v && at < c->cases->count && status == SOUK_OK; at++) {
        if (!v->is_trained[at] && v->is_known[at])
            status = fill_given(c, v, at);
    }
    if (status != SOUK_OK)
        return souk_fail(err, status, "out of memory for the given items");
    return SOUK_OK;
}

static souk_status fill_profiles_all(struct souk_candidates *c, const struct souk_comm *comm,
                                     const struct souk_part_source *source,
                                     const struct souk_visitors *visitors, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int round = 0; round < souk_duty_rounds(comm, c->model->parts) && status == SOUK_OK;
         round++) {
        const bool is_wanted = c->cases->round_first[round] < c->cases->round_first[round + 1];
        struct souk_source_part p;
        status = souk_source_users_all(comm, source, round, is_wanted, &p, err);
        if (status == SOUK_OK)
            status = souk_status_agree_all(comm, fill_round(c, &p.part, round, err), err);
        souk_source_part_fini(&p);
    }
    if (status == SOUK_OK)
        status = souk_status_agree_all(comm, fill_given_cases(c, visitors, err), err);
    return status;
}

/* ---- lists ---- */

static void scan_cases(struct souk_candidates *c, const struct souk_stage_part *part,
                       struct souk_topk *lists)
{
    const int64_t count = c->cases->count;
    const int per_case = souk_stage_lists(&c->rules);
#pragma omp parallel for default(none) shared(c, part, lists, count, per_case) schedule(dynamic, 16)
    for (int64_t at = 0; at < count; at++)
        souk_stage_scan(part, &c->profiles[at], c->weights[at], c->include_seen, NULL,
                        lists + at * per_case);
}

/* The hits' ids belong to the part that goes: order among equals is settled by then. */
static souk_status scan_parts_all(struct souk_candidates *c, const struct souk_comm *comm,
                                  const struct souk_part_source *source, struct souk_topk *lists,
                                  struct souk_idtable *ids, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int part = 0; part < c->model->parts && status == SOUK_OK; part++) {
        struct souk_source_part p;
        struct souk_stage_part stage = {0};
        status = souk_source_items_all(comm, source, part, &p, err);
        if (status == SOUK_OK)
            status = souk_status_agree_all(
                comm, souk_stage_part_init(&stage, c->model, &c->rules, &p.part, err), err);
        if (status == SOUK_OK) {
            scan_cases(c, &stage, lists);
            if (!p.borrowed) { /* the lists point into the ids */
                ids[part] = p.part.items;
                p.part.items = (struct souk_idtable){0};
            }
        }
        souk_stage_part_fini(&stage);
        souk_source_part_fini(&p);
    }
    return status;
}

/* Candidates as they are united. */
struct draft {
    int64_t *row; /* [all quotas] of one case */
    uint32_t *lists;
    size_t item_cap, lists_cap;
};

/* Rows of all lists of a case, ascending, each once, with the lists that named it. */
static int64_t unite(const struct souk_topk *lists, int count, struct draft *d)
{
    int64_t n = 0;
    for (int l = 0; l < count; l++)
        for (int h = 0; h < lists[l].count; h++)
            d->row[n++] = lists[l].hits[h].item;
    n = souk_rows_unique(d->row, n);
    memset(d->lists, 0, (size_t)n * sizeof *d->lists);
    for (int l = 0; l < count; l++)
        for (int h = 0; h < lists[l].count; h++)
            d->lists[souk_rows_lower_bound(d->row, n, lists[l].hits[h].item)] |=
                (uint32_t)(1U << l);
    return n;
}

static souk_status add_case(struct souk_candidates *c, int64_t at, const struct draft *d, int64_t n,
                            size_t *item_cap, size_t *lists_cap)
{
    const int64_t first = c->offsets[at];
    souk_status status =
        souk_grow(&c->item, item_cap, (size_t)(first + n), SIZE_MAX / 256, sizeof *c->item);
    if (status == SOUK_OK)
        status =
            souk_grow(&c->lists, lists_cap, (size_t)(first + n), SIZE_MAX / 256, sizeof *c->lists);
    if (status != SOUK_OK || n == 0) {
        c->offsets[at + 1] = first;
        return status;
    }
    memcpy(c->item + first, d->row, (size_t)n * sizeof *c->item);
    memcpy(c->lists + first, d->lists, (size_t)n * sizeof *c->lists);
    c->offsets[at + 1] = first + n;
    return SOUK_OK;
}

static float best_of(const struct souk_topk *list)
{
    float best = 0;
    for (int h = 0; h < list->count; h++)
        best = list->hits[h].score > best ? list->hits[h].score : best;
    return best;
}

static souk_status unite_all_cases(struct souk_candidates *c, const struct souk_topk *lists,
                                   struct souk_error *err)
{
    const int per_case = souk_stage_lists(&c->rules);
    struct draft d = {0};
    int64_t most = 0;
    for (int l = 0; l < per_case; l++)
        most += souk_stage_quota(&c->rules, l);
    d.row = souk_alloc_array((size_t)most, sizeof *d.row);
    d.lists = souk_alloc_array((size_t)most, sizeof *d.lists);
    souk_status status = d.row && d.lists ? SOUK_OK : SOUK_ENOMEM;
    for (int64_t at = 0; at < c->cases->count && status == SOUK_OK; at++) {
        for (int l = 0; l < 2 * c->rules.source_count; l++)
            c->best[at * 2 * c->rules.source_count + l] = best_of(&lists[at * per_case + l]);
        const int64_t n = unite(lists + at * per_case, per_case, &d);
        status = add_case(c, at, &d, n, &d.item_cap, &d.lists_cap);
    }
    free(d.row);
    free(d.lists);
    if (status != SOUK_OK)
        return souk_fail(err, status, "out of memory for the candidates of %lld users",
                         (long long)c->cases->count);
    return SOUK_OK;
}

static souk_status make_lists(const struct souk_candidates *c, struct souk_topk *lists,
                              struct souk_error *err)
{
    const int per_case = souk_stage_lists(&c->rules);
    souk_status status = SOUK_OK;
    for (int64_t i = 0; i < c->cases->count * per_case && status == SOUK_OK; i++)
        status = souk_topk_init(&lists[i], souk_stage_quota(&c->rules, (int)(i % per_case)));
    if (status != SOUK_OK)
        return souk_fail(err, status, "out of memory for the lists of %lld users",
                         (long long)c->cases->count);
    return SOUK_OK;
}

static souk_status name_candidates_all(struct souk_candidates *c, const struct souk_comm *comm,
                                       const struct souk_part_source *source,
                                       struct souk_error *err)
{
    const int64_t count = c->cases->count * souk_stage_lists(&c->rules);
    struct souk_topk *lists = souk_zalloc_array((size_t)count, sizeof *lists);
    struct souk_idtable *ids = souk_zalloc_array((size_t)c->model->parts, sizeof *ids);
    souk_status status = SOUK_OK;
    if (!lists || !ids)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %lld lists", (long long)count);
    if (status == SOUK_OK)
        status = make_lists(c, lists, err);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = scan_parts_all(c, comm, source, lists, ids, err);
    if (status == SOUK_OK)
        status = souk_status_agree_all(comm, unite_all_cases(c, lists, err), err);
    for (int64_t i = 0; lists && i < count; i++)
        souk_topk_fini(&lists[i]);
    for (int p = 0; ids && p < c->model->parts; p++)
        souk_idtable_fini(&ids[p]);
    free(lists);
    free(ids);
    return status;
}

souk_status souk_candidates_find_all(const struct souk_comm *comm,
                                     const struct souk_part_source *source,
                                     const struct souk_cases *cases,
                                     const struct souk_visitors *visitors, bool include_seen,
                                     struct souk_candidates *out, struct souk_error *err)
{
    const size_t count = (size_t)cases->count;
    *out = (struct souk_candidates){
        .model = source->model, .cases = cases, .include_seen = include_seen};
    souk_status status = souk_stage_rules_of(source->model, &out->rules, err);
    out->profiles = souk_zalloc_array(count, sizeof *out->profiles);
    out->weights = souk_zalloc_array(count, sizeof *out->weights);
    out->offsets = souk_zalloc_array(count + 1, sizeof *out->offsets);
    out->best = souk_zalloc_array(count, 2 * SOUK_SOURCES_MAX * sizeof *out->best);
    if (status == SOUK_OK && (!out->profiles || !out->weights || !out->offsets || !out->best))
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %zu profiles", count);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = fill_profiles_all(out, comm, source, visitors, err);
    if (status == SOUK_OK)
        status = name_candidates_all(out, comm, source, err);
    if (status != SOUK_OK)
        souk_candidates_fini(out);
    return status;
}

void souk_candidates_fini(struct souk_candidates *c)
{
    for (int64_t at = 0; c->profiles && at < c->cases->count; at++)
        souk_profile_fini(&c->profiles[at]);
    for (int64_t at = 0; c->weights && at < c->cases->count; at++)
        free(c->weights[at]);
    free(c->profiles);
    free(c->weights);
    free(c->best);
    free(c->offsets);
    free(c->item);
    free(c->lists);
    *c = (struct souk_candidates){0};
}

int64_t souk_candidates_in_part(const struct souk_candidates *c, int64_t at, int part,
                                int64_t *item, int64_t *first)
{
    const int64_t begin = c->model->item_first[part], end = c->model->item_first[part + 1];
    const int64_t *row = c->item + c->offsets[at];
    const int64_t count = c->offsets[at + 1] - c->offsets[at];
    const int64_t low = souk_rows_lower_bound(row, count, begin);
    int64_t n = 0;
    for (int64_t i = low; i < count && row[i] < end; i++)
        item[n++] = row[i] - begin;
    *first = c->offsets[at] + low;
    return n;
}

int64_t souk_candidates_longest(const struct souk_candidates *c)
{
    int64_t longest = 0;
    for (int64_t at = 0; at < c->cases->count; at++) {
        const int64_t n = c->offsets[at + 1] - c->offsets[at];
        longest = n > longest ? n : longest;
    }
    return longest;
}
