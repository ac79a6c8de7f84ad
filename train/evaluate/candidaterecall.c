#include "train/evaluate/candidaterecall.h"

#include "shared/base/memory.h"
#include "shared/data/rows.h"
#include "shared/math/fixed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 1024, SIZES = SOUK_CANDIDATE_SIZES, SETS_MAX = SOUK_CANDIDATE_SETS_MAX };

const int souk_candidate_sizes[SIZES] = {50, 100, 200, 500};

/* Sums over users; shares in fixed point. */
struct sums {
    int64_t users, targets;
    int64_t recall[SETS_MAX][SIZES], asked[SETS_MAX], added[SETS_MAX], items[SETS_MAX];
};
enum { SUMS = sizeof(struct sums) / sizeof(int64_t) };

struct work {
    const struct souk_comm *comm;
    const struct souk_part_source *source;
    const struct souk_candidates *candidates;
    const struct souk_measure *measure;
    int shift;                /* of shares, for all users of all ranks */
    int64_t first, count;     /* cases of the batch */
    struct souk_topk *lists;  /* [BATCH x lists of a case] */
    struct souk_idtable *ids; /* [parts] that the lists point into */
    uint32_t *target, *taken; /* [items], stamps: of the case at hand, of the set at hand */
    uint32_t case_stamp, set_stamp;
    struct sums sums;
    struct souk_error *err;
};

static int lists_of(const struct work *w)
{
    return souk_stage_lists(&w->candidates->rules);
}

/* Sets are the sources, the popular, repeats where they may be offered, and the union. */
static int sets_of(const struct work *w)
{
    return w->candidates->rules.source_count + 2 + w->candidates->include_seen;
}

/* The lists of a set: from *first on, before *end. */
static void lists_of_set(const struct work *w, int set, int *first, int *end)
{
    const int sources = w->candidates->rules.source_count;
    const bool is_union = set == sets_of(w) - 1, is_source = set < sources;
    *first = is_union ? 0 : is_source ? 2 * set : sources + set;
    *end = is_union ? lists_of(w) : is_source ? *first + 2 : *first + 1;
}

/* ---- lists ---- */

static souk_status clear_lists(struct work *w)
{
    const int64_t count = w->count * lists_of(w);
    souk_status status = SOUK_OK;
    for (int64_t i = 0; i < count && status == SOUK_OK; i++) {
        souk_topk_clear(&w->lists[i]);
        if (!w->lists[i].hits)
            status = souk_topk_init(&w->lists[i], souk_candidate_sizes[SIZES - 1]);
    }
    return status == SOUK_OK ? status
                             : souk_fail(w->err, status, "out of memory for %lld lists of %d items",
                                         (long long)count, souk_candidate_sizes[SIZES - 1]);
}

static void scan_batch(struct work *w, const struct souk_stage_part *part)
{
    const struct souk_candidates *c = w->candidates;
    const int64_t count = w->count, first = w->first;
    const int per_case = lists_of(w);
    struct souk_topk *lists = w->lists;
#pragma omp parallel for default(none) shared(c, part, lists, count, first, per_case)              \
    schedule(dynamic, 16)
    for (int64_t i = 0; i < count; i++)
        souk_stage_scan(part, &c->profiles[first + i], c->weights[first + i], c->include_seen, NULL,
                        lists + i * per_case);
}

static souk_status scan_parts_all(struct work *w)
{
    const struct souk_model *model = w->source->model;
    souk_status status = SOUK_OK;
    for (int part = 0; part < model->parts && status == SOUK_OK; part++) {
        struct souk_source_part p;
        struct souk_stage_part stage = {0};
        status = souk_source_items_all(w->comm, w->source, part, &p, w->err);
        if (status == SOUK_OK)
            status = souk_status_agree_all(
                w->comm,
                souk_stage_part_init(&stage, model, &w->candidates->rules, &p.part, w->err),
                w->err);
        if (status == SOUK_OK) {
            scan_batch(w, &stage);
            if (!p.borrowed) { /* the lists point into the ids */
                souk_idtable_fini(&w->ids[part]);
                w->ids[part] = p.part.items;
                p.part.items = (struct souk_idtable){0};
            }
        }
        souk_stage_part_fini(&stage);
        souk_source_part_fini(&p);
    }
    return status;
}

