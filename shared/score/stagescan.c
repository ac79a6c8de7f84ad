#include "shared/score/stagescan.h"

#include "shared/base/memory.h"

#include <math.h>
#include <string.h>

enum { BLOCK = SOUK_NEIGHBOURS_BLOCK };

souk_status souk_stage_part_init(struct souk_stage_part *out, const struct souk_model *model,
                                 const struct souk_stage_rules *rules,
                                 const struct souk_model_part *part, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    *out = (struct souk_stage_part){.model = model, .rules = rules, .part = part};
    for (int s = 0; s < rules->source_count && !status; s++) {
        const struct souk_source_rows *rows = &part->sources[s];
        const struct souk_model_part view = {.part = part->part,
                                             .items = part->items,
                                             .neighbour_offsets = rows->offsets,
                                             .neighbour = rows->item,
                                             .neighbour_weight = rows->weight};
        status = souk_neighbours_init(&out->sources[s], &view);
    }
    if (status == SOUK_OK)
        return SOUK_OK;
    souk_stage_part_fini(out);
    return souk_fail(err, status, "out of memory for the sources of %lld items",
                     (long long)part->items.count);
}

void souk_stage_part_fini(struct souk_stage_part *p)
{
    for (int s = 0; s < SOUK_SOURCES_MAX; s++)
        souk_neighbours_fini(&p->sources[s]);
    *p = (struct souk_stage_part){0};
}

int souk_stage_quota(const struct souk_stage_rules *rules, int list)
{
    if (list == 2 * rules->source_count)
        return rules->popular_quota;
    if (list == 2 * rules->source_count + 1)
        return rules->repeat_quota;
    const struct souk_source_rule *source = &rules->sources[list / 2];
    return source->quota;
}

void souk_stage_weigh(const struct souk_stage_rules *rules, struct souk_profile *profile,
                      float *weight)
{
    for (int s = 0; s < rules->source_count; s++) {
        souk_profile_weigh(profile, &rules->sources[s].history);
        if (profile->count > 0)
            memcpy(weight + s * profile->count, profile->weight,
                   (size_t)profile->count * sizeof *weight);
    }
}

static int64_t block_size(const struct souk_stage_part *p, int64_t first)
{
    const int64_t left = p->part->items.count - first;
    return left < BLOCK ? left : BLOCK;
}

/* @param score [source_count][BLOCK] */
static void score_block(const struct souk_stage_part *p, const struct souk_profile *profile,
                        const float *weight, int64_t first, float score[][BLOCK])
{
    for (int s = 0; s < p->rules->source_count; s++)
        souk_neighbours_score(&p->sources[s], first / BLOCK, profile->item,
                              weight + s * profile->count, profile->count, score[s],
                              block_size(p, first));
}

static const float *column_of(const struct souk_stage_part *p, int column)
{
    return column < 0 ? NULL : p->part->columns + column * p->part->items.count;
}

/* Offer one block to one list. @param lift of the block's items, or NULL */
static void offer_block(const struct souk_stage_part *p, int64_t first, const float *score,
                        const float *lift, const bool *masked, struct souk_topk *list)
{
    const int64_t count = list->capacity > 0 ? block_size(p, first) : 0;
    for (int64_t i = 0; i < count; i++) {
        const float value = lift ? score[i] * lift[i] : score[i];
        if (!(value > 0) || !isfinite(value) || value < souk_topk_threshold(list) || masked[i])
            continue;
        const struct souk_hit hit = {.score = value,
                                     .item = p->model->item_first[p->part->part] + first + i,
                                     .id = souk_idtable_get(&p->part->items, first + i)};
        souk_topk_offer(list, &hit);
    }
}

