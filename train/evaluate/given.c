#include "train/evaluate/given.h"

#include "shared/base/memory.h"
#include "shared/data/rows.h"
#include "shared/score/foldin.h"
#include "shared/score/historyrule.h"

#include <stdlib.h>
#include <string.h>

struct telling {
    const struct souk_model *model;
    const struct souk_cases *cases;
    struct souk_visitors *visitors;
    struct souk_history_rule rule;
    struct souk_foldin foldin;
    int64_t *wanted_row; /* [wanted], model item row, -1: unknown */
    int64_t rows;
    int64_t *row;   /* [rows], of histories that are folded in, ascending and distinct */
    float *factors; /* [rows x stride] */
};

/* One pair on its way into a history. */
struct pair {
    int64_t row;
    float weight;  /* as the model holds it; of a given one as its events weigh */
    bool is_given; /* behind the model's own of the same row */
};

static void resolve_part(struct telling *t, const struct souk_model_part *p)
{
    const struct souk_cases *c = t->cases;
    for (int64_t w = c->wanted_first[p->part]; w < c->wanted_first[p->part + 1]; w++) {
        const char *id = souk_idtable_get(&c->wanted, w);
        const int64_t row = souk_idtable_find(&p->items, id, strlen(id));
        t->wanted_row[w] = row < 0 ? -1 : t->model->item_first[p->part] + row;
    }
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->row != y->row ? (x->row > y->row) - (x->row < y->row) : x->is_given - y->is_given;
}

/* Training and given items of a case, equal ones joined. @param out room for both
 * @return how many */
static int64_t merge_case(const struct telling *t, int64_t at, struct pair *out)
{
    const struct souk_visitors *v = t->visitors;
    const struct souk_cases *c = t->cases;
    int64_t count = 0, kept = 0;
    for (int64_t h = v->history_offsets[at]; h < v->history_offsets[at + 1]; h++)
        out[count++] = (struct pair){v->history[h], v->history_weight[h], false};
    for (int64_t g = c->given_offsets[at]; g < c->given_offsets[at + 1]; g++) {
        if (t->wanted_row[c->given[g]] >= 0 &&
            souk_history_rule_weigh(&t->rule, c->given_weight[g]) > 0)
            out[count++] = (struct pair){t->wanted_row[c->given[g]], c->given_weight[g], true};
    }
    if (count > 1)
        qsort(out, (size_t)count, sizeof *out, compare_pairs);
    for (int64_t i = 0; i < count; i++) {
        const struct pair p = out[i];
        if (kept > 0 && out[kept - 1].row == p.row) {
            out[kept - 1].weight = souk_history_rule_join(&t->rule, out[kept - 1].weight, p.weight);
            continue;
        }
        out[kept] = p;
        if (p.is_given)
            out[kept].weight = souk_history_rule_weigh(&t->rule, p.weight);
        kept++;
    }
    return kept;
}

/* The merged histories in the place of those of training. */
static souk_status merge_histories(struct telling *t)
{
    struct souk_visitors *v = t->visitors;
    const int64_t count = t->cases->count;
    const size_t most = (size_t)(v->history_offsets[count] + t->cases->given_offsets[count]);
    struct pair *pairs = souk_alloc_array(most, sizeof *pairs);
    int64_t *offsets = souk_zalloc_array((size_t)count + 1, sizeof *offsets);
    int64_t *history = souk_alloc_array(most, sizeof *history);
    float *weight = souk_alloc_array(most, sizeof *weight);
    const bool failed = !pairs || !offsets || !history || !weight;
    for (int64_t at = 0; at < count && !failed; at++) {
        const int64_t first = offsets[at], own = merge_case(t, at, pairs);
        for (int64_t i = 0; i < own; i++) {
            history[first + i] = pairs[i].row;
            weight[first + i] = pairs[i].weight;
        }
        offsets[at + 1] = first + own;
        v->is_known[at] = v->is_trained[at] || own > 0;
    }
    free(pairs);
    if (failed) {
        free(offsets);
        free(history);
        free(weight);
        return SOUK_ENOMEM;
    }
    free(v->history_offsets);
    free(v->history);
    free(v->history_weight);
    v->history_offsets = offsets;
    v->history = history;
    v->history_weight = weight;
    return SOUK_OK;
}

/* Who is folded in: everybody to whom something was given. */
static bool is_folded(const struct telling *t, int64_t at)
{
    return t->foldin.kind != SOUK_FOLDIN_NONE && t->visitors->is_known[at] &&
           t->cases->given_offsets[at + 1] > t->cases->given_offsets[at];
}

/* Room for the factors that folding in will read. */
static souk_status list_rows(struct telling *t)
{
    const struct souk_visitors *v = t->visitors;
    size_t floats = 0;
    t->row = souk_alloc_array((size_t)v->history_offsets[t->cases->count], sizeof *t->row);
    if (!t->row)
        return SOUK_ENOMEM;
    for (int64_t at = 0; at < t->cases->count; at++) {
        const int64_t first = v->history_offsets[at], own = v->history_offsets[at + 1] - first;
        if (own > 0 && is_folded(t, at)) {
            memcpy(t->row + t->rows, v->history + first, (size_t)own * sizeof *t->row);
            t->rows += own;
        }
    }
    t->rows = souk_rows_unique(t->row, t->rows);
    if (souk_mul_size((size_t)t->rows, (size_t)v->stride, &floats))
        t->factors = souk_alloc_aligned(floats, sizeof *t->factors);
    return t->factors ? SOUK_OK : SOUK_ENOMEM;
}

