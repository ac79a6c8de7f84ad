#include "train/evaluate/featurepermutation.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "train/ranker/importance.h"

#include <stdlib.h>
#include <string.h>

struct work {
    const struct souk_comm *comm;
    const struct souk_part_source *source;
    const struct souk_candidate_scores *scores;
    const struct souk_stage_ranker *ranker;
    uint64_t seed;
    double chance;             /* of a user to be drawn */
    int64_t *first;            /* [cases], row of the case's first candidate, -1: not drawn */
    struct souk_rankdata data; /* a group for each drawn case */
    struct souk_error *err;
};

static uint64_t hash_of(const struct work *w, int64_t at)
{
    const char *id = souk_idtable_get(&w->scores->candidates->cases->users, at);
    return souk_hash_bytes(id, strlen(id));
}

static int64_t candidates_of(const struct work *w, int64_t at)
{
    return w->scores->candidates->offsets[at + 1] - w->scores->candidates->offsets[at];
}

static bool is_eligible(const struct work *w, int64_t at)
{
    const struct souk_candidates *c = w->scores->candidates;
    int64_t i = c->offsets[at];
    while (i < c->offsets[at + 1] && !w->scores->wanted[i])
        i++;
    return i < c->offsets[at + 1] && souk_candidates_audience(c, at) != SOUK_AUDIENCE_NEW;
}

static souk_status set_chance_all(struct work *w)
{
    int64_t rows = 0;
    for (int64_t at = 0; at < w->scores->candidates->cases->count; at++)
        rows += is_eligible(w, at) ? candidates_of(w, at) : 0;
    const souk_status status = souk_sum_i64_all(w->comm, &rows, 1, w->err);
    w->chance = rows > SOUK_PERMUTATION_ROWS ? (double)SOUK_PERMUTATION_ROWS / (double)rows : 1;
    return status;
}

/* @return false when memory is out */
static bool draw_users(struct work *w, int64_t *rows, int64_t *groups)
{
    const int64_t cases = w->scores->candidates->cases->count;
    w->first = souk_alloc_array((size_t)cases, sizeof *w->first);
    for (int64_t at = 0; w->first && at < cases; at++) {
        w->first[at] = -1;
        if (!is_eligible(w, at) || souk_random_uniform(w->seed, hash_of(w, at), 0) >= w->chance)
            continue;
        w->first[at] = *rows;
        *rows += candidates_of(w, at);
        ++*groups;
    }
    return w->first != NULL;
}

static souk_status lay_out(struct work *w)
{
    const struct souk_candidates *c = w->scores->candidates;
    int64_t rows = 0, groups = 0, g = 0;
    if (!draw_users(w, &rows, &groups))
        return souk_fail(w->err, SOUK_ENOMEM, "out of memory for a sample of users");
    souk_status status = souk_rankdata_init(&w->data, rows, groups, w->ranker->features, w->err);
    if (status != SOUK_OK)
        return status;
    w->data.group_number = souk_alloc_array((size_t)groups, sizeof *w->data.group_number);
    if (!w->data.group_number)
        return souk_fail(w->err, SOUK_ENOMEM, "out of memory for a sample of users");
    for (int64_t at = 0; at < c->cases->count; at++) {
        if (w->first[at] < 0)
            continue;
        for (int64_t i = 0; i < candidates_of(w, at); i++)
            w->data.label[w->first[at] + i] = w->scores->wanted[c->offsets[at] + i];
        w->data.group_number[g] = (int64_t)(hash_of(w, at) >> 1);
        w->data.group_start[g++] = w->first[at];
    }
    w->data.group_start[g] = rows;
    return SOUK_OK;
}

static souk_status fill_part(struct work *w, const struct souk_model_part *part)
{
    const struct souk_candidates *c = w->scores->candidates;
    struct souk_stage_part stage = {0};
    int64_t *item = souk_alloc_array((size_t)souk_candidates_longest(c), sizeof *item);
    souk_status status = SOUK_OK;
    if (!item)
        status = souk_fail(w->err, SOUK_ENOMEM, "out of memory for features");
    if (status == SOUK_OK)
        status = souk_stage_part_init(&stage, c->model, &c->rules, part, w->err);
    for (int64_t at = 0; at < c->cases->count && status == SOUK_OK; at++) {
        int64_t first = 0;
        if (w->first[at] < 0)
            continue;
        const int64_t n = souk_candidates_in_part(c, at, part->part, item, &first);
        const int64_t row = w->first[at] + first - c->offsets[at];
        souk_stage_features(&stage, &c->profiles[at], c->weights[at], souk_candidates_best(c, at),
                            item, n, w->data.value + row * w->data.features);
    }
    souk_stage_part_fini(&stage);
    free(item);
    return status;
}

static souk_status fill_all(struct work *w)
{
    souk_status status = SOUK_OK;
    for (int part = 0; part < w->source->model->parts && status == SOUK_OK; part++) {
        struct souk_source_part p;
        status = souk_source_items_all(w->comm, w->source, part, &p, w->err);
        if (status == SOUK_OK)
            status = souk_status_agree_all(w->comm, fill_part(w, &p.part), w->err);
        souk_source_part_fini(&p);
    }
    return status;
}

static souk_status permute_all(struct work *w, double *drop)
{
    const struct souk_rankobjective ndcg = {.kind = SOUK_RANK_LAMBDARANK};
    const struct souk_importance_options options = {
        .k = SOUK_PERMUTATION_K, .repeats = 1, .seed = w->seed};
    struct souk_rankdata_totals totals;
    double metric;
    const souk_status status =
        souk_rankdata_totals_all(w->comm, &w->data, "drawn users", &totals, w->err);
    return status ? status
                  : souk_importance_all(w->comm, &w->ranker->forest, &w->data, &totals, &ndcg,
                                        &options, &metric, drop, w->err);
}

souk_status souk_feature_permutation_all(const struct souk_comm *comm,
                                         const struct souk_part_source *source,
                                         const struct souk_candidate_scores *scores,
                                         const struct souk_stage_ranker *ranker, uint64_t seed,
                                         double *drop, bool *is_known, struct souk_error *err)
{
    struct work w = {.comm = comm,
                     .source = source,
                     .scores = scores,
                     .ranker = ranker,
                     .seed = seed,
                     .err = err};
    souk_status status = set_chance_all(&w);
    if (status == SOUK_OK)
        status = souk_status_agree_all(comm, lay_out(&w), err);
    int64_t rows = w.data.rows;
    if (status == SOUK_OK)
        status = souk_sum_i64_all(comm, &rows, 1, err);
    *is_known = rows > 0;
    if (status == SOUK_OK && rows > 0)
        status = fill_all(&w);
    if (status == SOUK_OK && rows > 0)
        status = permute_all(&w, drop);
    souk_rankdata_fini(&w.data);
    free(w.first);
    return status;
}
