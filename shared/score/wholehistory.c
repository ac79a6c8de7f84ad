#include "shared/score/wholehistory.h"

#include "shared/base/memory.h"
#include "shared/data/interactions.h"

#include <stdint.h>
#include <stdlib.h>

static souk_status reserve(struct souk_whole_history *h, size_t count)
{
    const size_t most = SIZE_MAX / 64;
    size_t rooms[3] = {h->room, h->room, h->room};
    souk_status status = souk_grow(&h->row, &rooms[0], count, most, sizeof *h->row);
    if (status == SOUK_OK)
        status = souk_grow(&h->weight, &rooms[1], count, most, sizeof *h->weight);
    if (status == SOUK_OK)
        status = souk_grow(&h->recency, &rooms[2], count, most, sizeof *h->recency);
    if (status == SOUK_OK)
        h->room = rooms[0];
    return status;
}

void souk_whole_history_fini(struct souk_whole_history *h)
{
    free(h->row);
    free(h->weight);
    free(h->recency);
    *h = (struct souk_whole_history){0};
}

/* The later events as a dataset of one user, so that training's own code makes the pairs. */
static souk_status weigh_later(const struct souk_model_weighing *w,
                               const struct souk_later_events *later,
                               struct souk_interactions *pairs)
{
    int64_t offsets[2] = {0, later->count};
    const struct souk_dataset_part part = {.users = {.count = 1},
                                           .event_count = later->count,
                                           .event_offsets = offsets,
                                           .item = later->row,
                                           .time_ms = later->ms,
                                           .type = later->type,
                                           .value = later->value,
                                           .order = later->ms};
    struct souk_interaction_rule rule = {.weighting = w->weighting, .type_weight = {1}};
    for (int t = 0; t < w->type_count; t++)
        rule.type_weight[t] = w->types[t].weight;
    return souk_interactions_of_part(&part, &rule, pairs, NULL);
}

static int64_t newest_of(const struct souk_later_events *later)
{
    return later->count > 0 ? later->ms[later->count - 1] : INT64_MIN;
}

static void append(struct souk_whole_history *h, int64_t row, float weight, double recency)
{
    h->row[h->count] = row;
    h->weight[h->count] = weight;
    h->recency[h->count++] = recency;
}

/* Pair `at` of the later ones; its weight `held` in the model, NULL: it has none. */
static void append_later(struct souk_whole_history *h, const struct souk_pair_rules *rules,
                         const struct souk_interactions *pairs, int64_t at, int64_t newest_ms,
                         const float *held)
{
    const float later = pairs->weight[at];
    const float weight = held ? souk_history_rule_join(rules->history, *held, later)
                              : souk_history_rule_weigh(rules->history, later);
    if (held || weight > 0)
        append(h, pairs->item[at],
               souk_history_rule_fade(rules->history, weight, newest_ms - pairs->last_ms[at]),
               souk_recency_factor(rules->recency, pairs->last_ms[at]));
}

souk_status souk_whole_history_make(struct souk_whole_history *h,
                                    const struct souk_pair_rules *rules,
                                    const struct souk_held_pairs *held,
                                    const struct souk_later_events *later)
{
    struct souk_interactions pairs = {0};
    const int64_t newest_ms = newest_of(later);
    const int64_t held_age_ms =
        rules->until_ms > 0 && newest_ms > rules->until_ms ? newest_ms - rules->until_ms : 0;
    souk_status status = weigh_later(rules->weighing, later, &pairs);
    h->count = 0;
    if (status == SOUK_OK)
        status = reserve(h, (size_t)(held->count + pairs.count));
    for (int64_t i = 0, k = 0; status == SOUK_OK && (i < held->count || k < pairs.count);) {
        const bool is_held = i < held->count && (k == pairs.count || held->row[i] <= pairs.item[k]);
        if (is_held && (k == pairs.count || held->row[i] < pairs.item[k])) {
            append(h, held->row[i],
                   souk_history_rule_fade(rules->history, held->weight[i], held_age_ms), 1);
        } else {
            append_later(h, rules, &pairs, k, newest_ms, is_held ? &held->weight[i] : NULL);
            k++;
        }
        i += is_held;
    }
    souk_interactions_fini(&pairs);
    return status;
}
