/* Candidates and features of a visitor: those of plain double loops, however items are spread. */
#include "shared/score/stagescan.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "tests/support/small_model.h"
#include "tests/support/small_stages.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 700, PARTS_MAX = 4, EVENTS_MAX = 90, SOURCES = 2 };

/* The same items in 1, 2 and 4 parts: blocks are cut in two, one part is empty. */
static const struct cut {
    int parts;
    int64_t first[PARTS_MAX + 1];
} cuts[] = {{1, {0, ITEMS}}, {2, {0, 333, ITEMS}}, {4, {0, 0, 256, 600, ITEMS}}};
enum { CUTS = sizeof cuts / sizeof cuts[0] };

/* A model cut: parts that look into the arrays of the whole. */
struct pieces {
    struct souk_model model;
    int64_t first[PARTS_MAX + 1];
    struct souk_model_part part[PARTS_MAX];
    struct souk_stage_part stage[PARTS_MAX];
};

static struct souk_model_stages stages;
static struct souk_model_part whole;
static struct souk_stage_rules rules;
static struct souk_profile profile;
static float weight[SOURCES * EVENTS_MAX];
static struct souk_categories categories;
static struct souk_item_filter filter; /* open as long as it lets all through */
static char model_path[] = "m";

static void make_whole(void)
{
    const struct small_model m = {
        .users = 3, .items = ITEMS, .parts = 1, .seed = 4, .stages = true};
    struct souk_error err;
    cr_assert_eq(small_stages_name(&stages), SOUK_OK);
    cr_assert_eq(small_stages_sort(4, ITEMS, &stages.levels), SOUK_OK);
    cr_assert_eq(small_model_fill_part(&m, &whole), SOUK_OK);
    const struct souk_model model = {.path = model_path, .stages = stages};
    cr_assert_eq(souk_stage_rules_of(&model, &rules, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(rules.source_count, SOURCES);
    souk_profile_init(&profile);
}

static void free_whole(void)
{
    souk_profile_fini(&profile);
    souk_model_part_fini(&whole);
    free(stages.rules_json);
    souk_levels_fini(&stages.levels);
}

TestSuite(stagescan, .init = make_whole, .fini = free_whole);

/* ---- a visitor ---- */

/* Events on random items, on the first and the last one, and beside the border of two blocks. */
static void take_visitor(uint64_t seed, int64_t events)
{
    static const int64_t always[] = {0, 255, 256, 332, 333, ITEMS - 1};
    enum { ALWAYS = sizeof always / sizeof always[0] };
    int64_t item[EVENTS_MAX], ms[EVENTS_MAX];
    uint8_t type[EVENTS_MAX];
    float value[EVENTS_MAX];
    for (int64_t e = 0; e < events; e++) {
        const uint64_t bits = souk_random_bits(seed, 0, (uint64_t)e);
        item[e] = e < ALWAYS && events > ALWAYS ? always[e] : (int64_t)(bits >> 8) % ITEMS;
        ms[e] = 1600000000000 + e * 7654321;
        type[e] = bits % 4 == 0;
        value[e] = type[e] ? (float)(bits >> 48) / 3 : 0;
    }
    const struct souk_visit visit = {events, item, ms, type, value, &stages};
    cr_assert_eq(souk_profile_fill(&profile, &visit, 1600000000000 + EVENTS_MAX * 7654321),
                 SOUK_OK);
    souk_stage_weigh(&rules, &profile, weight);
}

/* ---- cutting the whole ---- */

static void cut_source(struct souk_source_rows *out, const struct souk_source_rows *of,
                       int64_t begin, int64_t count)
{
    out->offsets = souk_alloc_array((size_t)count + 1, sizeof *out->offsets);
    cr_assert_not_null(out->offsets);
    for (int64_t i = 0; i <= count; i++)
        out->offsets[i] = of->offsets[begin + i] - of->offsets[begin];
    out->item = of->item + of->offsets[begin];
    out->weight = of->weight + of->offsets[begin];
}

static void cut_days(struct souk_day_rows *out, int64_t begin, int64_t count)
{
    const struct souk_day_rows *of = &whole.days;
    out->offsets = souk_alloc_array((size_t)count + 1, sizeof *out->offsets);
    cr_assert_not_null(out->offsets);
    for (int64_t i = 0; i <= count; i++)
        out->offsets[i] = of->offsets[begin + i] - of->offsets[begin];
    out->day = of->day + of->offsets[begin];
    out->users = of->users + of->offsets[begin];
}

static void cut_part(struct souk_model_part *out, int number, int64_t begin, int64_t end)
{
    const int64_t count = end - begin;
    *out = (struct souk_model_part){.part = number, .items = whole.items};
    out->items.count = count;
    out->items.bytes += begin * whole.items.stride;
    out->category = whole.category ? whole.category + begin : NULL;
    for (int s = 0; s < SOURCES; s++)
        cut_source(&out->sources[s], &whole.sources[s], begin, count);
    out->columns = souk_alloc_array((size_t)(count * stages.column_count), sizeof *out->columns);
    cr_assert_not_null(out->columns);
    for (int c = 0; c < stages.column_count; c++)
        memcpy(out->columns + c * count, whole.columns + c * ITEMS + begin,
               (size_t)count * sizeof *out->columns);
    cut_days(&out->days, begin, count);
}

static void make_pieces(struct pieces *p, const struct cut *cut)
{
    struct souk_error err;
    memcpy(p->first, cut->first, sizeof p->first);
    p->model = (struct souk_model){
        .path = model_path, .parts = cut->parts, .item_first = p->first, .stages = stages};
    p->model.categories = categories;
    for (int i = 0; i < cut->parts; i++) {
        cut_part(&p->part[i], i, cut->first[i], cut->first[i + 1]);
        cr_assert_eq(souk_stage_part_init(&p->stage[i], &p->model, &rules, &p->part[i], &err),
                     SOUK_OK, "%s", err.msg);
    }
}

static void free_pieces(struct pieces *p)
{
    for (int i = 0; i < p->model.parts; i++) {
        souk_stage_part_fini(&p->stage[i]);
        for (int s = 0; s < SOURCES; s++)
            free(p->part[i].sources[s].offsets);
        free(p->part[i].columns);
        free(p->part[i].days.offsets);
    }
}

/* ---- plain loops ---- */

/* Each product is rounded to float32, then added, the profile's items ascending. */
static float plain_score(int source, int64_t item)
{
    const struct souk_source_rows *rows = &whole.sources[source];
    float sum = 0;
    for (int64_t h = 0; h < profile.count; h++)
        for (int64_t at = rows->offsets[item]; at < rows->offsets[item + 1]; at++)
            if (rows->item[at] == profile.item[h]) {
                const volatile float product =
                    weight[source * profile.count + h] * rows->weight[at];
                sum += product;
            }
    return sum;
}

static float column(int c, int64_t item)
{
    return whole.columns[c * ITEMS + item];
}

/* Of an item in a list: by source and lift, or of the popular. */
static float plain_value(int list, int64_t item)
{
    const int source = list / 2;
    if (list == 2 * SOURCES)
        return column(rules.popular_column, item);
    if (list == 2 * SOURCES + 1) {
        const int64_t at = souk_profile_find(&profile, item);
        return at < 0 ? 0 : profile.facts[at].events + 1 / (1 + profile.facts[at].idle_days);
    }
    const int lift = rules.sources[source].lift_column;
    const float score = plain_score(source, item);
    return list % 2 == 0 || lift < 0 ? score : score * column(lift, item);
}

static int compare_hits(const void *a, const void *b)
{
    return souk_hit_before(a, b) ? -1 : 1;
}

/* @param hits [ITEMS], best first @return their number: what is above 0 and may be offered */
static int plain_list(int list, bool include_seen, struct souk_hit *hits)
{
    int count = 0;
    for (int64_t i = 0; i < ITEMS; i++) {
        const float value = plain_value(list, i);
        const bool wanted = !filter.category || (whole.category[i] >= 0 && whole.category[i] != 1);
        if (wanted && value > 0 && (include_seen || souk_profile_find(&profile, i) < 0))
            hits[count++] = (struct souk_hit){value, i, souk_idtable_get(&whole.items, i)};
    }
    qsort(hits, (size_t)count, sizeof *hits, compare_hits);
    return count;
}

/* ---- candidates ---- */

/* Scan each part into lists of its own and unite them, as ranks and replicas do. */
static void scan_pieces(const struct pieces *p, bool include_seen, struct souk_topk *united)
{
    struct souk_topk own[SOUK_STAGE_LISTS_MAX];
    const int lists = souk_stage_lists(&rules);
    for (int l = 0; l < lists; l++) {
        cr_assert_eq(souk_topk_init(&united[l], souk_stage_quota(&rules, l)), SOUK_OK);
        cr_assert_eq(souk_topk_init(&own[l], souk_stage_quota(&rules, l)), SOUK_OK);
    }
    for (int i = 0; i < p->model.parts; i++) {
        souk_stage_scan(&p->stage[i], &profile, weight, include_seen,
                        filter.category ? &filter : NULL, own);
        for (int l = 0; l < lists; l++) {
            for (int h = 0; h < own[l].count; h++)
                souk_topk_offer(&united[l], &own[l].hits[h]);
            souk_topk_clear(&own[l]);
        }
    }
    for (int l = 0; l < lists; l++) {
        souk_topk_sort(&united[l]);
        souk_topk_fini(&own[l]);
    }
}

static void expect_list(const struct souk_topk *got, int list, bool include_seen)
{
    struct souk_hit want[ITEMS];
    const int all = plain_list(list, include_seen, want);
    const int quota = souk_stage_quota(&rules, list);
    cr_assert_eq(got->count, all < quota ? all : quota, "list %d: %d of %d", list, got->count, all);
    for (int h = 0; h < got->count; h++) {
        cr_expect_eq(got->hits[h].item, want[h].item, "list %d position %d", list, h);
        cr_expect_eq(got->hits[h].score, want[h].score, "list %d position %d", list, h);
        cr_expect_str_eq(got->hits[h].id, want[h].id);
    }
}

/* @return hits over all lists of the last cut */
static int expect_plain_lists(bool include_seen)
{
    int hits = 0;
    for (int c = 0; c < CUTS; c++) {
        struct pieces pieces = {0};
        struct souk_topk lists[SOUK_STAGE_LISTS_MAX];
        make_pieces(&pieces, &cuts[c]);
        scan_pieces(&pieces, include_seen, lists);
        hits = 0;
        for (int l = 0; l < souk_stage_lists(&rules); l++) {
            expect_list(&lists[l], l, include_seen);
            hits += lists[l].count;
            souk_topk_fini(&lists[l]);
        }
        free_pieces(&pieces);
    }
    return hits;
}

Test(stagescan, united_lists_are_those_of_plain_loops)
{
    for (uint64_t seed = 0; seed < 3; seed++) {
        take_visitor(seed, 20 + 30 * (int64_t)seed);
        cr_expect_eq(expect_plain_lists(false), 2 * 20 + 2 * 12 + 15, "every list is full");
        expect_plain_lists(true);
    }
}

Test(stagescan, a_visitor_without_events_is_offered_what_is_popular)
{
    take_visitor(0, 0);
    cr_expect_eq(expect_plain_lists(false), 15);
}

Test(stagescan, lists_hold_what_is_above_0)
{
    take_visitor(5, 1);
    rules.sources[0].quota = rules.sources[1].quota = rules.popular_quota = ITEMS;
    const int hits = expect_plain_lists(false);
    cr_expect_gt(hits, ITEMS / 2);
    cr_expect_lt(hits, 3 * ITEMS);
}

Test(stagescan, quotas_are_of_each_list)
{
    take_visitor(6, 40);
    rules.sources[0].quota = 0;
    rules.sources[1].quota = 1;
    rules.popular_quota = 3;
    const int want[] = {0, 0, 1, 1, 3, 10};
    cr_assert_eq(souk_stage_lists(&rules), 6);
    for (int l = 0; l < 6; l++)
        cr_expect_eq(souk_stage_quota(&rules, l), want[l]);
    cr_expect_eq(expect_plain_lists(false), 0 + 2 * 1 + 3);
}

Test(stagescan, seen_items_are_not_offered_unless_asked_for)
{
    struct pieces pieces = {0};
    struct souk_topk lists[SOUK_STAGE_LISTS_MAX];
    take_visitor(7, EVENTS_MAX);
    rules.popular_quota = ITEMS;
    make_pieces(&pieces, &cuts[2]);
    for (int include = 0; include < 2; include++) {
        int64_t seen = 0;
        scan_pieces(&pieces, include, lists);
        for (int l = 0; l < souk_stage_lists(&rules); l++) {
            for (int h = 0; h < lists[l].count; h++)
                seen += souk_profile_find(&profile, lists[l].hits[h].item) >= 0;
            souk_topk_fini(&lists[l]);
        }
        cr_expect_eq(seen > 0, include);
    }
    free_pieces(&pieces);
}

/* The tree: 0 with the child 2, and 1. Item i is of none, 0, 1 or 2. */
Test(stagescan, items_of_other_categories_are_not_offered)
{
    static int32_t parents[] = {-1, -1, 0}, depths[] = {1, 1, 2};
    whole.category = souk_alloc_array(ITEMS, sizeof *whole.category);
    cr_assert_not_null(whole.category);
    for (int i = 0; i < ITEMS; i++)
        whole.category[i] = (int32_t)(souk_random_bits(5, 1, (uint64_t)i) % 4) - 1;
    take_visitor(9, 40);
    categories = (struct souk_categories){.ids = {.count = 3}, .parent = parents, .depth = depths};
    souk_item_filter_init(&filter);
    cr_assert_eq(souk_item_filter_by_category(&filter, &categories, &(int32_t){0}, 1), SOUK_OK);
    cr_expect_gt(expect_plain_lists(false), 0);
    expect_plain_lists(true);
    souk_item_filter_fini(&filter);
}

Test(stagescan, weights_are_those_of_each_source)
{
    take_visitor(8, 50);
    for (int s = 0; s < SOURCES; s++) {
        souk_profile_weigh(&profile, &rules.sources[s].history);
        for (int64_t i = 0; i < profile.count; i++)
            cr_expect_eq(weight[s * profile.count + i], profile.weight[i]);
    }
}

/* ---- features ---- */

static void fill_best(float *best)
{
    struct souk_hit hits[ITEMS];
    for (int l = 0; l < 2 * SOURCES; l++)
        best[l] = plain_list(l, false, hits) > 0 ? hits[0].score : 0;
}

/* Every third item or so, those beside the cuts too. @return their number */
static int64_t draw_items(int64_t *item)
{
    int64_t count = 0;
    for (int64_t i = 0; i < ITEMS; i++)
        if (souk_random_bits(31, 0, (uint64_t)i) % 3 == 0 || i % 256 == 0 || i % 256 == 255)
            item[count++] = i;
    return count;
}

/* Each part fills the rows of its own items. @param out [count x features] */
static void piece_features(const struct pieces *p, const float *best, const int64_t *item,
                           int64_t count, float *out)
{
    const int features = souk_feature_count(&stages);
    int64_t at = 0;
    for (int i = 0; i < p->model.parts; i++) {
        int64_t own[ITEMS], n = 0;
        while (at + n < count && item[at + n] < p->first[i + 1]) {
            own[n] = item[at + n] - p->first[i];
            n++;
        }
        souk_stage_features(&p->stage[i], &profile, weight, best, own, n, out + at * features);
        at += n;
    }
    cr_assert_eq(at, count);
}

/* @return index of a feature by its name; fails where there is none */
static int feature_named(const char *wanted)
{
    char name[2 * SOUK_NAME_MAX_BYTES];
    for (int f = 0; f < souk_feature_count(&stages); f++) {
        souk_feature_name(&stages, f, name, sizeof name);
        if (strcmp(name, wanted) == 0)
            return f;
    }
    cr_assert_fail("no feature %s", wanted);
    return -1;
}

static void expect_feature(const float *row, const char *name, float want)
{
    const float got = row[feature_named(name)];
    cr_expect(got == want || (isnan(got) && isnan(want)), "%s: %g, not %g", name, (double)got,
              (double)want);
}

/* What a source's score is made of. */
static void expect_support(const float *row, int source, int64_t item, const char *items,
                           const char *strongest)
{
    const struct souk_source_rows *rows = &whole.sources[source];
    float supporters = 0, largest = 0;
    for (int64_t h = 0; h < profile.count; h++) {
        for (int64_t at = rows->offsets[item]; at < rows->offsets[item + 1]; at++) {
            const float product = weight[source * profile.count + h] * rows->weight[at];
            if (rows->item[at] != profile.item[h] || !(product > 0))
                continue;
            supporters++;
            largest = fmaxf(largest, product);
        }
    }
    expect_feature(row, items, supporters);
    expect_feature(row, strongest, supporters > 0 ? largest / plain_value(2 * source, item) : 0);
}

/* What the visitor did with the items that share a value with the item. */
static void expect_category(const float *row, int level, int64_t item)
{
    char name[2 * SOUK_NAME_MAX_BYTES];
    const char *of = stages.levels.of[level].name;
    const int32_t value = stages.levels.value[level * ITEMS + item];
    float items = 0, recent = 0, spent = 0, count = 0;
    for (int64_t i = 0; i < profile.count; i++) {
        if (stages.levels.value[level * ITEMS + profile.item[i]] != value)
            continue;
        items++;
        recent += profile.facts[i].recent;
        spent += profile.facts[i].value;
        count += profile.facts[i].valued;
    }
    snprintf(name, sizeof name, "category.%s.items", of);
    expect_feature(row, name, value < 0 ? NAN : items);
    snprintf(name, sizeof name, "category.%s.recent", of);
    expect_feature(row, name, value < 0 ? NAN : recent);
    const float mean = column(rules.value_column, item);
    snprintf(name, sizeof name, "category.%s.price", of);
    expect_feature(row, name, value >= 0 && spent > 0 && mean > 0 ? mean / (spent / count) : NAN);
}

/* Every day of the visitor against every day of the item. */
static void expect_days(const float *row, int64_t item)
{
    const struct souk_day_rows *days = &whole.days;
    float gap = INFINITY, last_gap = INFINITY, peers = 0;
    for (int64_t at = days->offsets[item]; at < days->offsets[item + 1]; at++) {
        float own = INFINITY;
        for (int64_t v = 0; v < profile.days; v++) {
            own = fminf(own, (float)llabs(profile.day[v] - days->day[at]));
            if (v == profile.days - 1)
                last_gap = fminf(last_gap, (float)llabs(profile.day[v] - days->day[at]));
        }
        gap = fminf(gap, own);
        peers += own <= 1 ? (float)days->users[at] : 0;
    }
    expect_feature(row, "days.gap", isinf(gap) ? NAN : gap);
    expect_feature(row, "days.last_gap", isinf(gap) ? NAN : last_gap);
    expect_feature(row, "days.peers", isinf(gap) ? NAN : peers);
}

/* A row, feature by feature, from the whole. */
static void expect_row(const float *row, int64_t item, const float *best)
{
    const int64_t at = souk_profile_find(&profile, item);
    const struct souk_profile_item *pair = at < 0 ? NULL : &profile.facts[at];
    expect_feature(row, "item.popularity", column(0, item));
    expect_feature(row, "item.trend", column(1, item));
    expect_feature(row, "item.age_days", column(2, item));
    expect_feature(row, "user.events", profile.events);
    expect_feature(row, "user.items", (float)profile.count);
    expect_feature(row, "user.sessions", profile.sessions);
    expect_feature(row, "user.targets", profile.targets);
    expect_feature(row, "user.recent_events", profile.recent_events);
    expect_feature(row, "user.age_days", profile.age_days);
    expect_feature(row, "user.idle_days", profile.idle_days);
    expect_feature(row, "user.mean_value", profile.mean_value);
    expect_feature(row, "pair.events", pair ? pair->events : NAN);
    expect_feature(row, "pair.targets", pair ? pair->targets : NAN);
    expect_feature(row, "pair.idle_days", pair ? pair->idle_days : NAN);
    expect_feature(row, "pair.recent", pair ? pair->recent : NAN);
    cr_expect_eq(souk_feature_repeat(&stages, row), plain_value(2 * SOURCES + 1, item));
    expect_feature(row, "source.signed", best[0] > 0 ? plain_value(0, item) / best[0] : 0);
    expect_feature(row, "source.signed.lifted", best[1] > 0 ? plain_value(1, item) / best[1] : 0);
    expect_feature(row, "source.coarse", best[2] > 0 ? plain_value(2, item) / best[2] : 0);
    expect_feature(row, "source.coarse.lifted", best[3] > 0 ? plain_value(3, item) / best[3] : 0);
    expect_days(row, item);
    expect_support(row, 0, item, "source.signed.items", "source.signed.strongest");
    expect_support(row, 1, item, "source.coarse.items", "source.coarse.strongest");
    for (int level = 0; level < stages.levels.count; level++)
        expect_category(row, level, item);
}

static void expect_same_rows_of_all_cuts(void)
{
    const int features = souk_feature_count(&stages);
    const size_t bytes = sizeof(float) * ITEMS * (size_t)features;
    float *const one = souk_zalloc_array(1, bytes), *const other = souk_zalloc_array(1, bytes);
    float best[2 * SOURCES];
    int64_t item[ITEMS];
    const int64_t count = draw_items(item);
    cr_assert(one && other);
    fill_best(best);
    for (int c = 0; c < CUTS; c++) {
        struct pieces pieces = {0};
        make_pieces(&pieces, &cuts[c]);
        piece_features(&pieces, best, item, count, c == 0 ? one : other);
        if (c > 0)
            cr_expect_eq(memcmp(one, other, bytes), 0, "%d parts", cuts[c].parts);
        free_pieces(&pieces);
    }
    for (int64_t i = 0; i < count; i++)
        expect_row(one + i * features, item[i], best);
    free(one);
    free(other);
}

Test(stagescan, features_have_the_same_bits_in_any_part)
{
    take_visitor(11, 60);
    expect_same_rows_of_all_cuts();
    take_visitor(12, 1);
    expect_same_rows_of_all_cuts();
}

Test(stagescan, features_of_a_visitor_without_events)
{
    take_visitor(0, 0);
    expect_same_rows_of_all_cuts();
}

Test(stagescan, every_feature_has_a_name_of_its_own)
{
    const int features = souk_feature_count(&stages);
    char name[64][2 * SOUK_NAME_MAX_BYTES];
    cr_assert_eq(features, 32, "those that expect_row() names");
    for (int f = 0; f < features; f++) {
        souk_feature_name(&stages, f, name[f], sizeof name[f]);
        for (int g = 0; g < f; g++)
            cr_expect_str_neq(name[f], name[g]);
    }
    cr_expect_str_eq(name[souk_feature_of_source(&stages, 0, false)], "source.signed");
    cr_expect_str_eq(name[souk_feature_of_source(&stages, 1, true)], "source.coarse.lifted");
    cr_expect_leq(features, SOUK_STAGE_FEATURES_MAX);
}

Test(stagescan, the_largest_model_has_room_for_its_features)
{
    const struct souk_model_stages largest = {.source_count = SOUK_SOURCES_MAX,
                                              .column_count = SOUK_COLUMNS_MAX,
                                              .levels = {.count = SOUK_LEVELS_MAX}};
    cr_expect_leq(souk_feature_count(&largest), SOUK_STAGE_FEATURES_MAX);
}