static souk_status take_factors(struct telling *t, const struct souk_model_part *p)
{
    const int64_t first = t->model->item_first[p->part], end = first + p->items.count;
    const int stride = t->visitors->stride;
    for (int64_t r = souk_rows_lower_bound(t->row, t->rows, first); r < t->rows && t->row[r] < end;
         r++)
        memcpy(t->factors + r * stride, p->item_factors + (t->row[r] - first) * stride,
               (size_t)stride * sizeof *t->factors);
    return souk_foldin_add_items(&t->foldin, p);
}

/* @param row [longest history], scratch [souk_foldin_scratch()] */
static souk_status fold_case(struct telling *t, int64_t at, const float **row, double *scratch)
{
    struct souk_visitors *v = t->visitors;
    const int64_t first = v->history_offsets[at], count = v->history_offsets[at + 1] - first;
    for (int64_t i = 0; i < count; i++)
        row[i] =
            t->factors + souk_rows_lower_bound(t->row, t->rows, v->history[first + i]) * v->stride;
    v->has_vector[at] = true;
    return souk_foldin_solve(&t->foldin, row, v->history_weight + first, NULL, count, scratch,
                             v->vectors + at * v->stride);
}

static souk_status fold_cases(struct telling *t, struct souk_error *err)
{
    const struct souk_visitors *v = t->visitors;
    int64_t longest = 0;
    souk_status status = SOUK_OK;
    for (int64_t at = 0; at < t->cases->count; at++) {
        const int64_t own = v->history_offsets[at + 1] - v->history_offsets[at];
        longest = own > longest ? own : longest;
    }
    const float **row = souk_alloc_array((size_t)longest, sizeof *row);
    double *scratch = souk_alloc_array((size_t)souk_foldin_scratch(&t->foldin), sizeof *scratch);
    if (!row || !scratch)
        status = SOUK_ENOMEM;
    for (int64_t at = 0; at < t->cases->count && status == SOUK_OK; at++) {
        if (is_folded(t, at))
            status = fold_case(t, at, row, scratch);
    }
    free(row);
    free(scratch);
    return status == SOUK_OK ? status
                             : souk_fail(err, status, "a user cannot be folded in to %s: %s",
                                         t->model->path ? t->model->path : "the model",
                                         status == SOUK_ENOMEM ? "out of memory"
                                                               : "its equations have no solution");
}

enum pass { RESOLVE, FACTORS };

/* The items of all parts, one part at a time. */
static souk_status stream_all(struct telling *t, const struct souk_comm *comm,
                              const struct souk_part_source *source, enum pass pass,
                              struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int part = 0; part < t->model->parts && status == SOUK_OK; part++) {
        struct souk_source_part p;
        souk_status own = SOUK_OK;
        status = souk_source_items_all(comm, source, part, &p, err);
        if (status == SOUK_OK && pass == RESOLVE)
            resolve_part(t, &p.part);
        else if (status == SOUK_OK)
            own = take_factors(t, &p.part);
        souk_source_part_fini(&p);
        if (own != SOUK_OK)
            own = souk_fail(err, own, "out of memory to fold users in");
        if (status == SOUK_OK)
            status = souk_status_agree_all(comm, own, err);
    }
    return status;
}

static souk_status prepare(struct telling *t, struct souk_error *err)
{
    souk_status status = souk_history_rule_of_model(t->model, &t->rule, err);
    if (status == SOUK_OK)
        status = souk_foldin_init(t->model, &t->foldin, err);
    t->wanted_row = souk_alloc_array((size_t)t->cases->wanted.count, sizeof *t->wanted_row);
    if (status == SOUK_OK && !t->wanted_row)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for the given items");
    return status;
}

souk_status souk_given_tell_all(const struct souk_comm *comm, const struct souk_part_source *source,
                                const struct souk_cases *cases, struct souk_visitors *visitors,
                                struct souk_error *err)
{
    struct telling t = {.model = source->model, .cases = cases, .visitors = visitors};
    souk_status status = souk_status_agree_all(comm, prepare(&t, err), err);
    if (status == SOUK_OK)
        status = stream_all(&t, comm, source, RESOLVE, err);
    if (status == SOUK_OK) {
        status = merge_histories(&t);
        if (status == SOUK_OK && t.foldin.kind != SOUK_FOLDIN_NONE)
            status = list_rows(&t);
        if (status != SOUK_OK)
            status = souk_fail(err, status, "out of memory for the given histories");
        status = souk_status_agree_all(comm, status, err);
    }
    if (status == SOUK_OK && t.foldin.kind != SOUK_FOLDIN_NONE) {
        status = stream_all(&t, comm, source, FACTORS, err);
        if (status == SOUK_OK)
            status = souk_status_agree_all(comm, fold_cases(&t, err), err);
    }
    souk_history_rule_fini(&t.rule);
    souk_foldin_fini(&t.foldin);
    free(t.wanted_row);
    free(t.row);
    free(t.factors);
    return status;
}
