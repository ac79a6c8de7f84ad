/* Lists in another order: those of a plain search that computes everything anew for each place. */
#include "shared/score/rerank.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>

enum { ITEMS_MAX = 14, CATEGORIES = 9, DIMENSIONS = 3 };

/* 0 and 1 are roots; 2..4 under 0, 5 under 1, 6 and 7 under 2, 8 under 6. */
static int32_t parents[CATEGORIES] = {-1, -1, 0, 0, 0, 1, 2, 2, 6};
static int32_t depths[CATEGORIES] = {1, 1, 2, 2, 2, 2, 3, 3, 4};
static const struct souk_categories tree = {
    .ids = {.count = CATEGORIES}, .parent = parents, .depth = depths};

static struct souk_rerank_item items[ITEMS_MAX];
static float vectors[ITEMS_MAX][DIMENSIONS];
static int32_t liked[3];
static float shares[3];
static struct souk_rerank_taste taste;

static uint64_t draw(uint64_t seed, uint64_t what, uint64_t of)
{
    return souk_random_bits(seed, what, of) >> 8;
}

/* Scores and boosts that tie, categories and vectors that lack. */
static void draw_items(uint64_t seed, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const uint64_t at = (uint64_t)i;
        double square = 0;
        for (int d = 0; d < DIMENSIONS; d++) {
            vectors[i][d] = (float)souk_random_normal(seed, at, (uint64_t)d);
            square += (double)vectors[i][d] * (double)vectors[i][d];
        }
        for (int d = 0; d < DIMENSIONS; d++)
            vectors[i][d] = (float)((double)vectors[i][d] / sqrt(square));
        items[i] = (struct souk_rerank_item){
            .score = (float)(draw(seed, 20, at) % 5) - 2,
            .category = (int32_t)(draw(seed, 21, at) % (CATEGORIES + 1)) - 1,
            .vector = draw(seed, 22, at) % 3 ? vectors[i] : NULL,
            .boost = draw(seed, 23, at) % 4 ? 1 : (float)(draw(seed, 24, at) % 5) / 2,
            .pin = draw(seed, 25, at) % 5 ? 0 : 1 + (int)(draw(seed, 26, at) % ITEMS_MAX),
            .is_buried = draw(seed, 27, at) % 6 == 0,
            .is_excluded = draw(seed, 28, at) % 7 == 0,
        };
    }
    taste = (struct souk_rerank_taste){
        .count = 3, .category = liked, .share = shares, .history = (double)(draw(seed, 1, 1) % 30)};
    for (int i = 0; i < 3; i++) {
        liked[i] = (int32_t)(draw(seed, 2, 0) % 3) * 3 + i;
        shares[i] = (float)(i + 1) / 6;
    }
}

/* ---- the definition, in plain loops ---- */

static bool is_before(int64_t a, int64_t b)
{
    return items[a].score > items[b].score || (items[a].score == items[b].score && a < b);
}

static double plain_relevance(const struct souk_rerank_rule *r, int64_t count, int64_t item)
{
    double place = 0, match = 0;
    for (int64_t i = 0; i < count; i++)
        place += is_before(i, item);
    for (int i = 0; i < 3 && items[item].category >= 0; i++) {
        const int32_t c = items[item].category, of = liked[i];
        const double m = c == of ? 1 : parents[c] == of || parents[of] == c ? .5 : 0;
        match += m * (double)shares[i];
    }
    const double beta = r->beta * taste.history / (taste.history + r->half_history);
    return (double)items[item].boost * (r->alpha * (1 - place / (double)count) + beta * match);
}

static double plain_likeness(int64_t a, int64_t b)
{
    double sum = 0;
    if (items[a].vector && items[b].vector) {
        for (int d = 0; d < DIMENSIONS; d++)
            sum += (double)items[a].vector[d] * (double)items[b].vector[d];
        return sum;
    }
    const int32_t ca = items[a].category, cb = items[b].category;
    if (ca < 0 || cb < 0)
        return 0;
    for (int32_t x = ca; x >= 0; x = parents[x])
        for (int32_t y = cb; y >= 0; y = parents[y])
            sum += x == y;
    return sum / sqrt((double)depths[ca] * depths[cb]);
}

