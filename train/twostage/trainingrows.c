#include "train/twostage/trainingrows.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/data/rows.h"

#include <stdlib.h>
#include <string.h>

/* Features of all candidates of this rank, and which of them were wanted. */
struct work {
    const struct souk_candidates *candidates;
    const struct souk_sampling *sampling;
    int window, features;
    float *feature;      /* [candidates x features] */
    float *label;        /* [candidates] */
    int64_t *wanted_row; /* [wanted items of the cases], model row, -1: not in the model */
};

static souk_status allocate(struct work *w, struct souk_error *err)
{
    const struct souk_candidates *c = w->candidates;
    const size_t rows = (size_t)c->offsets[c->cases->count];
    size_t floats = 0;
    if (souk_mul_size(rows, (size_t)w->features, &floats))
        w->feature = souk_alloc_array(floats, sizeof *w->feature);
    w->label = souk_zalloc_array(rows, sizeof *w->label);
    w->wanted_row = souk_alloc_array((size_t)c->cases->wanted.count, sizeof *w->wanted_row);
    if (!w->feature || !w->label || !w->wanted_row)
        return souk_fail(err, SOUK_ENOMEM, "out of memory for %zu rows of %d features", rows,
                         w->features);
    return SOUK_OK;
}

static void resolve_wanted(struct work *w, const struct souk_model_part *p)
{
    const struct souk_cases *c = w->candidates->cases;
    for (int64_t i = c->wanted_first[p->part]; i < c->wanted_first[p->part + 1]; i++) {
        const char *id = souk_idtable_get(&c->wanted, i);
        const int64_t row = souk_idtable_find(&p->items, id, strlen(id));
        w->wanted_row[i] = row < 0 ? -1 : w->candidates->model->item_first[p->part] + row;
    }
}

/* @return false when memory is out */
static bool fill_part(struct work *w, const struct souk_stage_part *stage)
{
    const struct souk_candidates *c = w->candidates;
    const int64_t longest = souk_candidates_longest(c), count = c->cases->count;
    bool good = true;
#pragma omp parallel default(none) shared(w, stage, c, longest, count) reduction(&& : good)
    {
        int64_t *item = souk_alloc_array((size_t)longest, sizeof *item);
        good = good && item;
#pragma omp for schedule(dynamic, 16)
        for (int64_t at = 0; at < count; at++) {
            int64_t first = 0;
            const int64_t n =
                item ? souk_candidates_in_part(c, at, stage->part->part, item, &first) : 0;
            souk_stage_features(stage, &c->profiles[at], c->weights[at],
                                souk_candidates_best(c, at), item, n,
                                w->feature + first * w->features);
        }
        free(item);
    }
    return good;
}

static souk_status fill_all(struct work *w, const struct souk_comm *comm,
                            const struct souk_part_source *source, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int part = 0; part < source->model->parts && status == SOUK_OK; part++) {
        struct souk_source_part p;
        struct souk_stage_part stage = {0};
        status = souk_source_items_all(comm, source, part, &p, err);
        if (status == SOUK_OK)
            status =
                souk_stage_part_init(&stage, source->model, &w->candidates->rules, &p.part, err);
        if (status == SOUK_OK) {
            resolve_wanted(w, &p.part);
            if (!fill_part(w, &stage))
                status =
                    souk_fail(err, SOUK_ENOMEM, "out of memory for the features of part %d", part);
        }
        status = souk_status_agree_all(comm, status, err);
        souk_stage_part_fini(&stage);
        souk_source_part_fini(&p);
    }
    return status;
}

/* Mark what case `at` wanted. @return how many of its candidates that were */
static int64_t mark_labels(struct work *w, int64_t at)
{
    const struct souk_candidates *c = w->candidates;
    const int64_t first = c->offsets[at], n = c->offsets[at + 1] - first;
    int64_t found = 0;
    for (int64_t t = c->cases->target_offsets[at]; t < c->cases->target_offsets[at + 1]; t++) {
        const int64_t row = w->wanted_row[c->cases->target[t]];
        const int64_t i = souk_rows_lower_bound(c->item + first, n, row);
        if (i < n && c->item[first + i] == row) {
            w->label[first + i] = 1;
            found++;
        }
    }
    return found;
}

