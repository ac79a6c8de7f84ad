#include "train/evaluate/scorer.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/data/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct souk_model_part *part_of(const struct souk_scorer *s)
{
    return &s->shard->parts[0];
}

static int64_t first_row(const struct souk_scorer *s)
{
    return s->shard->model->item_first[part_of(s)->part];
}

static bool is_candidate(const struct souk_scoring_rule *rule, const char *id, float first)
{
    return (!rule->among || souk_hiding_hides_item(rule->among, id)) &&
           (!rule->sold_only || first >= 0);
}

/* @param first [items], as souk_newest_score() has it; NULL: not asked for */
static souk_status ban_others(struct souk_scorer *s, const float *first)
{
    const struct souk_model_part *p = part_of(s);
    s->banned = souk_alloc_array((size_t)p->items.count, sizeof *s->banned);
    if (!s->banned)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < p->items.count; i++)
        if (!is_candidate(s->rule, souk_idtable_get(&p->items, i), first ? first[i] : 0))
            s->banned[s->banned_count++] = first_row(s) + i;
    return SOUK_OK;
}

static souk_status hash_ids(struct souk_scorer *s)
{
    const struct souk_model_part *p = part_of(s);
    s->hash = souk_alloc_array((size_t)p->items.count, sizeof *s->hash);
    for (int64_t i = 0; i < p->items.count && s->hash; i++) {
        const char *id = souk_idtable_get(&p->items, i);
        s->hash[i] = souk_hash_bytes(id, strlen(id));
    }
    return s->hash ? SOUK_OK : SOUK_ENOMEM;
}

souk_status souk_scorer_init(struct souk_scorer *out, const struct souk_shard *shard,
                             const struct souk_cases *cases, const struct souk_visitors *visitors,
                             const struct souk_scoring_rule *rule, struct souk_error *err)
{
    *out = (struct souk_scorer){.shard = shard, .cases = cases, .visitors = visitors, .rule = rule};
    const bool is_first_wanted = rule->by.order == SOUK_ORDER_NEWEST || rule->sold_only;
    const int64_t items = part_of(out)->items.count;
    float *first = is_first_wanted ? souk_alloc_array((size_t)items, sizeof *first) : NULL;
    souk_status status = is_first_wanted && !first ? SOUK_ENOMEM : SOUK_OK;
    if (status == SOUK_OK && rule->by.order == SOUK_ORDER_RANDOM)
        status = hash_ids(out);
    if (status == SOUK_OK && rule->candidates)
        status = souk_stage_part_init(&out->stage, shard->model, &rule->candidates->rules,
                                      part_of(out), NULL);
    if (status == SOUK_OK && first)
        status = souk_newest_score(rule->newest, part_of(out), first, err);
    else if (status != SOUK_OK)
        status = souk_fail(err, status, "out of memory to score %lld items", (long long)items);
    if (status == SOUK_OK && ban_others(out, rule->sold_only ? first : NULL) != SOUK_OK)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory to score %lld items", (long long)items);
    if (status == SOUK_OK && rule->by.order == SOUK_ORDER_CATEGORY &&
        !souk_taste_columns_of(&shard->model->stages, &out->taste))
        status = souk_fail(err, SOUK_EFORMAT, "%s: no column users_28d", shard->model->path);
    if (rule->by.order == SOUK_ORDER_NEWEST)
        out->stand_in = first;
    else
        free(first);
    if (status != SOUK_OK)
        souk_scorer_fini(out);
    return status;
}

void souk_scorer_fini(struct souk_scorer *s)
{
    free(s->banned);
    free(s->stand_in);
    free(s->hash);
    souk_stage_part_fini(&s->stage);
    *s = (struct souk_scorer){0};
}

