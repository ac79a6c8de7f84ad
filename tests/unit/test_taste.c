/* What a visitor likes: popular items of the categories of a history, or of preferences. */
#include "shared/score/taste.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "tests/support/small_stages.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 120, CUT = 50, COLUMNS = 4, KIND = 0, SHADE = 1, USERS = 0, VALUE = 1 };

static struct souk_model model;
static int64_t item_first[3] = {0, CUT, ITEMS};
static struct souk_model_part parts[2];
static float facts[COLUMNS][ITEMS]; /* of all items */
static struct souk_taste taste;
static struct souk_taste_columns columns;
static const char *const names[] = {"users_28d", "mean_value", "kind.users_28d", "shade.users_28d"};

/* Users of an item, some none; of all items with its value; values, some not known. */
static void fill_facts(void)
{
    for (int i = 0; i < ITEMS; i++) {
        const uint64_t bits = souk_random_bits(2, 0, (uint64_t)i);
        facts[USERS][i] = (float)(bits % 40) / 4;
        facts[VALUE][i] = bits % 5 == 0 ? NAN : (float)(1 + (bits >> 8) % 64) / 8;
    }
    for (int l = 0; l < 2; l++)
        for (int i = 0; i < ITEMS; i++) {
            const int32_t value = souk_level_of(&model.stages.levels, l, i);
            float sum = 0;
            for (int j = 0; j < ITEMS; j++)
                if (souk_level_of(&model.stages.levels, l, j) == value)
                    sum += facts[USERS][j];
            facts[2 + l][i] = value < 0 ? NAN : sum;
        }
}

static void make_part(int p)
{
    const int64_t count = item_first[p + 1] - item_first[p];
    parts[p] = (struct souk_model_part){.part = p};
    cr_assert_eq(souk_idtable_init(&parts[p].items, count, 8), SOUK_OK);
    parts[p].columns = souk_alloc_array((size_t)(COLUMNS * count), sizeof(float));
    cr_assert_not_null(parts[p].columns);
    for (int64_t i = 0; i < count; i++)
        snprintf(parts[p].items.bytes + i * parts[p].items.stride, 8, "i%03d",
                 (int)(item_first[p] + i));
    for (int c = 0; c < COLUMNS; c++)
        memcpy(parts[p].columns + c * count, &facts[c][item_first[p]],
               (size_t)count * sizeof(float));
}

static void make_shop(void)
{
    model = (struct souk_model){
        .parts = 2, .item_first = item_first, .stages = {.column_count = COLUMNS}};
    cr_assert_eq(small_stages_sort(3, ITEMS, &model.stages.levels), SOUK_OK);
    for (int c = 0; c < COLUMNS; c++)
        strcpy(model.stages.columns[c], names[c]);
    fill_facts();
    for (int p = 0; p < 2; p++)
        make_part(p);
    souk_taste_init(&taste);
    cr_assert(souk_taste_columns_of(&model.stages, &columns));
}

static void free_shop(void)
{
    for (int p = 0; p < 2; p++)
        souk_model_part_fini(&parts[p]);
    souk_levels_fini(&model.stages.levels);
    souk_taste_fini(&taste);
}

TestSuite(taste, .init = make_shop, .fini = free_shop);

static float score_of(int64_t item)
{
    const int p = item >= CUT;
    return souk_taste_score(&taste, &model, &columns, &parts[p], item - item_first[p]);
}

static int32_t value_named(int level, const char *text)
{
    const int32_t value = souk_level_find(&model.stages.levels.of[level], text, strlen(text));
    cr_assert_geq(value, 0);
    return value;
}

/* The score by its definition, of shares by level and value. */
static double plain_score(const double *shares[2], double price, int64_t item)
{
    double sum = 0;
    for (int l = 0; l < 2; l++) {
        const int32_t value = souk_level_of(&model.stages.levels, l, item);
        if (value >= 0 && facts[2 + l][item] > 0)
            sum += shares[l][value] * (double)facts[USERS][item] / (double)facts[2 + l][item];
    }
    const double mean = (double)facts[VALUE][item];
    return isnan(price) ? sum : sum * (isnan(mean) ? .5 : fmin(mean / price, price / mean));
}

static void expect_scores(const double *shares[2], double price)
{
    int liked = 0;
    for (int64_t i = 0; i < ITEMS; i++) {
        const double want = plain_score(shares, price, i);
        cr_expect_float_eq((double)score_of(i), want, 1e-6 * want, "item %d: %g, not %g", (int)i,
                           (double)score_of(i), want);
        liked += want > 0;
    }
    cr_assert(liked > 0 && liked < ITEMS);
}

Test(taste, preferences_name_popular_items_of_their_categories)
{
    static const char *const wishes[] = {"kind=v1", "v7", "v8", "v7", "no such thing", "kind=v99"};
    double kind[9] = {0}, shade[3] = {0};
    const double *shares[2] = {kind, shade};
    int64_t unknown = -1;
    kind[value_named(KIND, "v1")] = kind[value_named(KIND, "v7")] = kind[value_named(KIND, "v8")] =
        1. / 3;
    for (int i = 0; i < 2; i++) {
        const float price = i ? 2.5F : NAN;
        cr_assert_eq(
            souk_taste_of_preferences(&taste, &model.stages.levels, wishes, 6, price, &unknown),
            SOUK_OK);
        cr_expect_eq(unknown, 2);
        expect_scores(shares, (double)price);
    }
}

