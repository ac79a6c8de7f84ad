#include "train/evaluate/curves.h"

#include "shared/base/memory.h"
#include "shared/math/fixed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RECALL, PRECISION, NDCG, HIT_RATE, LINES };

/* One array of integers, so that one reduction adds it up. */
struct tally {
    int64_t *sums;
    int64_t *line[LINES]; /* [depth] each */
    int64_t *hits, *others, *recommended, *wanted, *users;
    int64_t length;
};

struct work {
    const struct souk_measure *measure;
    const struct souk_set *set;
    struct souk_probe probe;
    struct tally tally;
    int depth, shift;
    double low, high;
};

static souk_status tally_init(struct tally *t, int depth)
{
    t->length = (int64_t)LINES * depth + 2 * SOUK_SCORE_BINS + 2 * SOUK_DECILES + 1;
    t->sums = souk_zalloc_array((size_t)t->length, sizeof *t->sums);
    if (!t->sums)
        return SOUK_ENOMEM;
    for (int l = 0; l < LINES; l++)
        t->line[l] = t->sums + (int64_t)l * depth;
    t->hits = t->sums + (int64_t)LINES * depth;
    t->others = t->hits + SOUK_SCORE_BINS;
    t->recommended = t->others + SOUK_SCORE_BINS;
    t->wanted = t->recommended + SOUK_DECILES;
    t->users = t->wanted + SOUK_DECILES;
    return SOUK_OK;
}

static int decile_of(const struct souk_measure *m, int64_t events)
{
    for (int d = 0; d < SOUK_DECILES; d++)
        if (souk_set_has_target(&m->sets[SOUK_SET_DECILES + d], events))
            return d;
    return -1; /* hidden from training */
}

static void count_list(struct work *w, int64_t at)
{
    const struct souk_topk *list = souk_ranking_list(w->measure->ranking, at);
    const double width = (w->high - w->low) / SOUK_SCORE_BINS;
    for (int i = 0; i < list->count; i++) {
        const double offset = ((double)list->hits[i].score - w->low) / width;
        const int bin = offset >= SOUK_SCORE_BINS ? SOUK_SCORE_BINS - 1
                        : offset > 0              ? (int)offset
                                                  : 0;
        const int decile = decile_of(w->measure, w->probe.items[i].events);
        (w->probe.hit_events[i] >= 0 ? w->tally.hits : w->tally.others)[bin]++;
        if (decile >= 0)
            w->tally.recommended[decile]++;
    }
}

static void count_targets(struct work *w, int64_t at)
{
    const struct souk_cases *c = w->measure->cases;
    for (int64_t t = c->target_offsets[at]; t < c->target_offsets[at + 1]; t++) {
        const int decile = decile_of(w->measure, w->measure->ranking->wanted_events[c->target[t]]);
        if (decile >= 0)
            w->tally.wanted[decile]++;
    }
}

/* The metrics of every length. */
static void count_lengths(struct work *w, int64_t targets)
{
    double gain = 0, ideal = 0;
    int64_t hits = 0;
    for (int k = 1; k <= w->depth; k++) {
        if (k <= targets)
            ideal += 1 / log2(k + 1.0);
        if (k <= w->probe.count && w->probe.hit_events[k - 1] >= 0) {
            hits++;
            gain += 1 / log2(k + 1.0);
        }
        const double value[LINES] = {[RECALL] = (double)hits / (double)targets,
                                     [PRECISION] = (double)hits / k,
                                     [NDCG] = gain / ideal,
                                     [HIT_RATE] = hits > 0};
        for (int l = 0; l < LINES; l++)
            w->tally.line[l][k - 1] += souk_fixed_from(value[l], w->shift);
    }
}

static void count_cases(struct work *w)
{
    for (int64_t at = 0; at < w->measure->cases->count; at++) {
        const int64_t targets = souk_measure_targets(w->measure, w->set, at);
        if (targets == 0)
            continue;
        souk_probe_look(&w->probe, w->measure, at);
        ++*w->tally.users;
        count_lengths(w, targets);
        count_list(w, at);
        count_targets(w, at);
    }
}

