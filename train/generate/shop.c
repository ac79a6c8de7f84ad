#include "train/generate/shop.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"

#include <stdlib.h>

enum { DEPTH_MAX = 6, ZIPF_SHIFT = 10 };

static uint64_t bits(const struct souk_shop *shop, int64_t row, enum souk_draw draw, int64_t k)
{
    return souk_random_bits(shop->plan.seed, (uint64_t)row * 4096 + (uint64_t)draw, (uint64_t)k);
}

int64_t souk_shop_pick(const struct souk_shop *shop, int64_t row, enum souk_draw draw, int64_t k,
                       int64_t count)
{
    return (int64_t)(bits(shop, row, draw, k) % (uint64_t)count);
}

double souk_shop_uniform(const struct souk_shop *shop, int64_t row, enum souk_draw draw, int64_t k)
{
    return (double)(bits(shop, row, draw, k) >> 11) * 0x1p-53;
}

/* A one-to-one map of [0, count) onto itself: multiplication by a number without a common factor.
 */
static int64_t scatter(int64_t row, int64_t count)
{
    int64_t step = count / 2 + count / 8 + 1;
    for (;; step++) {
        int64_t a = step, b = count;
        while (b != 0) {
            const int64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1)
            return (int64_t)(((unsigned __int128)row * (uint64_t)step + 7) % (uint64_t)count);
    }
}

int64_t souk_shop_item_id(const struct souk_shop *shop, int64_t item)
{
    return scatter(item, shop->plan.catalogue + shop->plan.catalogue / 8 + 1);
}

int64_t souk_shop_visitor_id(const struct souk_shop *shop, int64_t visitor)
{
    return scatter(visitor, shop->plan.visitors);
}

int64_t souk_shop_category_id(const struct souk_shop *shop, int64_t category)
{
    return scatter(category, shop->plan.categories + shop->plan.categories / 64 + 1);
}

static void make_tree(struct souk_shop *shop, int32_t *depth)
{
    const int64_t count = shop->plan.categories;
    const int64_t roots = count * 25 / 1669 > 0 ? count * 25 / 1669 : 1;
    for (int64_t c = 0; c < count; c++) {
        shop->parent[c] = -1;
        depth[c] = 1;
        for (int64_t k = 0; c >= roots && shop->parent[c] < 0; k++) {
            const int64_t parent = souk_shop_pick(shop, c, SOUK_DRAW_PARENT, k, c);
            if (depth[parent] == DEPTH_MAX)
                continue;
            shop->parent[c] = (int32_t)parent;
            depth[c] = depth[parent] + 1;
        }
    }
}

/* Seven in ten items are there from the start, the others come over time. */
static void make_items(struct souk_shop *shop)
{
    const struct souk_shop_plan *p = &shop->plan;
    double sum = 0;
    for (int64_t i = 0; i < p->catalogue; i++)
        shop->category[i] = (int32_t)souk_shop_pick(shop, i, SOUK_DRAW_CATEGORY, 0, p->categories);
    for (int64_t i = 0; i < p->items; i++) {
        const double late = souk_shop_uniform(shop, i, SOUK_DRAW_BIRTH, 0) - .7;
        const double share = late > 0 ? late / .3 : 0;
        sum += 1.0 / (double)(i + ZIPF_SHIFT);
        shop->sum_overall[i] = sum;
        shop->birth_ms[i] = p->start_ms + (int64_t)(share * (double)(p->days * SOUK_MS_PER_DAY));
    }
}

/* Items by category, in the order of their rank: a counting sort. */
static void group_items(struct souk_shop *shop)
{
    const int64_t items = shop->plan.items, categories = shop->plan.categories;
    for (int64_t i = 0; i < items; i++)
        shop->category_first[shop->category[i] + 1]++;
    for (int64_t c = 0; c < categories; c++)
        shop->category_first[c + 1] += shop->category_first[c];
    for (int64_t i = items - 1; i >= 0; i--)
        shop->by_category[--shop->category_first[shop->category[i] + 1]] = (int32_t)i;
    for (int64_t c = 0; c < categories; c++)
        shop->category_first[c] = shop->category_first[c + 1];
    shop->category_first[categories] = items;
    for (int64_t c = 0; c < categories; c++) {
        double sum = 0;
        for (int64_t k = shop->category_first[c]; k < shop->category_first[c + 1]; k++) {
            sum += 1.0 / (double)(shop->by_category[k] + ZIPF_SHIFT);
            shop->sum_in_category[k] = sum;
        }
    }
}

