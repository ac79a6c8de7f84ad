#include "serve/replica/stageshard.h"

#include "shared/base/memory.h"
#include "shared/data/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the shard ---- */

/* Scans read the turned rows only: give back those that were read. */
static void drop_rows(struct souk_model_part *part)
{
    for (int i = 0; i < SOUK_SOURCES_MAX; i++) {
        free(part->sources[i].offsets);
        free(part->sources[i].item);
        free(part->sources[i].weight);
        part->sources[i] = (struct souk_source_rows){0};
    }
}

static souk_status make_parts(struct souk_stage_shard *s, struct souk_shard *shard,
                              struct souk_error *err)
{
    const size_t count = (size_t)shard->part_count;
    souk_status status = SOUK_OK;
    s->similar = *shard;
    s->parts = souk_zalloc_array(count, sizeof *s->parts);
    s->similar.neighbours = souk_zalloc_array(count, sizeof *s->similar.neighbours);
    if (!s->parts || !s->similar.neighbours)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %zu parts", count);
    for (size_t i = 0; i < count && !status; i++) {
        status =
            souk_stage_part_init(&s->parts[i], s->model, &s->ranker.rules, &shard->parts[i], err);
        if (!status) {
            s->similar.neighbours[i] =
                s->parts[i].sources[s->ranker.rules.blend[SOUK_SEGMENT_WARM].source];
            drop_rows(&shard->parts[i]);
        }
    }
    return status;
}

souk_status souk_stage_shard_init(struct souk_stage_shard *out, struct souk_shard *shard,
                                  struct souk_error *err)
{
    *out = (struct souk_stage_shard){.model = shard->model, .shard = shard};
    souk_status status = souk_stage_ranker_init(&out->ranker, shard->model, err);
    if (!status && out->ranker.scorer)
        status = souk_treeshap_init(&out->shap, &out->ranker.forest, err);
    if (!status)
        status = make_parts(out, shard, err);
    if (status)
        souk_stage_shard_fini(out);
    return status;
}

void souk_stage_shard_fini(struct souk_stage_shard *s)
{
    for (int i = 0; s->parts && i < s->shard->part_count; i++)
        souk_stage_part_fini(&s->parts[i]);
    free(s->parts);
    free(s->similar.neighbours);
    souk_treeshap_fini(&s->shap);
    souk_stage_ranker_fini(&s->ranker);
    *s = (struct souk_stage_shard){0};
}

/* ---- a worker ---- */

souk_status souk_stage_work_init(struct souk_stage_work *w, const struct souk_stage_shard *s)
{
    const struct souk_stage_rules *rules = &s->ranker.rules;
    const size_t features = (size_t)s->ranker.features;
    *w = (struct souk_stage_work){0};
    souk_profile_init(&w->profile);
    souk_status status = souk_event_fields_init(&w->events);
    for (int l = 0; l < souk_stage_lists(rules) && !status; l++) {
        status = souk_topk_init(&w->lists[l], souk_stage_quota(rules, l));
        w->most_candidates += souk_stage_quota(rules, l);
    }
    if (!status)
        status = souk_stage_scratch_init(&w->scratch, &s->ranker);
    w->weight =
        souk_alloc_array((size_t)rules->source_count * SOUK_WIRE_EVENTS_MAX, sizeof *w->weight);
    w->row = souk_alloc_array((size_t)w->most_candidates, sizeof *w->row);
    w->feature = souk_alloc_array(SOUK_STAGE_SCORE_ROWS * features, sizeof *w->feature);
    w->wide = souk_alloc_array(features, sizeof *w->wide);
    w->contribution = souk_zalloc_array(features + 1, sizeof *w->contribution);
    w->steps = souk_alloc_array(s->shap.scratch_steps, sizeof *w->steps);
    if (!status &&
        (!w->weight || !w->row || !w->feature || !w->wide || !w->contribution || !w->steps))
        status = SOUK_ENOMEM;
    if (status)
        souk_stage_work_fini(w);
    return status;
}