/* A value of both levels counts at both. */
Test(taste, a_name_is_sought_at_every_level)
{
    static const char *const wish[] = {"v1"};
    double kind[9] = {0}, shade[3] = {0};
    const double *shares[2] = {kind, shade};
    int64_t unknown = -1;
    kind[value_named(KIND, "v1")] = shade[value_named(SHADE, "v1")] = 1;
    cr_assert_eq(souk_taste_of_preferences(&taste, &model.stages.levels, wish, 1, NAN, &unknown),
                 SOUK_OK);
    cr_expect_eq(unknown, 0);
    expect_scores(shares, NAN);
}

Test(taste, without_a_category_what_is_popular_and_near_the_price)
{
    static const char *const wish[] = {"nothing of the kind"};
    int64_t unknown = -1;
    for (int named = 0; named < 2; named++) {
        cr_assert_eq(
            souk_taste_of_preferences(&taste, &model.stages.levels, wish, named, 4, &unknown),
            SOUK_OK);
        cr_expect_eq(unknown, named);
        for (int64_t i = 0; i < ITEMS; i++) {
            const double mean = (double)facts[VALUE][i];
            const double want =
                (double)facts[USERS][i] * (isnan(mean) ? .5 : fmin(mean / 4, 4 / mean));
            cr_expect_float_eq((double)score_of(i), want, 1e-6 * want);
        }
    }
}

Test(taste, too_many_preferences_are_refused)
{
    static const char *many[1001];
    int64_t unknown;
    for (int i = 0; i < 1001; i++)
        many[i] = "v1";
    cr_expect_eq(souk_taste_of_preferences(&taste, &model.stages.levels, many, 1001, NAN, &unknown),
                 SOUK_ELIMIT);
    cr_expect_eq(souk_taste_of_preferences(&taste, &model.stages.levels, many, 1000, NAN, &unknown),
                 SOUK_OK);
    cr_expect_eq(taste.first[2], 2);
}

/* ---- of a history ---- */

static void fill_profile(struct souk_profile *profile)
{
    static const int64_t item[] = {4, 90, 4, 17, 55, 119}, day = 86400000;
    static const int64_t ms[] = {0, 3 * day, 9 * day, 20 * day, 20 * day, 27 * day};
    static const uint8_t type[6] = {0};
    static const float value[6] = {0};
    model.stages.type_count = 1;
    model.stages.types[0].weight = 1;
    const struct souk_visit visit = {6, item, ms, type, value, &model.stages};
    souk_profile_init(profile);
    cr_assert_eq(souk_profile_fill(profile, &visit, 30 * day), SOUK_OK);
}

Test(taste, a_history_likes_what_it_bought_of_late)
{
    struct souk_profile profile;
    double kind[9] = {0}, shade[3] = {0}, totals[2] = {0};
    double *shares[2] = {kind, shade};
    fill_profile(&profile);
    for (int l = 0; l < 2; l++) {
        for (int64_t i = 0; i < profile.count; i++) {
            const int32_t v = souk_level_of(&model.stages.levels, l, profile.item[i]);
            if (v < 0)
                continue;
            shares[l][v] += (double)profile.facts[i].recent;
            totals[l] += (double)profile.facts[i].recent;
        }
        for (int64_t v = 0; v < model.stages.levels.of[l].values; v++)
            shares[l][v] /= totals[l];
    }
    souk_taste_of_profile(&taste, &profile);
    const double *const_shares[2] = {kind, shade};
    expect_scores(const_shares, NAN);
    souk_profile_fini(&profile);
}

Test(taste, a_list_holds_the_best_of_all_parts_without_what_was_seen)
{
    struct souk_profile profile;
    struct souk_topk list;
    int64_t liked = 0;
    fill_profile(&profile);
    souk_taste_of_profile(&taste, &profile);
    cr_assert_eq(souk_topk_init(&list, 10), SOUK_OK);
    for (int p = 0; p < 2; p++)
        souk_taste_scan(&taste, &model, &columns, &parts[p], &profile, &list);
    souk_topk_sort(&list);
    cr_assert_eq(list.count, 10);
    for (int64_t i = 0; i < ITEMS; i++)
        liked += souk_profile_find(&profile, i) < 0 && score_of(i) > list.hits[9].score;
    cr_expect_leq(liked, 9);
    for (int h = 0; h < list.count; h++) {
        cr_expect_eq(list.hits[h].score, score_of(list.hits[h].item));
        cr_expect_lt(souk_profile_find(&profile, list.hits[h].item), 0);
    }
    souk_topk_fini(&list);
    souk_profile_fini(&profile);
}

/* ---- relatives in the tree ---- */

Test(taste, relatives_count_half_at_each_step)
{
    strcpy(model.stages.levels.of[KIND].name, "category");
    strcpy(model.stages.levels.of[SHADE].name, "category_1");
    strcpy(model.stages.columns[2], "category.users_28d");
    strcpy(model.stages.columns[3], "category_1.users_28d");
    cr_assert(souk_taste_columns_of(&model.stages, &columns));
    cr_expect_eq(columns.weight[KIND], 1);
    cr_expect_eq(columns.weight[SHADE], .5F, "the parent, in a tree of two");
    strcpy(model.stages.levels.of[KIND].name, "category_2");
    cr_assert(souk_taste_columns_of(&model.stages, &columns));
    cr_expect_eq(columns.weight[KIND], 0, "its column is not there");
    cr_expect_eq(columns.weight[SHADE], .25F, "two steps up");
    strcpy(model.stages.columns[0], "users");
    cr_expect_not(souk_taste_columns_of(&model.stages, &columns));
}