souk_status souk_scorer_scratch_init(struct souk_scorer_scratch *t, const struct souk_scorer *s)
{
    const size_t items = (size_t)part_of(s)->items.count;
    int64_t longest = 0;
    for (int64_t at = 0; at < s->cases->count; at++) {
        const int64_t own = s->visitors->history_offsets[at + 1] - s->visitors->history_offsets[at];
        longest = own > longest ? own : longest;
    }
    *t = (struct souk_scorer_scratch){.part = *part_of(s), .shard = *s->shard};
    t->exclude = souk_alloc_array((size_t)longest + items, sizeof *t->exclude);
    t->stand_in = souk_alloc_array(items, sizeof *t->stand_in);
    t->score = souk_alloc_array(items, sizeof *t->score);
    const struct souk_candidates *c = s->rule->candidates;
    bool good = true;
    if (c) {
        const size_t most = (size_t)souk_candidates_longest(c);
        t->candidate = souk_alloc_array(most, sizeof *t->candidate);
        t->feature = souk_alloc_array(most * (size_t)s->rule->ranker->features, sizeof *t->feature);
        good = souk_stage_scratch_init(&t->stage, s->rule->ranker) == SOUK_OK && t->candidate &&
               t->feature;
    }
    if (!good || !t->exclude || !t->stand_in || !t->score) {
        souk_scorer_scratch_fini(t);
        return SOUK_ENOMEM;
    }
    return SOUK_OK;
}

void souk_scorer_scratch_fini(struct souk_scorer_scratch *t)
{
    free(t->exclude);
    free(t->stand_in);
    free(t->score);
    free(t->candidate);
    free(t->feature);
    souk_stage_scratch_fini(&t->stage);
    *t = (struct souk_scorer_scratch){0};
}

/* What the case may not be offered in this part, ascending: its own items and the banned ones. */
static int64_t list_excluded(const struct souk_scorer *s, const int64_t *own, int64_t own_count,
                             int64_t *exclude)
{
    const int64_t first = first_row(s), end = first + part_of(s)->items.count;
    const int64_t from = souk_rows_lower_bound(own, own_count, first);
    const int64_t count = souk_rows_lower_bound(own, own_count, end) - from;
    int64_t n = 0, h = 0, b = 0;
    while (h < count || b < s->banned_count) {
        const bool take_own = b == s->banned_count || (h < count && own[from + h] < s->banned[b]);
        if (take_own) {
            exclude[n++] = own[from + h++];
        } else {
            h += h < count && own[from + h] == s->banned[b];
            exclude[n++] = s->banned[b++];
        }
    }
    return n;
}

static void score_tastes(const struct souk_scorer *s, struct souk_scorer_scratch *t, int64_t at)
{
    struct souk_taste taste;
    souk_taste_init(&taste);
    souk_taste_of_profile(&taste, &s->rule->candidates->profiles[at]);
    for (int64_t i = 0; i < t->part.items.count; i++)
        t->stand_in[i] = souk_taste_score(&taste, s->shard->model, &s->taste, part_of(s), i);
}

/* Scores that are no model's stand where the popularity of the part is. */
static const struct souk_shard *shard_for(const struct souk_scorer *s,
                                          struct souk_scorer_scratch *t, int64_t at)
{
    if (s->rule->by.order == SOUK_ORDER_NEWEST)
        t->part.popularity = s->stand_in;
    if (s->rule->by.order == SOUK_ORDER_RANDOM) {
        const char *id = at < 0 ? "" : souk_idtable_get(&s->cases->users, at);
        const uint64_t user = souk_hash_bytes(id, strlen(id));
        for (int64_t i = 0; i < t->part.items.count; i++)
            t->stand_in[i] = (float)souk_random_uniform(s->rule->seed, user, s->hash[i]);
        t->part.popularity = t->stand_in;
    }
    if (s->rule->by.order == SOUK_ORDER_CATEGORY && at >= 0) {
        score_tastes(s, t, at);
        t->part.popularity = t->stand_in;
    }
    t->shard.parts = &t->part;
    return &t->shard;
}