/* ---- recall ---- */

/* Hits among the first k distinct items of some lists in turn. @param hits [SIZES], overwritten */
static void walk(struct work *w, const struct souk_topk *lists, int count, int64_t *hits)
{
    const int largest = souk_candidate_sizes[SIZES - 1];
    int distinct = 0;
    bool more = true;
    memset(hits, 0, SIZES * sizeof *hits);
    w->set_stamp++;
    for (int at = 0; more && distinct < largest; at++) {
        more = false;
        for (int l = 0; l < count && distinct < largest; l++) {
            if (at >= lists[l].count)
                continue;
            const int64_t row = lists[l].hits[at].item;
            more = true;
            if (w->taken[row] == w->set_stamp)
                continue;
            w->taken[row] = w->set_stamp;
            distinct++;
            for (int k = 0; k < SIZES && w->target[row] == w->case_stamp; k++)
                hits[k] += distinct <= souk_candidate_sizes[k];
        }
    }
}

/* What the quotas took of a case. All [sets]. */
struct asked {
    int64_t items[SETS_MAX], named[SETS_MAX]; /* named by the set; targets among them */
    int64_t alone[SETS_MAX];                  /* targets that no other set names */
};

static void count_asked(const struct work *w, int64_t at, struct asked *out)
{
    const struct souk_candidates *c = w->candidates;
    *out = (struct asked){.items = {0}};
    for (int s = 0; s < sets_of(w); s++) {
        int first, end;
        lists_of_set(w, s, &first, &end);
        const uint32_t own = (uint32_t)((UINT64_C(1) << end) - (UINT64_C(1) << first));
        for (int64_t i = c->offsets[at]; i < c->offsets[at + 1]; i++) {
            const bool is_target = w->target[c->item[i]] == w->case_stamp;
            const bool is_named = (c->lists[i] & own) != 0;
            out->items[s] += is_named;
            out->named[s] += is_named && is_target;
            out->alone[s] += is_target && (c->lists[i] & ~own) == 0;
        }
    }
}

static void mark_targets(struct work *w, int64_t at)
{
    const struct souk_cases *c = w->candidates->cases;
    w->case_stamp++;
    for (int64_t t = c->target_offsets[at]; t < c->target_offsets[at + 1]; t++) {
        const int64_t row = w->measure->ranking->wanted_row[c->target[t]];
        if (row >= 0)
            w->target[row] = w->case_stamp;
    }
}

static int64_t share(const struct work *w, int64_t part, int64_t whole)
{
    return souk_fixed_from((double)part / (double)whole, w->shift);
}

static void add_case(struct work *w, int64_t i)
{
    const int64_t at = w->first + i;
    const int64_t targets =
        souk_measure_targets(w->measure, &w->measure->sets[SOUK_SET_HEADLINE], at);
    int64_t hits[SIZES];
    struct asked asked;
    struct souk_topk *lists = w->lists + i * lists_of(w);
    if (targets == 0)
        return;
    w->sums.users++;
    w->sums.targets += targets;
    mark_targets(w, at);
    count_asked(w, at, &asked);
    for (int l = 0; l < lists_of(w); l++)
        souk_topk_sort(&lists[l]);
    for (int s = 0; s < sets_of(w); s++) {
        int first, end;
        lists_of_set(w, s, &first, &end);
        walk(w, lists + first, end - first, hits);
        for (int k = 0; k < SIZES; k++)
            w->sums.recall[s][k] += share(w, hits[k], targets);
        w->sums.asked[s] += share(w, asked.named[s], targets);
        w->sums.added[s] += share(w, asked.alone[s], targets);
        w->sums.items[s] += asked.items[s];
    }
}

