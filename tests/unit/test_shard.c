#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/base/staging.h"
#include "shared/math/dot.h"
#include "shared/score/shard.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A model of 1,100 items in 7 parts, with a tree of 6 categories; written once, opened by each
 * test. */
enum { PARTS = 7, ITEMS = 1100, FACTORS = 20, STRIDE = 32, CATEGORIES = 6, USERS = 10 };

struct thing {
    char id[16];
    int part, number;
};

static char folder[] = "/tmp/souk-test-shard-XXXXXX";
static struct thing items[ITEMS], users[USERS];
static int64_t item_first[PARTS + 1], user_first[PARTS + 1];
static float factors[ITEMS][STRIDE]; /* by model row */
static float popularity[ITEMS];
static int32_t category[ITEMS];
static double price[ITEMS], available[ITEMS]; /* NaN: not known */
static const int32_t parents[CATEGORIES] = {-1, 0, 0, 1, -1, 4};
static const char *titles[] = {"", "a", "bb"}; /* of item i the one of i mod 3 */
static double worst = 19;                      /* the highest price */
static struct souk_model *model;

static int compare_things(const void *a, const void *b)
{
    const struct thing *x = a, *y = b;
    return x->part != y->part ? x->part - y->part : strcmp(x->id, y->id);
}

static void make_things(struct thing *things, int count, char letter, int64_t *first)
{
    for (int i = 0; i < count; i++) {
        snprintf(things[i].id, sizeof things[i].id, "%c%d", letter, i);
        things[i].number = i;
        things[i].part = souk_part_of(souk_hash_bytes(things[i].id, strlen(things[i].id)), PARTS);
        first[things[i].part + 1]++;
    }
    for (int p = 0; p < PARTS; p++)
        first[p + 1] += first[p];
    qsort(things, (size_t)count, sizeof *things, compare_things);
}

/* Coarse values, so that scores tie; item 7 is the zero vector. */
static void make_items(void)
{
    make_things(items, ITEMS, 'i', item_first);
    make_things(users, USERS, 'u', user_first);
    for (int row = 0; row < ITEMS; row++) {
        const uint64_t number = (uint64_t)items[row].number;
        for (int f = 0; f < FACTORS; f++) {
            const int coarse = (int)(souk_random_bits(1, number % 300, (uint64_t)f) % 7) - 3;
            factors[row][f] = number == 7 ? 0 : (float)coarse;
        }
        popularity[row] = (float)(number % 50);
        category[row] = (int32_t)(number % (CATEGORIES + 1)) - 1;
        price[row] = number % 5 == 0 ? NAN : number % 20 == 19 ? worst : (double)(number % 20);
        available[row] = number % 3 == 0 ? NAN : (double)(number % 3 - 1);
    }
}

static void fill_ids(struct souk_idtable *ids, const struct thing *things, int64_t count)
{
    cr_assert_eq(souk_idtable_init(ids, count, (int)sizeof things->id), SOUK_OK);
    for (int64_t i = 0; i < count; i++)
        memcpy(ids->bytes + i * ids->stride, things[i].id, sizeof things[i].id);
}

/* Prices, availability and titles of the items of a part; free the titles. */
static void make_attributes(int p, struct souk_attribute *a)
{
    const int64_t first = item_first[p], count = item_first[p + 1] - first;
    a[0] = (struct souk_attribute){.name = "Price", .numbers = price + first};
    a[1] = (struct souk_attribute){.name = "available", .numbers = available + first};
    a[2] = (struct souk_attribute){.name = "title", .type = SOUK_ATTRIBUTE_TEXT};
    a[2].text_offsets = souk_zalloc_array((size_t)count + 1, sizeof(int64_t));
    a[2].text_bytes = souk_alloc_array(2 * (size_t)count + 1, 1);
    cr_assert(a[2].text_offsets && a[2].text_bytes);
    for (int64_t i = 0; i < count; i++) {
        const char *title = titles[items[first + i].number % 3];
        memcpy(a[2].text_bytes + a[2].text_offsets[i], title, strlen(title));
        a[2].text_offsets[i + 1] = a[2].text_offsets[i] + (int64_t)strlen(title);
    }
}