static souk_status check_plan(const struct souk_shop_plan *p, struct souk_error *err)
{
    if (p->visitors < 1 || p->items < 1 || p->categories < 1 || p->days < 1)
        return souk_fail(err, SOUK_EUSAGE, "visitors, items, categories and days are at least 1");
    if (p->events < p->visitors || p->events < p->items)
        return souk_fail(err, SOUK_EUSAGE,
                         "%lld events are too few: every visitor and every item has at least one",
                         (long long)p->events);
    if (p->catalogue < p->items || p->catalogue > INT32_MAX)
        return souk_fail(err, SOUK_EUSAGE,
                         "the catalogue has from %lld (--items) to 2^31 - 1 items",
                         (long long)p->items);
    if (p->property_rows != 0 && p->property_rows < p->catalogue)
        return souk_fail(err, SOUK_EUSAGE,
                         "--property-rows is 0 or at least one per catalogue item");
    if (p->transactions > p->carts || p->carts + p->transactions > p->events)
        return souk_fail(err, SOUK_EUSAGE,
                         "transactions <= carts, and both with a view before them");
    return SOUK_OK;
}

souk_status souk_shop_init(struct souk_shop *shop, const struct souk_shop_plan *plan,
                           struct souk_error *err)
{
    const size_t items = (size_t)plan->items, categories = (size_t)plan->categories;
    int32_t *depth = NULL;
    souk_status status = check_plan(plan, err);
    *shop = (struct souk_shop){.plan = *plan};
    if (status)
        return status;
    depth = souk_zalloc_array(categories, sizeof *depth);
    shop->parent = souk_zalloc_array(categories, sizeof *shop->parent);
    shop->category = souk_zalloc_array((size_t)plan->catalogue, sizeof *shop->category);
    shop->birth_ms = souk_zalloc_array(items, sizeof *shop->birth_ms);
    shop->category_first = souk_zalloc_array(categories + 1, sizeof *shop->category_first);
    shop->by_category = souk_zalloc_array(items, sizeof *shop->by_category);
    shop->sum_in_category = souk_zalloc_array(items, sizeof *shop->sum_in_category);
    shop->sum_overall = souk_zalloc_array(items, sizeof *shop->sum_overall);
    if (!depth || !shop->parent || !shop->category || !shop->birth_ms || !shop->category_first ||
        !shop->by_category || !shop->sum_in_category || !shop->sum_overall) {
        free(depth);
        return souk_fail(err, SOUK_ENOMEM, "no memory for %zu items", items);
    }
    make_tree(shop, depth);
    make_items(shop);
    group_items(shop);
    free(depth);
    return SOUK_OK;
}

void souk_shop_fini(struct souk_shop *shop)
{
    free(shop->parent);
    free(shop->category);
    free(shop->birth_ms);
    free(shop->category_first);
    free(shop->by_category);
    free(shop->sum_in_category);
    free(shop->sum_overall);
    *shop = (struct souk_shop){0};
}

/* First index in [low, high) whose running sum exceeds value. */
static int64_t find_sum(const double *sums, int64_t low, int64_t high, double value)
{
    while (low < high - 1) {
        const int64_t middle = low + (high - 1 - low) / 2;
        if (sums[middle] > value)
            high = middle + 1;
        else
            low = middle + 1;
    }
    return low;
}

int64_t souk_shop_draw(const struct souk_shop *shop, int32_t category, double u)
{
    if (category < 0) {
        const int64_t items = shop->plan.items;
        return find_sum(shop->sum_overall, 0, items, u * shop->sum_overall[items - 1]);
    }
    const int64_t first = shop->category_first[category], end = shop->category_first[category + 1];
    if (first == end)
        return -1;
    return shop->by_category[find_sum(shop->sum_in_category, first, end,
                                      u * shop->sum_in_category[end - 1])];
}
