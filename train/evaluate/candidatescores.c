#include "train/evaluate/candidatescores.h"

#include "shared/base/memory.h"
#include "shared/data/rows.h"
#include "train/evaluate/threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct work {
    struct souk_candidate_scores *out;
    const struct souk_visitors *visitors;
    const struct souk_scoring_rule *rules;
    int count;
    const int *rule_of;
    int64_t *wanted_row; /* [wanted items of the cases], model row, -1: not in the model */
};

static souk_status allocate(struct work *w, struct souk_error *err)
{
    const struct souk_candidates *c = w->out->candidates;
    const size_t rows = (size_t)c->offsets[c->cases->count];
    w->out->score = souk_alloc_array(rows, sizeof *w->out->score);
    w->out->wanted = souk_zalloc_array(rows, sizeof *w->out->wanted);
    w->wanted_row = souk_alloc_array((size_t)c->cases->wanted.count, sizeof *w->wanted_row);
    if (!w->out->score || !w->out->wanted || !w->wanted_row)
        return souk_fail(err, SOUK_ENOMEM, "out of memory for the scores of %zu candidates", rows);
    for (size_t i = 0; i < rows; i++)
        w->out->score[i] = NAN;
    return SOUK_OK;
}

static void resolve_wanted(struct work *w, const struct souk_model_part *p)
{
    const struct souk_candidates *c = w->out->candidates;
    for (int64_t i = c->cases->wanted_first[p->part]; i < c->cases->wanted_first[p->part + 1];
         i++) {
        const char *id = souk_idtable_get(&c->cases->wanted, i);
        const int64_t row = souk_idtable_find(&p->items, id, strlen(id));
        w->wanted_row[i] = row < 0 ? -1 : c->model->item_first[p->part] + row;
    }
}

static void score_case(struct work *w, const struct souk_scorer *scorer,
                       struct souk_scorer_scratch *scratch, int64_t at)
{
    const struct souk_candidates *c = w->out->candidates;
    const int part = scorer->shard->parts[0].part;
    const int64_t begin = c->model->item_first[part], end = c->model->item_first[part + 1];
    const int64_t last = c->offsets[at + 1];
    int64_t i = c->offsets[at];
    i += souk_rows_lower_bound(c->item + i, last - i, begin);
    if (i == last || c->item[i] >= end)
        return;
    souk_scorer_score(scorer, scratch, at);
    for (; i < last && c->item[i] < end; i++)
        w->out->score[i] = scratch->score[c->item[i] - begin];
}

static souk_status score_cases(struct work *w, int rule, const struct souk_scorer *scorer)
{
    const int threads = souk_thread_count();
    const int64_t count = w->out->candidates->cases->count;
    struct souk_scorer_scratch *scratch = souk_zalloc_array((size_t)threads, sizeof *scratch);
    souk_status status = scratch ? SOUK_OK : SOUK_ENOMEM;
    for (int t = 0; t < threads && status == SOUK_OK; t++)
        status = souk_scorer_scratch_init(&scratch[t], scorer);
    if (status == SOUK_OK) {
#pragma omp parallel for default(none) shared(w, rule, scorer, scratch, count) schedule(dynamic, 16)
        for (int64_t at = 0; at < count; at++)
            if ((w->rule_of ? w->rule_of[at] : 0) == rule)
                score_case(w, scorer, &scratch[souk_thread_number()], at);
    }
    for (int t = 0; scratch && t < threads; t++)
        souk_scorer_scratch_fini(&scratch[t]);
    free(scratch);
    return status;
}

static souk_status score_part(struct work *w, const struct souk_model_part *part,
                              struct souk_error *err)
{
    const struct souk_candidates *c = w->out->candidates;
    struct souk_shard shard = {0};
    souk_status status = souk_shard_of_part(c->model, part, &shard, err);
    for (int r = 0; r < w->count && status == SOUK_OK; r++) {
        struct souk_scorer scorer;
        status = souk_scorer_init(&scorer, &shard, c->cases, w->visitors, &w->rules[r], err);
        if (status != SOUK_OK)
            break;
        status = score_cases(w, r, &scorer);
        if (status != SOUK_OK)
            status = souk_fail(err, status, "out of memory for the scores of part %d", part->part);
        souk_scorer_fini(&scorer);
    }
    if (status == SOUK_OK)
        resolve_wanted(w, part);
    souk_shard_fini(&shard);
    return status;
}

void souk_candidate_scores_mark(struct souk_candidate_scores *s, const int64_t *wanted_row)
{
    const struct souk_candidates *c = s->candidates;
    memset(s->wanted, 0, (size_t)c->offsets[c->cases->count] * sizeof *s->wanted);
    for (int64_t at = 0; at < c->cases->count; at++) {
        const int64_t first = c->offsets[at], n = c->offsets[at + 1] - first;
        for (int64_t t = c->cases->target_offsets[at]; t < c->cases->target_offsets[at + 1]; t++) {
            const int64_t row = wanted_row[c->cases->target[t]];
            const int64_t i = souk_rows_lower_bound(c->item + first, n, row);
            if (i < n && c->item[first + i] == row)
                s->wanted[first + i] = 1;
        }
    }
}

souk_status souk_candidate_scores_all(const struct souk_comm *comm,
                                      const struct souk_part_source *source,
                                      const struct souk_visitors *visitors,
                                      const struct souk_scoring_rule *rules, int count,
                                      const int *rule_of, struct souk_candidate_scores *out,
                                      struct souk_error *err)
{
    struct work w = {
        .out = out, .visitors = visitors, .rules = rules, .count = count, .rule_of = rule_of};
    *out = (struct souk_candidate_scores){.candidates = rules[0].candidates};
    souk_status status = souk_status_agree_all(comm, allocate(&w, err), err);
    for (int part = 0; part < source->model->parts && status == SOUK_OK; part++) {
        struct souk_source_part p;
        status = souk_source_items_all(comm, source, part, &p, err);
        if (status == SOUK_OK)
            status = souk_status_agree_all(comm, score_part(&w, &p.part, err), err);
        souk_source_part_fini(&p);
    }
    if (status == SOUK_OK)
        souk_candidate_scores_mark(out, w.wanted_row);
    else
        souk_candidate_scores_fini(out);
    free(w.wanted_row);
    return status;
}

void souk_candidate_scores_fini(struct souk_candidate_scores *s)
{
    free(s->score);
    free(s->wanted);
    *s = (struct souk_candidate_scores){0};
}