/* Least and greatest score in any list of the set. */
static souk_status find_range_all(struct work *w, const struct souk_comm *comm,
                                  struct souk_error *err)
{
    double range[2] = {-INFINITY, -INFINITY}; /* of -score, and of score */
    for (int64_t at = 0; at < w->measure->cases->count; at++) {
        const struct souk_topk *list = souk_ranking_list(w->measure->ranking, at);
        if (list->count == 0 || souk_measure_targets(w->measure, w->set, at) == 0)
            continue;
        range[0] = fmax(range[0], -(double)list->hits[list->count - 1].score);
        range[1] = fmax(range[1], (double)list->hits[0].score);
    }
    const souk_status status = souk_max_f64_all(comm, range, 2, err);
    w->low = isfinite(range[0]) ? -range[0] : 0;
    w->high = isfinite(range[1]) ? range[1] : 0;
    if (!(w->high > w->low))
        w->high = w->low + 1;
    return status;
}

static void shares_of(const int64_t *counts, double *share)
{
    int64_t all = 0;
    for (int d = 0; d < SOUK_DECILES; d++)
        all += counts[d];
    for (int d = 0; d < SOUK_DECILES; d++)
        share[d] = all > 0 ? (double)counts[d] / (double)all : 0;
}

static void fill(const struct work *w, struct souk_curves *out)
{
    const struct tally *t = &w->tally;
    const struct souk_catalogue *c = &w->measure->ranking->catalogue;
    double *const lines[LINES] = {out->recall, out->precision, out->ndcg, out->hit_rate};
    int64_t trained[SOUK_DECILES] = {0};
    for (int l = 0; l < LINES; l++)
        for (int k = 0; k < w->depth; k++)
            lines[l][k] =
                *t->users > 0 ? souk_fixed_to(t->line[l][k], w->shift) / (double)*t->users : 0;
    out->low = w->low;
    out->high = w->high;
    memcpy(out->hits, t->hits, sizeof out->hits);
    memcpy(out->others, t->others, sizeof out->others);
    shares_of(t->recommended, out->recommended);
    shares_of(t->wanted, out->wanted);
    for (int64_t i = 0; i < c->items; i++) {
        const int decile = decile_of(w->measure, c->item_events[i]);
        if (decile >= 0)
            trained[decile] += c->item_events[i];
    }
    shares_of(trained, out->trained);
}

static souk_status allocate(struct work *w, struct souk_curves *out)
{
    const size_t depth = (size_t)w->depth;
    out->depth = w->depth;
    out->recall = souk_alloc_array(depth, sizeof *out->recall);
    out->precision = souk_alloc_array(depth, sizeof *out->precision);
    out->ndcg = souk_alloc_array(depth, sizeof *out->ndcg);
    out->hit_rate = souk_alloc_array(depth, sizeof *out->hit_rate);
    if (!out->recall || !out->precision || !out->ndcg || !out->hit_rate)
        return SOUK_ENOMEM;
    const souk_status status = tally_init(&w->tally, w->depth);
    return status == SOUK_OK ? souk_probe_init(&w->probe, w->measure) : status;
}

souk_status souk_curves_make_all(const struct souk_comm *comm, const struct souk_measure *measure,
                                 struct souk_curves *out, struct souk_error *err)
{
    struct work w = {.measure = measure,
                     .set = &measure->sets[SOUK_SET_HEADLINE],
                     .depth = souk_cutoffs_largest(measure->context.cutoffs)};
    int64_t users = measure->cases->count;
    *out = (struct souk_curves){0};
    souk_status status = allocate(&w, out);
    if (status != SOUK_OK)
        status = souk_fail(err, status, "out of memory for curves over %d positions", w.depth);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = souk_sum_i64_all(comm, &users, 1, err);
    if (status == SOUK_OK)
        status = find_range_all(&w, comm, err);
    if (status == SOUK_OK) {
        w.shift = souk_fixed_shift(1, users > 0 ? users : 1);
        count_cases(&w);
        status = souk_sum_i64_all(comm, w.tally.sums, w.tally.length, err);
    }
    if (status == SOUK_OK)
        fill(&w, out);
    else
        souk_curves_fini(out);
    souk_probe_fini(&w.probe);
    free(w.tally.sums);
    return status;
}

void souk_curves_fini(struct souk_curves *c)
{
    free(c->recall);
    free(c->precision);
    free(c->ndcg);
    free(c->hit_rate);
    *c = (struct souk_curves){0};
}