static struct souk_scan scan_for(const struct souk_scorer *s, struct souk_scorer_scratch *t,
                                 int64_t at)
{
    const struct souk_visitors *v = s->visitors;
    const int64_t first = at < 0 ? 0 : v->history_offsets[at];
    const int64_t seen = at < 0 ? 0 : v->history_offsets[at + 1] - first;
    const int64_t *own = seen > 0 ? v->history + first : NULL;
    struct souk_scan scan = {.exclude = t->exclude};
    scan.exclude_count = list_excluded(s, own, s->rule->include_seen ? 0 : seen, t->exclude);
    if (s->rule->by.order != SOUK_ORDER_MODEL || at < 0 || !v->is_known[at])
        return scan;
    const float *weight = v->has_weights ? v->history_weight + first : NULL;
    if (v->has_vector[at])
        scan.vector = v->vectors + at * v->stride;
    if (s->shard->model->neighbours > 0 && souk_neighbours_can_score(weight, seen)) {
        scan.history = own;
        scan.history_weight = weight;
        scan.history_count = seen;
    }
    return scan;
}

static bool is_staged(const struct souk_scorer *s, int64_t at)
{
    return at >= 0 && s->rule->candidates && souk_ordering_is_staged(&s->rule->by) &&
           s->rule->candidates->profiles[at].count > 0;
}

/* Scores of the case's candidates in this part, NaN where it may not be offered.
 * @return how many; t->candidate has them */
static int64_t score_candidates(const struct souk_scorer *s, struct souk_scorer_scratch *t,
                                int64_t at, float *score)
{
    const struct souk_candidates *c = s->rule->candidates;
    const struct souk_stage_ranker *ranker = s->rule->ranker;
    int64_t first = 0;
    const int64_t n = souk_candidates_in_part(c, at, part_of(s)->part, t->candidate, &first);
    if (s->rule->scores) {
        memcpy(score, s->rule->scores + first, (size_t)n * sizeof *score);
        return n;
    }
    souk_stage_features(&s->stage, &c->profiles[at], c->weights[at], souk_candidates_best(c, at),
                        t->candidate, n, t->feature);
    souk_ordering_score_rows(&s->rule->by, ranker, t->feature, n, &t->stage, score);
    for (int64_t i = 0; i < n; i++)
        if (souk_rows_contain(s->banned, s->banned_count, first_row(s) + t->candidate[i]))
            score[i] = NAN;
    return n;
}

static void offer_candidates(const struct souk_scorer *s, struct souk_scorer_scratch *t, int64_t at,
                             struct souk_topk *list)
{
    const int64_t n = score_candidates(s, t, at, t->score);
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(t->score[i]))
            continue;
        const struct souk_hit hit = {.score = t->score[i],
                                     .item = first_row(s) + t->candidate[i],
                                     .id = souk_idtable_get(&part_of(s)->items, t->candidate[i])};
        souk_topk_offer(list, &hit);
    }
}

/* The same, where the caller expects every item's score. */
static void spread_candidates(const struct souk_scorer *s, struct souk_scorer_scratch *t,
                              int64_t at)
{
    const int64_t n = score_candidates(s, t, at, t->stand_in);
    for (int64_t i = 0; i < part_of(s)->items.count; i++)
        t->score[i] = NAN;
    for (int64_t i = 0; i < n; i++)
        t->score[t->candidate[i]] = t->stand_in[i];
}

void souk_scorer_offer(const struct souk_scorer *s, struct souk_scorer_scratch *t, int64_t at,
                       struct souk_topk *list)
{
    if (is_staged(s, at)) {
        offer_candidates(s, t, at, list);
        return;
    }
    const struct souk_scan scan = scan_for(s, t, at);
    souk_shard_scan(shard_for(s, t, at), &scan, list);
}

void souk_scorer_score(const struct souk_scorer *s, struct souk_scorer_scratch *t, int64_t at)
{
    if (is_staged(s, at)) {
        spread_candidates(s, t, at);
        return;
    }
    const struct souk_scan scan = scan_for(s, t, at);
    souk_shard_score(shard_for(s, t, at), 0, &scan, t->score);
}