static bool contains(const int64_t *order, int64_t taken, int64_t item)
{
    for (int64_t k = 0; k < taken; k++)
        if (order[k] == item)
            return true;
    return false;
}

static double plain_value(const struct souk_rerank_rule *r, int64_t count, const int64_t *order,
                          int64_t taken, int64_t item)
{
    double likeness = taken > 0 ? -2 : 0;
    for (int64_t k = 0; k < taken; k++)
        likeness = fmax(likeness, plain_likeness(order[k], item));
    return r->lambda * plain_relevance(r, count, item) - (1 - r->lambda) * likeness;
}

static bool is_full(const struct souk_rerank_rule *r, const int64_t *order, int64_t taken,
                    int64_t item)
{
    int same = 0;
    for (int64_t k = 0; k < taken; k++)
        same += items[item].category >= 0 && items[order[k]].category == items[item].category;
    return r->cap > 0 && same >= r->cap;
}

static int64_t plain_pin(int64_t count, const int64_t *order, int64_t taken, int64_t place)
{
    for (int pin = 1; pin <= place; pin++)
        for (int64_t i = 0; i < count; i++)
            if (items[i].pin == pin && !items[i].is_excluded && !contains(order, taken, i))
                return i;
    return -1;
}

/* Everybody is compared with everybody: the one that nobody goes before. */
static int64_t plain_best(const struct souk_rerank_rule *r, int64_t count, const int64_t *order,
                          int64_t taken, bool buried)
{
    int64_t best = -1;
    for (int64_t i = 0; i < count; i++) {
        if (items[i].is_excluded || items[i].pin > 0 || items[i].is_buried != buried ||
            contains(order, taken, i) || is_full(r, order, taken, i))
            continue;
        const double mine = plain_value(r, count, order, taken, i);
        const double most = best < 0 ? 0 : plain_value(r, count, order, taken, best);
        if (best < 0 || mine > most || (mine == most && is_before(i, best)))
            best = i;
    }
    return best;
}

static int64_t plain_order(const struct souk_rerank_rule *r, int64_t count, int64_t *order)
{
    int64_t taken = 0;
    while (taken < r->count) {
        int64_t next = plain_pin(count, order, taken, taken + 1);
        if (next < 0)
            next = plain_best(r, count, order, taken, false);
        if (next < 0)
            next = plain_best(r, count, order, taken, true);
        if (next < 0)
            next = plain_pin(count, order, taken, ITEMS_MAX);
        if (next < 0)
            break;
        order[taken++] = next;
    }
    return taken;
}

static void expect_plain_order(const struct souk_rerank_rule *rule, int64_t count)
{
    int64_t want[ITEMS_MAX], got[ITEMS_MAX], taken = -1;
    const int64_t wanted = plain_order(rule, count, want);
    cr_assert_eq(souk_rerank(items, count, rule, &taste, got, &taken), SOUK_OK);
    cr_assert_eq(taken, wanted, "%d of %d", (int)taken, (int)wanted);
    for (int64_t k = 0; k < taken; k++)
        cr_expect_eq(got[k], want[k], "place %d", (int)k + 1);
}

Test(rerank, the_order_is_that_of_plain_loops)
{
    for (uint64_t seed = 0; seed < 2000; seed++) {
        const int64_t count = (int64_t)(seed % (ITEMS_MAX + 1));
        const struct souk_rerank_rule rule = {.count = 1 + (int)(draw(seed, 10, 0) % ITEMS_MAX),
                                              .alpha = (double)(draw(seed, 11, 0) % 3) / 2,
                                              .beta = (double)(draw(seed, 12, 0) % 4),
                                              .half_history = 10,
                                              .lambda = (double)(draw(seed, 13, 0) % 5) / 4,
                                              .cap = (int)(draw(seed, 14, 0) % 4),
                                              .dimensions = DIMENSIONS,
                                              .categories = &tree};
        draw_items(seed, count);
        expect_plain_order(&rule, count);
    }
}

/* ---- what a reader of the header would try ---- */