void souk_stage_work_fini(struct souk_stage_work *w)
{
    souk_event_fields_fini(&w->events);
    souk_profile_fini(&w->profile);
    souk_stage_scratch_fini(&w->scratch);
    for (int l = 0; l < SOUK_STAGE_LISTS_MAX; l++)
        souk_topk_fini(&w->lists[l]);
    free(w->weight);
    free(w->row);
    free(w->feature);
    free(w->wide);
    free(w->contribution);
    free(w->steps);
    *w = (struct souk_stage_work){0};
}

souk_status souk_stage_work_take(struct souk_stage_work *w, const struct souk_stage_shard *s,
                                 int64_t moment_ms)
{
    const struct souk_visit visit = {.count = w->events.count,
                                     .item = w->events.item,
                                     .ms = w->events.ms,
                                     .type = w->events.type,
                                     .value = w->events.value,
                                     .stages = &s->model->stages};
    const souk_status status = souk_profile_fill(&w->profile, &visit, moment_ms);
    if (!status)
        souk_stage_weigh(&s->ranker.rules, &w->profile, w->weight);
    return status;
}

/* ---- asking ---- */

void souk_stage_shard_scan(const struct souk_stage_shard *s, struct souk_stage_work *w,
                           bool include_seen, const struct souk_item_filter *filter)
{
    const int lists = souk_stage_lists(&s->ranker.rules);
    for (int l = 0; l < lists; l++)
        souk_topk_clear(&w->lists[l]);
    for (int p = 0; p < s->shard->part_count; p++)
        souk_stage_scan(&s->parts[p], &w->profile, w->weight, include_seen, filter, w->lists);
    for (int l = 0; l < lists; l++)
        souk_topk_sort(&w->lists[l]);
}

/* @param item [count] rows within the part, at most SOUK_STAGE_SCORE_ROWS */
static void rank_rows(const struct souk_stage_shard *s, struct souk_stage_work *w, int index,
                      const int64_t *item, int64_t count, struct souk_topk *list)
{
    const struct souk_stage_part *stage = &s->parts[index];
    souk_stage_features(stage, &w->profile, w->weight, w->best, item, count, w->feature);
    souk_stage_ranker_score_rows(&s->ranker, w->feature, count, &w->scratch, w->score);
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(w->score[i]))
            continue;
        const struct souk_hit hit = {.score = w->score[i],
                                     .item = s->model->item_first[stage->part->part] + item[i],
                                     .id = souk_idtable_get(&stage->part->items, item[i])};
        souk_topk_offer(list, &hit);
    }
}

int64_t souk_stage_shard_rank(const struct souk_stage_shard *s, struct souk_stage_work *w,
                              int64_t count, struct souk_topk *list)
{
    int64_t ranked = 0;
    for (int p = 0; p < s->shard->part_count; p++) {
        const int64_t *first = &s->model->item_first[s->parts[p].part->part];
        int64_t item[SOUK_STAGE_SCORE_ROWS], n = 0;
        for (int64_t at = souk_rows_lower_bound(w->row, count, first[0]);
             at < count && w->row[at] < first[1]; at++) {
            item[n++] = w->row[at] - first[0];
            ranked++;
            if (n == SOUK_STAGE_SCORE_ROWS) {
                rank_rows(s, w, p, item, n, list);
                n = 0;
            }
        }
        rank_rows(s, w, p, item, n, list);
    }
    return ranked;
}

void souk_stage_shard_explain(const struct souk_stage_shard *s, struct souk_stage_work *w,
                              int index, int64_t item, double *forest, double *base, float *score)
{
    souk_stage_features(&s->parts[index], &w->profile, w->weight, w->best, &item, 1, w->feature);
    for (int f = 0; f < s->ranker.features; f++)
        w->wide[f] = (double)w->feature[f];
    *forest = souk_stage_ranker_forest(&s->ranker, w->feature);
    *base = souk_stage_ranker_base(&s->ranker, w->feature);
    *score = souk_stage_ranker_score(&s->ranker, w->feature);
    if (s->ranker.scorer)
        souk_treeshap_explain(&s->shap, w->wide, w->steps, w->contribution);
}