static void write_part(const char *path, int p, struct souk_part_file *file)
{
    static float user_factors[USERS * STRIDE];
    static int64_t offsets[USERS + 1], events[ITEMS];
    struct souk_error err;
    struct souk_attribute attributes[3];
    make_attributes(p, attributes);
    struct souk_model_part part = {.part = p,
                                   .attributes = {3, attributes},
                                   .factors = FACTORS,
                                   .stride = STRIDE,
                                   .user_factors = user_factors,
                                   .history_offsets = offsets,
                                   .item_factors = factors[item_first[p]],
                                   .popularity = popularity + item_first[p],
                                   .item_events = events,
                                   .category = category + item_first[p]};
    fill_ids(&part.users, users + user_first[p], user_first[p + 1] - user_first[p]);
    fill_ids(&part.items, items + item_first[p], item_first[p + 1] - item_first[p]);
    cr_assert_eq(souk_model_write_part(path, sizeof items->id - 1, NULL, &part, file, &err),
                 SOUK_OK, "%s", err.msg);
    souk_idtable_fini(&part.users);
    souk_idtable_fini(&part.items);
    free(attributes[2].text_offsets);
    free(attributes[2].text_bytes);
}

static void make_categories(struct souk_categories *tree)
{
    struct souk_idtable ids;
    int32_t *parent = souk_alloc_array(CATEGORIES, sizeof *parent);
    cr_assert_eq(souk_idtable_init(&ids, CATEGORIES, 16), SOUK_OK);
    for (int i = 0; i < CATEGORIES; i++)
        snprintf(ids.bytes + 16 * i, 16, "c%d", i);
    memcpy(parent, parents, sizeof parents);
    cr_assert_eq(souk_categories_init(tree, &ids, parent, NULL), SOUK_OK);
}