/* One letter an item, best first. */
static void expect_order(const struct souk_rerank_rule *rule, int64_t count, const char *want)
{
    int64_t order[ITEMS_MAX], taken;
    char got[ITEMS_MAX + 1] = "";
    cr_assert_eq(souk_rerank(items, count, rule, NULL, order, &taken), SOUK_OK);
    for (int64_t k = 0; k < taken; k++)
        got[k] = (char)('a' + order[k]);
    cr_expect_str_eq(got, want);
}

/* a to f, by falling scores; a, b and c of one category, without vectors. */
static void plain_items(void)
{
    for (int i = 0; i < 6; i++)
        items[i] = (struct souk_rerank_item){
            .score = (float)(10 - i), .category = i < 3 ? 6 : i - 3, .boost = 1};
}

Test(rerank, the_defaults_sort_by_score)
{
    const struct souk_rerank_rule rule = souk_rerank_defaults(10);
    plain_items();
    expect_order(&rule, 6, "abcdef");
    items[5].score = 10;
    expect_order(&rule, 6, "afbcde");
    expect_order(&rule, 0, "");
}

Test(rerank, business_comes_first)
{
    const struct souk_rerank_rule rule = souk_rerank_defaults(5);
    plain_items();
    items[0].is_excluded = true;
    items[1].is_buried = true;
    items[5].pin = 2;
    expect_order(&rule, 6, "cfdeb");
    items[4].boost = 4;
    expect_order(&rule, 6, "efcdb");
    items[2].pin = 9; /* behind the end */
    expect_order(&rule, 6, "efdbc");
    items[5].is_excluded = true; /* no pin brings back what is not to be had */
    expect_order(&rule, 6, "edbc");
}

Test(rerank, no_category_fills_the_list)
{
    struct souk_rerank_rule rule = souk_rerank_defaults(6);
    plain_items();
    rule.cap = 1;
    expect_order(&rule, 6, "adef");
    rule.cap = 2;
    expect_order(&rule, 6, "abdef");
    for (int i = 0; i < 3; i++)
        items[i].category = -1;
    rule.cap = 1;
    expect_order(&rule, 6, "abcdef");
}

Test(rerank, diversity_takes_what_is_unlike)
{
    struct souk_rerank_rule rule = souk_rerank_defaults(3);
    plain_items();
    rule.lambda = .3;
    rule.categories = &tree;
    expect_order(&rule, 4, "adb");
    rule.categories = NULL; /* without a tree a category is like itself */
    expect_order(&rule, 4, "adb");
}

/* The longer the history, the more its categories count. */
Test(rerank, taste_grows_with_the_history)
{
    static const int32_t category = 2;
    static const float share = 1;
    struct souk_rerank_rule rule = souk_rerank_defaults(6);
    struct souk_rerank_taste likes = {.count = 1, .category = &category, .share = &share};
    int64_t order[ITEMS_MAX], taken, first[2];
    plain_items(); /* f is of category 2, the parent of 6 */
    rule.beta = 3;
    rule.categories = &tree;
    cr_expect_eq(souk_rerank_match(&tree, &likes, 2), 1);
    cr_expect_eq(souk_rerank_match(&tree, &likes, 6), .5);
    cr_expect_eq(souk_rerank_match(&tree, &likes, 0), .5);
    cr_expect_eq(souk_rerank_match(&tree, &likes, 3), 0);
    cr_expect_eq(souk_rerank_match(&tree, &likes, -1), 0);
    for (int i = 0; i < 2; i++) {
        likes.history = i ? 50 : 1;
        cr_assert_eq(souk_rerank(items, 6, &rule, &likes, order, &taken), SOUK_OK);
        first[i] = order[0];
    }
    cr_expect_eq(first[0], 0, "a history of one item");
    cr_expect_eq(first[1], 5, "a long one");
}

Test(rerank, too_many_items_are_refused)
{
    const struct souk_rerank_rule rule = souk_rerank_defaults(1);
    int64_t order[1], taken;
    cr_expect_eq(souk_rerank(items, SOUK_RERANK_ITEMS_MAX + 1, &rule, NULL, order, &taken),
                 SOUK_ELIMIT);
}