/* Every rank goes as often as the one with most cases. */
static souk_status add_batches_all(struct work *w)
{
    const int64_t cases = w->candidates->cases->count;
    int64_t batches = (cases + BATCH - 1) / BATCH;
    souk_status status = souk_max_i64_all(w->comm, &batches, 1, w->err);
    for (int64_t b = 0; b < batches && status == SOUK_OK; b++) {
        const int64_t left = cases - b * BATCH;
        w->first = left > 0 ? b * BATCH : 0;
        w->count = left < 0 ? 0 : left < BATCH ? left : BATCH;
        status = souk_status_agree_all(w->comm, clear_lists(w), w->err);
        if (status == SOUK_OK)
            status = scan_parts_all(w);
        for (int64_t i = 0; i < w->count && status == SOUK_OK; i++)
            add_case(w, i);
    }
    return status;
}

/* ---- figures ---- */

static void name_set(const struct work *w, int set, char *name, size_t size)
{
    const struct souk_model_stages *stages = &w->source->model->stages;
    const bool is_source = set < stages->source_count;
    snprintf(name, size, "%s",
             is_source                     ? stages->sources[set].name
             : set == sets_of(w) - 1       ? "union"
             : set == stages->source_count ? "popular"
                                           : "repeat");
}

static void conclude(const struct work *w, struct souk_candidate_recalls *out)
{
    const struct sums *s = &w->sums;
    const double users = s->users > 0 ? (double)s->users : NAN;
    *out = (struct souk_candidate_recalls){
        .count = sets_of(w), .users = s->users, .targets = s->targets};
    for (int i = 0; i < out->count; i++) {
        struct souk_candidate_set *set = &out->set[i];
        name_set(w, i, set->name, sizeof set->name);
        for (int k = 0; k < SIZES; k++)
            set->recall[k] = souk_fixed_to(s->recall[i][k], w->shift) / users;
        set->asked = souk_fixed_to(s->asked[i], w->shift) / users;
        set->added = souk_fixed_to(s->added[i], w->shift) / users;
        set->items = (double)s->items[i] / users;
    }
}

static souk_status allocate(struct work *w)
{
    const size_t items = (size_t)souk_model_items(w->source->model);
    const int64_t cases = w->candidates->cases->count, most = cases < BATCH ? cases : BATCH;
    w->lists = souk_zalloc_array((size_t)(most * lists_of(w)), sizeof *w->lists);
    w->ids = souk_zalloc_array((size_t)w->source->model->parts, sizeof *w->ids);
    w->target = souk_zalloc_array(items, sizeof *w->target);
    w->taken = souk_zalloc_array(items, sizeof *w->taken);
    if (w->lists && w->ids && w->target && w->taken)
        return SOUK_OK;
    return souk_fail(w->err, SOUK_ENOMEM, "out of memory for the recall of %zu items", items);
}

static void release(struct work *w)
{
    const int64_t cases = w->candidates->cases->count, most = cases < BATCH ? cases : BATCH;
    for (int64_t i = 0; w->lists && i < most * lists_of(w); i++)
        souk_topk_fini(&w->lists[i]);
    for (int p = 0; w->ids && p < w->source->model->parts; p++)
        souk_idtable_fini(&w->ids[p]);
    free(w->lists);
    free(w->ids);
    free(w->target);
    free(w->taken);
}

souk_status souk_candidate_recall_all(const struct souk_comm *comm,
                                      const struct souk_part_source *source,
                                      const struct souk_candidates *candidates,
                                      const struct souk_measure *measure,
                                      struct souk_candidate_recalls *out, struct souk_error *err)
{
    struct work w = {
        .comm = comm, .source = source, .candidates = candidates, .measure = measure, .err = err};
    int64_t users = candidates->cases->count;
    *out = (struct souk_candidate_recalls){0};
    souk_status status = souk_sum_i64_all(comm, &users, 1, err);
    w.shift = souk_fixed_shift(1, users > 0 ? users : 1);
    if (status == SOUK_OK)
        status = souk_status_agree_all(comm, allocate(&w), err);
    if (status == SOUK_OK)
        status = add_batches_all(&w);
    if (status == SOUK_OK)
        status = souk_sum_i64_all(comm, (int64_t *)&w.sums, SUMS, err);
    if (status == SOUK_OK)
        conclude(&w, out);
    release(&w);
    return status;
}