static souk_status make_room(struct souk_training_rows *r, int64_t groups, int64_t rows)
{
    float *feature =
        realloc(r->feature, (size_t)(r->rows + rows + 1) * (size_t)r->features * sizeof *feature);
    if (feature)
        r->feature = feature;
    float *label = realloc(r->label, (size_t)(r->rows + rows + 1) * sizeof *label);
    if (label)
        r->label = label;
    uint8_t *drawn = realloc(r->is_drawn, (size_t)(r->rows + rows + 1));
    if (drawn)
        r->is_drawn = drawn;
    int64_t *first = realloc(r->group_first, (size_t)(r->groups + groups + 1) * sizeof *first);
    if (first)
        r->group_first = first;
    uint64_t *hash = realloc(r->group_hash, (size_t)(r->groups + groups + 1) * sizeof *hash);
    if (hash)
        r->group_hash = hash;
    int *window = realloc(r->group_window, (size_t)(r->groups + groups + 1) * sizeof *window);
    if (window)
        r->group_window = window;
    return feature && label && drawn && first && hash && window ? SOUK_OK : SOUK_ENOMEM;
}

/* Each row that nobody wanted is drawn with the chance that gives the number on average. */
static void draw_rows(const struct work *w, int64_t at, uint64_t user, uint8_t *is_drawn)
{
    const struct souk_candidates *c = w->candidates;
    const int64_t first = c->offsets[at], n = c->offsets[at + 1] - first;
    int64_t wanted = 0;
    for (int64_t i = 0; i < n; i++)
        wanted += w->label[first + i] > 0;
    const double chance = w->sampling->negatives > 0 && n > wanted
                              ? (double)w->sampling->negatives / (double)(n - wanted)
                              : 1;
    for (int64_t i = 0; i < n; i++)
        is_drawn[i] =
            w->label[first + i] > 0 ||
            souk_random_uniform(w->sampling->seed, user, (uint64_t)c->item[first + i]) < chance;
}

static void append_case(struct souk_training_rows *r, const struct work *w, int64_t at)
{
    const struct souk_candidates *c = w->candidates;
    const int64_t first = c->offsets[at], n = c->offsets[at + 1] - first;
    const char *id = souk_idtable_get(&c->cases->users, at);
    memcpy(r->feature + r->rows * r->features, w->feature + first * r->features,
           (size_t)(n * r->features) * sizeof *r->feature);
    memcpy(r->label + r->rows, w->label + first, (size_t)n * sizeof *r->label);
    r->group_hash[r->groups] = souk_hash_bytes(id, strlen(id));
    draw_rows(w, at, r->group_hash[r->groups], r->is_drawn + r->rows);
    r->group_window[r->groups] = w->window;
    r->group_first[r->groups++] = r->rows;
    r->rows += n;
    r->group_first[r->groups] = r->rows;
}

static souk_status append_all(struct souk_training_rows *r, struct work *w,
                              const struct souk_comm *comm, struct souk_error *err)
{
    const struct souk_candidates *c = w->candidates;
    int64_t counts[2] = {c->cases->target_offsets[c->cases->count], 0};
    souk_status status = make_room(r, c->cases->count, c->offsets[c->cases->count]);
    if (status != SOUK_OK)
        status = souk_fail(err, status, "out of memory for the training table");
    if (status == SOUK_OK && r->groups == 0)
        r->group_first[0] = 0;
    for (int64_t at = 0; at < c->cases->count && status == SOUK_OK; at++) {
        const int64_t found = mark_labels(w, at);
        counts[1] += found;
        if (found > 0)
            append_case(r, w, at);
    }
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = souk_sum_i64_all(comm, counts, 2, err);
    r->wanted += counts[0];
    r->found += counts[1];
    r->windows = w->window + 1 > r->windows ? w->window + 1 : r->windows;
    return status;
}

souk_status souk_training_rows_add_all(struct souk_training_rows *rows,
                                       const struct souk_comm *comm,
                                       const struct souk_part_source *source,
                                       const struct souk_candidates *candidates, int window,
                                       const struct souk_sampling *sampling, struct souk_error *err)
{
    struct work w = {.candidates = candidates,
                     .sampling = sampling,
                     .window = window,
                     .features = souk_feature_count(&source->model->stages)};
    rows->features = w.features;
    souk_status status = souk_status_agree_all(comm, allocate(&w, err), err);
    if (status == SOUK_OK)
        status = fill_all(&w, comm, source, err);
    if (status == SOUK_OK)
        status = append_all(rows, &w, comm, err);
    free(w.feature);
    free(w.label);
    free(w.wanted_row);
    return status;
}

void souk_training_rows_fini(struct souk_training_rows *r)
{
    free(r->group_first);
    free(r->group_hash);
    free(r->group_window);
    free(r->feature);
    free(r->label);
    free(r->is_drawn);
    *r = (struct souk_training_rows){0};
}