static void write_model(void)
{
    struct souk_error err;
    struct souk_part_file files[PARTS];
    struct souk_staging staging;
    char path[64], parameters[] = "{}";
    struct souk_model m = {.kind = "als",
                           .schema = SOUK_MODEL_SCHEMA,
                           .parts = PARTS,
                           .id_width = sizeof items->id - 1,
                           .factors = FACTORS,
                           .user_first = user_first,
                           .item_first = item_first,
                           .window = {0, 1},
                           .parameters_json = parameters,
                           .files = files};
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/m", folder);
    cr_assert_eq(souk_staging_begin(&staging, path, true, "model.h5", true, &err), SOUK_OK, "%s",
                 err.msg);
    make_items();
    make_categories(&m.categories);
    for (int p = 0; p < PARTS; p++)
        write_part(staging.partial, p, &files[p]);
    cr_assert_eq(souk_model_write_manifest(staging.partial, &m, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_staging_commit(&staging, &err), SOUK_OK, "%s", err.msg);
    souk_staging_end(&staging, true);
    souk_categories_fini(&m.categories);
    cr_assert_eq(souk_model_open(path, &model, &err), SOUK_OK, "%s", err.msg);
}

static void remove_model(void)
{
    souk_model_free(model);
    cr_assert_eq(souk_remove_tree(folder, NULL), SOUK_OK);
}

TestSuite(shard, .init = write_model, .fini = remove_model);

static float brute_score(const struct souk_scan *scan, int row)
{
    if (!scan->vector)
        return popularity[row];
    const float dot = souk_dot_reference(factors[row], scan->vector, STRIDE);
    const float length = sqrtf(souk_dot_reference(factors[row], factors[row], STRIDE));
    return scan->cosine ? dot / (length > 0 ? length : 1) : dot;
}

static bool is_in(const int64_t *rows, int64_t count, int64_t row)
{
    for (int64_t e = 0; e < count; e++)
        if (rows[e] == row)
            return true;
    return false;
}

static int32_t wanted[2] = {-1, -1}; /* categories of the filter, where it has some */

static bool brute_allows(const struct souk_scan *scan, int row)
{
    const struct souk_item_filter *f = scan->filter;
    int32_t own = category[row];
    if (is_in(scan->exclude, scan->exclude_count, row))
        return false;
    if (!f)
        return true;
    while (f->category && own >= 0 && own != wanted[0] && own != wanted[1])
        own = parents[own];
    return (!f->category || own >= 0) && !is_in(f->exclude, f->exclude_count, row) &&
           (!f->available || available[row] != 0) &&
           (!f->by_price || (price[row] >= f->price_min && price[row] <= f->price_max));
}

static int compare_hits(const void *a, const void *b)
{
    return souk_hit_before(a, b) ? -1 : 1;
}

/* All allowed items, sorted; the answers of all shards, merged, must be its beginning. */
static void expect_brute_force(const struct souk_scan *scan, int shards, int n)
{
    static struct souk_hit all[ITEMS];
    int64_t allowed = 0, scored = 0;
    struct souk_topk merged;
    for (int row = 0; row < ITEMS; row++) {
        if (brute_allows(scan, row))
            all[allowed++] = (struct souk_hit){brute_score(scan, row), row, items[row].id};
    }
    qsort(all, (size_t)allowed, sizeof *all, compare_hits);
    cr_assert_eq(souk_topk_init(&merged, n), SOUK_OK);
    struct souk_shard shard[PARTS];
    for (int s = 0; s < shards; s++) {
        struct souk_error err;
        struct souk_topk own;
        cr_assert_eq(souk_shard_load(model, s, shards, SOUK_MODEL_WHOLE, &shard[s], &err), SOUK_OK,
                     "%s", err.msg);
        cr_assert_eq(souk_topk_init(&own, n), SOUK_OK);
        scored += souk_shard_scan(&shard[s], scan, &own);
        for (int i = 0; i < own.count; i++)
            souk_topk_offer(&merged, &own.hits[i]);
        souk_topk_fini(&own);
    }
    souk_topk_sort(&merged);
    cr_expect_eq(scored, allowed);
    cr_assert_eq(merged.count, allowed < n ? allowed : n);
    for (int i = 0; i < merged.count; i++) {
        cr_expect_eq(merged.hits[i].item, all[i].item, "position %d, %d shards", i, shards);
        cr_expect_eq(merged.hits[i].score, all[i].score);
        cr_expect_str_eq(merged.hits[i].id, all[i].id);
    }
    souk_topk_fini(&merged);
    for (int s = 0; s < shards; s++)
        souk_shard_fini(&shard[s]);
}

static void expect_on_all_shards(const struct souk_scan *scan)
{
    static const char *const screens[] = {NULL, "plain"}; /* as the processor has them, and so */
    for (int s = 0; s < 2; s++) {
        souk_screen_select(screens[s]);
        for (int shards = 1; shards <= 4; shards++) {
            expect_brute_force(scan, shards, 10);
            expect_brute_force(scan, shards, ITEMS + 5);
        }
        expect_brute_force(scan, PARTS, 50);
    }
    souk_screen_select(NULL);
}

static void fill_vector(float *vector)
{
    memset(vector, 0, STRIDE * sizeof *vector);
    for (int f = 0; f < FACTORS; f++)
        vector[f] = (float)((int)(souk_random_bits(2, 0, (uint64_t)f) % 5) - 2);
}

Test(shard, answers_equal_brute_force_on_any_number_of_shards)
{
    float vector[STRIDE];
    fill_vector(vector);
    const struct souk_scan scan = {.vector = vector};
    expect_on_all_shards(&scan);
}

Test(shard, leaves_out_excluded_items)
{
    float vector[STRIDE];
    int64_t exclude[300];
    fill_vector(vector);
    for (int i = 0; i < 300; i++)
        exclude[i] = i < 100 ? i : 2 * i + 400; /* a whole run, and single ones to the end */
    const struct souk_scan scan = {.vector = vector, .exclude = exclude, .exclude_count = 300};
    expect_on_all_shards(&scan);
}

Test(shard, filters_by_a_category_and_all_under_it)
{
    float vector[STRIDE];
    fill_vector(vector);
    const int64_t exclude[] = {3, 500, 1099};
    for (int32_t c = 0; c < CATEGORIES; c++) {
        struct souk_item_filter filter;
        const struct souk_scan scan = {
            .vector = vector, .exclude = exclude, .exclude_count = 3, .filter = &filter};
        wanted[0] = wanted[1] = c;
        souk_item_filter_init(&filter);
        cr_assert(souk_item_filter_is_open(&filter));
        cr_assert_eq(souk_item_filter_by_category(&filter, &model->categories, &c, 1), SOUK_OK);
        cr_assert_not(souk_item_filter_is_open(&filter));
        expect_brute_force(&scan, 3, 25);
        souk_item_filter_fini(&filter);
    }
}

static void exclude_some(struct souk_item_filter *f)
{
    int64_t *rows = souk_alloc_array(200, sizeof *rows);
    cr_assert_not_null(rows);
    for (int64_t i = 0; i < 200; i++)
        rows[i] = i % 9 == 0 ? -1 : (i * 389) % ITEMS; /* in no order, some unknown */
    souk_item_filter_exclude(f, rows, 200);
}

Test(shard, filters_by_all_that_is_known_at_once)
{
    float vector[STRIDE];
    const int64_t seen[] = {3, 500, 1099};
    fill_vector(vector);
    for (int bits = 1; bits < 16; bits++) {
        struct souk_item_filter filter;
        souk_item_filter_init(&filter);
        wanted[0] = 1;
        wanted[1] = 5;
        if (bits & 1)
            cr_assert_eq(souk_item_filter_by_category(&filter, &model->categories,
                                                      (const int32_t[]){1, -1, 5}, 3),
                         SOUK_OK);
        filter.by_price = bits & 2;
        filter.price_min = bits & 4 ? 3 : -INFINITY;
        filter.price_max = 11;
        filter.available = bits & 4;
        if (bits & 8)
            exclude_some(&filter);
        const struct souk_scan scan = {
            .vector = vector, .exclude = seen, .exclude_count = 3, .filter = &filter};
        const struct souk_scan popular = {.filter = &filter};
        expect_on_all_shards(&scan);
        expect_brute_force(&popular, 2, 40);
        souk_item_filter_fini(&filter);
    }
}

Test(shard, lets_nothing_through_under_unknown_categories)
{
    struct souk_item_filter filter;
    const struct souk_scan scan = {.filter = &filter};
    wanted[0] = wanted[1] = CATEGORIES;
    souk_item_filter_init(&filter);
    cr_assert_eq(
        souk_item_filter_by_category(&filter, &model->categories, (const int32_t[]){-1}, 1),
        SOUK_OK);
    expect_brute_force(&scan, 2, 10);
    souk_item_filter_fini(&filter);
    /* one list of categories after the other: only what is under both */
    wanted[0] = wanted[1] = 3;
    cr_assert_eq(souk_item_filter_by_category(&filter, &model->categories, (const int32_t[]){1}, 1),
                 SOUK_OK);
    cr_assert_eq(souk_item_filter_by_category(&filter, &model->categories, (const int32_t[]){3}, 1),
                 SOUK_OK);
    expect_brute_force(&scan, 2, 10);
    souk_item_filter_fini(&filter);
}

Test(shard, keeps_what_is_known_of_its_items)
{
    struct souk_shard shard;
    cr_assert_eq(souk_shard_load(model, 1, 2, SOUK_MODEL_WHOLE, &shard, NULL), SOUK_OK);
    for (int p = 0; p < shard.part_count; p++) {
        const struct souk_model_part *part = &shard.parts[p];
        cr_assert_eq(part->attributes.count, 3);
        for (int64_t i = 0; i < part->items.count; i++) {
            const int64_t row = item_first[part->part] + i;
            size_t len;
            const char *title = souk_attribute_text(&part->attributes.of[2], i, &len);
            const char *want = titles[items[row].number % 3];
            cr_expect(len == strlen(want) && (len == 0 || memcmp(title, want, len) == 0));
            cr_expect_eq(isnan(part->attributes.of[0].numbers[i]), isnan(price[row]));
            cr_expect(isnan(price[row]) || part->attributes.of[0].numbers[i] == price[row]);
        }
    }
    souk_shard_fini(&shard);
}

Test(shard, ranks_similar_items_by_cosine)
{
    float vector[STRIDE];
    memcpy(vector, factors[42], sizeof vector);
    const float length = souk_norm(vector, STRIDE);
    for (int f = 0; f < STRIDE; f++)
        vector[f] /= length;
    const struct souk_scan scan = {.vector = vector, .cosine = true};
    expect_on_all_shards(&scan);
}

Test(shard, ranks_by_popularity_without_a_vector)
{
    const int64_t exclude[] = {0, 1, 2, 700};
    const struct souk_scan scan = {.exclude = exclude, .exclude_count = 4};
    expect_on_all_shards(&scan);
}

Test(shard, does_not_offer_scores_that_overflow)
{
    float vector[STRIDE];
    for (int f = 0; f < STRIDE; f++)
        vector[f] = 3e38f;
    struct souk_shard shard;
    struct souk_topk best;
    const struct souk_scan scan = {.vector = vector};
    cr_assert_eq(souk_shard_load(model, 0, 1, SOUK_MODEL_ITEMS, &shard, NULL), SOUK_OK);
    cr_assert_eq(souk_topk_init(&best, ITEMS), SOUK_OK);
    souk_shard_scan(&shard, &scan, &best);
    for (int i = 0; i < best.count; i++)
        cr_expect(isfinite(best.hits[i].score));
    souk_topk_fini(&best);
    souk_shard_fini(&shard);
}

static void expect_refused(const char *reason)
{
    struct souk_shard shard;
    struct souk_error err;
    write_model();
    cr_assert_eq(souk_shard_load(model, 0, 1, SOUK_MODEL_WHOLE, &shard, &err), SOUK_EFORMAT);
    cr_expect(strstr(err.msg, reason) && strstr(err.msg, "part-000"), "%s", err.msg);
    remove_model();
}

Test(shard_attributes, that_no_reply_could_carry_are_refused)
{
    worst = INFINITY;
    expect_refused("attribute 'Price'");
}

Test(shard_attributes, that_are_no_text_are_refused)
{
    titles[2] = "\xff\xfe";
    expect_refused("attribute 'title'");
}

Test(shard, knows_the_part_of_its_ids_only)
{
    struct souk_shard shard;
    cr_assert_eq(souk_shard_load(model, 1, 3, SOUK_MODEL_ITEMS, &shard, NULL), SOUK_OK);
    for (int row = 0; row < ITEMS; row++) {
        const struct souk_model_part *part =
            souk_shard_part_of(&shard, items[row].id, strlen(items[row].id));
        cr_assert_eq(part != NULL, items[row].part % 3 == 1);
        if (part)
            cr_expect_eq(part->part, items[row].part);
    }
    souk_shard_fini(&shard);
}

Test(shard, refuses_more_shards_than_parts)
{
    struct souk_shard shard;
    struct souk_error err;
    const int bad[][2] = {{0, PARTS + 1}, {3, 3}, {-1, 2}, {0, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(souk_shard_load(model, bad[i][0], bad[i][1], SOUK_MODEL_ITEMS, &shard, &err),
                     SOUK_EINVAL);
}