/* Items of the block that the profile has; *next walks along the profile. */
static void mask_seen(const struct souk_stage_part *p, const struct souk_profile *profile,
                      int64_t first, int64_t *next, bool *masked)
{
    const int64_t begin = p->model->item_first[p->part->part] + first;
    const int64_t end = begin + block_size(p, first);
    while (*next < profile->count && profile->item[*next] < begin)
        ++*next;
    for (; *next < profile->count && profile->item[*next] < end; ++*next)
        masked[profile->item[*next] - begin] = true;
}

/* Items of the block that the profile has, by how often; 0 for the others. *next walks along the
 * profile. */
static void score_repeats(const struct souk_stage_part *p, const struct souk_profile *profile,
                          int64_t first, int64_t *next, float *score)
{
    const int64_t begin = p->model->item_first[p->part->part] + first;
    const int64_t end = begin + block_size(p, first);
    memset(score, 0, BLOCK * sizeof *score);
    while (*next < profile->count && profile->item[*next] < begin)
        ++*next;
    for (; *next < profile->count && profile->item[*next] < end; ++*next) {
        const struct souk_profile_item *f = &profile->facts[*next];
        score[profile->item[*next] - begin] = souk_profile_repeat(f->events, f->idle_days);
    }
}

void souk_stage_scan(const struct souk_stage_part *p, const struct souk_profile *profile,
                     const float *weight, bool include_seen, const struct souk_item_filter *filter,
                     struct souk_topk *lists)
{
    const struct souk_stage_rules *rules = p->rules;
    const float *popular = column_of(p, rules->popular_column);
    float score[SOUK_SOURCES_MAX][BLOCK];
    const struct souk_item_facts facts =
        filter ? souk_item_facts_of(p->part) : (struct souk_item_facts){.price = NULL};
    const int64_t first_row = p->model->item_first[p->part->part];
    int64_t next = 0;
    for (int64_t first = 0; first < p->part->items.count; first += BLOCK) {
        bool masked[BLOCK] = {false};
        if (!include_seen)
            mask_seen(p, profile, first, &next, masked);
        if (filter)
            souk_item_filter_mark(filter, p->part, &facts, first_row, first, block_size(p, first),
                                  masked);
        score_block(p, profile, weight, first, score);
        for (int s = 0; s < rules->source_count; s++) {
            const float *lift = column_of(p, rules->sources[s].lift_column);
            offer_block(p, first, score[s], NULL, masked, &lists[2 * s]);
            offer_block(p, first, score[s], lift ? lift + first : NULL, masked, &lists[2 * s + 1]);
        }
        offer_block(p, first, popular + first, NULL, masked, &lists[2 * rules->source_count]);
        if (include_seen && lists[2 * rules->source_count + 1].capacity > 0) {
            score_repeats(p, profile, first, &next, score[0]);
            offer_block(p, first, score[0], NULL, masked, &lists[2 * rules->source_count + 1]);
        }
    }
}

void souk_stage_features(const struct souk_stage_part *p, const struct souk_profile *profile,
                         const float *weight, const float *best, const int64_t *item, int64_t count,
                         float *out)
{
    const int features = souk_feature_count(&p->model->stages), sources = p->rules->source_count;
    float score[SOUK_SOURCES_MAX][BLOCK], of_item[SOUK_SOURCES_MAX];
    struct souk_support support[SOUK_SOURCES_MAX][BLOCK], of_score[SOUK_SOURCES_MAX];
    int64_t scored = -1;
    for (int64_t i = 0; i < count; i++) {
        const int64_t first = item[i] / BLOCK * BLOCK;
        for (int s = 0; s < sources && first != scored; s++)
            souk_neighbours_support(&p->sources[s], first / BLOCK, profile->item,
                                    weight + s * profile->count, profile->count, score[s],
                                    support[s], block_size(p, first));
        scored = first;
        for (int s = 0; s < sources; s++) {
            of_item[s] = score[s][item[i] - first];
            of_score[s] = support[s][item[i] - first];
        }
        souk_feature_row(p->model, p->rules, p->part, item[i], profile, of_item, of_score, best,
                         out + i * features);
    }
}
