/* What somebody without a history may like: steps from the preferred categories go before
 * popularity, and prices count as they are near. */
#include "shared/score/liking.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* 0: children 1 and 2; 1: child 3, whose child is 4; 5: another root. */
enum { CATEGORIES = 6, ITEMS = 400 };
static int32_t parents[CATEGORIES] = {-1, 0, 0, 1, 3, -1};
static const struct souk_categories tree = {.ids = {.count = CATEGORIES}, .parent = parents};
static int32_t category[ITEMS];
static double price[ITEMS];
static float popularity[ITEMS], score[ITEMS];
static const struct souk_model_part part = {.items = {.count = ITEMS}, .category = category};
static const struct souk_item_facts facts = {.price = price};

static void make_items(void)
{
    for (int i = 0; i < ITEMS; i++) {
        category[i] = (int32_t)(souk_random_bits(1, (uint64_t)i, 0) % (CATEGORIES + 1)) - 1;
        price[i] = i % 7 == 0 ? NAN : (double)(i % 50);
        popularity[i] = (float)(souk_random_bits(1, (uint64_t)i, 1) % 200000) / 8;
    }
}

static void weigh(const int32_t *preferred, int64_t count, double min, double max)
{
    struct souk_liking liking;
    make_items();
    memcpy(score, popularity, sizeof score);
    cr_assert_eq(souk_liking_init(&liking, &tree, preferred, count, min, max), SOUK_OK);
    souk_liking_weigh(&liking, &part, &facts, 0, 150, score); /* in pieces, as blocks do */
    souk_liking_weigh(&liking, &part, &facts, 150, ITEMS - 150, score + 150);
    souk_liking_fini(&liking);
}

/* Steps from the preferred category to one that the other is under, at most 3. */
static int plain_steps(int32_t own, int32_t preferred)
{
    for (int step = 0; step < 3; step++, preferred = preferred < 0 ? -1 : parents[preferred])
        for (int32_t at = own; at >= 0; at = parents[at])
            if (at == preferred)
                return step;
    return 3;
}

Test(liking, goes_by_steps_and_then_by_popularity)
{
    for (int32_t preferred = 0; preferred < CATEGORIES; preferred++) {
        weigh(&preferred, 1, -INFINITY, INFINITY);
        for (int i = 0; i < ITEMS; i++)
            for (int j = 0; j < i; j++) {
                const int a = plain_steps(category[i], preferred),
                          b = plain_steps(category[j], preferred);
                if (a != b)
                    cr_expect_eq(a<b, score[i]> score[j], "%d %d", i, j);
                else if (popularity[i] != popularity[j])
                    cr_expect_eq(popularity[i] > popularity[j], score[i] > score[j], "%d %d", i, j);
            }
    }
}

Test(liking, the_nearest_of_several_preferences_counts)
{
    const int32_t preferred[] = {4, -1, 5};
    weigh(preferred, 3, -INFINITY, INFINITY);
    for (int i = 0; i < ITEMS; i++) {
        const int a = plain_steps(category[i], 4), b = plain_steps(category[i], 5);
        const int steps = a < b ? a : b;
        cr_expect(score[i] > 0 && score[i] <= powf(.5F, (float)steps));
        cr_expect(score[i] >= powf(.5F, (float)steps + 1));
    }
}

Test(liking, without_a_known_category_it_is_popularity)
{
    weigh((const int32_t[]){-1, -1}, 2, -INFINITY, INFINITY);
    for (int i = 0; i < ITEMS; i++) {
        cr_expect(score[i] >= .5F && score[i] <= 1);
        for (int j = 0; j < i; j++)
            if (popularity[i] != popularity[j])
                cr_expect_eq(popularity[i] > popularity[j], score[i] > score[j], "%d %d", i, j);
    }
}

Test(liking, prices_count_as_they_are_near)
{
    static float open[ITEMS];
    weigh(NULL, 0, -INFINITY, INFINITY);
    memcpy(open, score, sizeof open);
    weigh(NULL, 0, 10, 20);
    for (int i = 0; i < ITEMS; i++) {
        const double fit = isnan(price[i]) ? .5
                           : price[i] < 10 ? price[i] / 10
                           : price[i] > 20 ? 20 / price[i]
                                           : 1;
        cr_expect_float_eq(score[i], (float)fit * open[i], 1e-6);
    }
}
