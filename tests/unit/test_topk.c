#include "shared/base/random.h"
#include "shared/math/topk.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 500 };
static char ids[ITEMS][16];
static struct souk_hit stream[ITEMS];

/* Few distinct scores, so that most of the order is by id. */
static void make_stream(int distinct)
{
    for (int i = 0; i < ITEMS; i++) {
        snprintf(ids[i], sizeof ids[i], "%d", i);
        const uint64_t bits = souk_random_bits(5, (uint64_t)distinct, (uint64_t)i);
        stream[i] = (struct souk_hit){
            .score = (float)(bits % (uint64_t)distinct) - 3, .item = i, .id = ids[i]};
    }
}

static int compare(const void *a, const void *b)
{
    return souk_hit_before(a, b) ? -1 : souk_hit_before(b, a);
}

static void expect_best(const struct souk_topk *t, int capacity)
{
    static struct souk_hit sorted[ITEMS];
    for (int i = 0; i < ITEMS; i++)
        sorted[i] = stream[i];
    qsort(sorted, ITEMS, sizeof *sorted, compare);
    cr_assert_eq(t->count, capacity < ITEMS ? capacity : ITEMS);
    for (int i = 0; i < t->count; i++)
        cr_expect_eq(t->hits[i].item, sorted[i].item, "position %d of %d", i, capacity);
}

Test(topk, keeps_what_a_full_sort_puts_first)
{
    const int capacities[] = {1, 2, 3, 10, 64, ITEMS - 1, ITEMS, ITEMS + 5};
    for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
        struct souk_topk t;
        cr_assert_eq(souk_topk_init(&t, capacities[c]), SOUK_OK);
        for (int distinct = 1; distinct < 1000; distinct *= 7) {
            make_stream(distinct);
            souk_topk_clear(&t);
            for (int i = 0; i < ITEMS; i++)
                souk_topk_offer(&t, &stream[i]);
            souk_topk_sort(&t);
            expect_best(&t, capacities[c]);
        }
        souk_topk_fini(&t);
    }
}

Test(topk, breaks_ties_by_the_bytes_of_the_id)
{
    const struct souk_hit ten = {.score = 1, .id = "10"}, nine = {.score = 1, .id = "9"};
    const struct souk_hit accent = {.score = 1, .id = "\xc3\xa9"},
                          longer = {.score = 1, .id = "99"};
    cr_expect(souk_hit_before(&ten, &nine));
    cr_expect(souk_hit_before(&nine, &longer));
    cr_expect(souk_hit_before(&longer, &accent), "bytes are unsigned");
    cr_expect_not(souk_hit_before(&nine, &nine));
}

Test(topk, threshold_is_the_worst_score_once_full)
{
    struct souk_topk t;
    cr_assert_eq(souk_topk_init(&t, 2), SOUK_OK);
    const struct souk_hit a = {.score = 3, .id = "a"}, b = {.score = 1, .id = "b"};
    cr_expect_eq(souk_topk_threshold(&t), -INFINITY);
    souk_topk_offer(&t, &a);
    cr_expect_eq(souk_topk_threshold(&t), -INFINITY);
    souk_topk_offer(&t, &b);
    cr_expect_eq(souk_topk_threshold(&t), 1);
    souk_topk_fini(&t);
}

Test(topk, of_no_room_takes_nothing)
{
    struct souk_topk t;
    cr_assert_eq(souk_topk_init(&t, -1), SOUK_EINVAL);
    cr_assert_eq(souk_topk_init(&t, 0), SOUK_OK);
    const struct souk_hit a = {.score = 3, .id = "a"};
    souk_topk_offer(&t, &a);
    souk_topk_sort(&t);
    cr_expect_eq(t.count, 0);
    cr_expect_eq(souk_topk_threshold(&t), INFINITY);
    souk_topk_fini(&t);
}
