/* Scores by neighbours: turned over and scanned by block, they are the plain sums to the bit. */
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/score/neighbours.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCES = 900, HISTORY_MAX = 64 };

static struct souk_model_part make_part(int64_t items, int64_t every)
{
    struct souk_model_part p = {.items = {.count = items}};
    int64_t at = 0;
    p.neighbour_offsets = souk_zalloc_array((size_t)items + 1, sizeof *p.neighbour_offsets);
    p.neighbour = souk_alloc_array((size_t)(items * SOURCES), sizeof *p.neighbour);
    p.neighbour_weight = souk_alloc_array((size_t)(items * SOURCES), sizeof *p.neighbour_weight);
    cr_assert(p.neighbour_offsets && p.neighbour && p.neighbour_weight);
    for (int64_t i = 0; i < items; i++) {
        for (int64_t row = 0; row < SOURCES && i % 5 != 4; row++) { /* every fifth row is empty */
            if (souk_random_bits(3, (uint64_t)i, (uint64_t)row) % (uint64_t)every != 0)
                continue;
            p.neighbour[at] = row;
            p.neighbour_weight[at++] = (float)souk_random_normal(4, (uint64_t)i, (uint64_t)row);
        }
        p.neighbour_offsets[i + 1] = at;
    }
    return p;
}

static float plain_score(const struct souk_model_part *p, int64_t item, const int64_t *history,
                         const float *weight, int64_t count)
{
    float sum = 0;
    for (int64_t h = 0; h < count; h++)
        for (int64_t at = p->neighbour_offsets[item]; at < p->neighbour_offsets[item + 1]; at++)
            if (p->neighbour[at] == history[h])
                sum += weight[h] * p->neighbour_weight[at];
    return sum;
}

static void expect_plain_support(const struct souk_model_part *p, int64_t item,
                                 const int64_t *history, const float *weight, int64_t count,
                                 const struct souk_support *got)
{
    float strongest = 0, items = 0;
    for (int64_t h = 0; h < count; h++) {
        for (int64_t at = p->neighbour_offsets[item]; at < p->neighbour_offsets[item + 1]; at++) {
            const float product = weight[h] * p->neighbour_weight[at];
            if (p->neighbour[at] != history[h] || !(product > 0))
                continue;
            strongest = product > strongest ? product : strongest;
            items++;
        }
    }
    cr_expect_eq(got->strongest, strongest);
    cr_expect_eq(got->items, items);
}

static void expect_plain_sums(const struct souk_model_part *p, const int64_t *history,
                              const float *weight, int64_t count)
{
    struct souk_neighbours n;
    float score[SOUK_NEIGHBOURS_BLOCK], before[SOUK_NEIGHBOURS_BLOCK];
    struct souk_support support[SOUK_NEIGHBOURS_BLOCK];
    cr_assert_eq(souk_neighbours_init(&n, p), SOUK_OK);
    for (int64_t b = 0; b < n.blocks; b++) {
        const int64_t first = b * SOUK_NEIGHBOURS_BLOCK;
        const int64_t left = p->items.count - first;
        const int64_t items = left < SOUK_NEIGHBOURS_BLOCK ? left : SOUK_NEIGHBOURS_BLOCK;
        souk_neighbours_score(&n, b, history, weight, count, score, items);
        for (int64_t i = 0; i < items; i++) {
            const float expected = plain_score(p, first + i, history, weight, count);
            cr_assert_eq(memcmp(&score[i], &expected, sizeof expected), 0, "item %d: %g, not %g",
                         (int)(first + i), (double)score[i], (double)expected);
        }
        memcpy(before, score, sizeof before);
        souk_neighbours_support(&n, b, history, weight, count, score, support, items);
        cr_expect_eq(memcmp(before, score, (size_t)items * sizeof *score), 0);
        for (int64_t i = 0; i < items; i++)
            expect_plain_support(p, first + i, history, weight, count, &support[i]);
    }
    souk_neighbours_fini(&n);
}

static int64_t draw_history(uint64_t seed, int64_t *history, float *weight)
{
    int64_t count = 0;
    for (int64_t row = 0; row < SOURCES + 100 && count < HISTORY_MAX; row++) {
        if (souk_random_bits(seed, 1, (uint64_t)row) % 15 != 0)
            continue;
        weight[count] = (float)souk_random_uniform(seed, 2, (uint64_t)row) + .1f;
        history[count++] = row;
    }
    return count;
}

static void free_part(struct souk_model_part *p)
{
    free(p->neighbour_offsets);
    free(p->neighbour);
    free(p->neighbour_weight);
}

Test(neighbours, scores_are_the_plain_sums)
{
    static const int64_t sizes[] = {1, 255, 256, 257, 700};
    int64_t history[HISTORY_MAX];
    float weight[HISTORY_MAX];
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct souk_model_part p = make_part(sizes[s], s % 2 ? 30 : 4);
        for (uint64_t seed = 0; seed < 4; seed++)
            expect_plain_sums(&p, history, weight, draw_history(seed, history, weight));
        free_part(&p);
    }
}

Test(neighbours, an_item_without_a_neighbour_in_the_history_scores_zero)
{
    struct souk_model_part p = make_part(300, 1000000);
    const int64_t history[] = {0, 5, 899, 5000000000};
    const float weight[] = {1, 2, 3, 4};
    expect_plain_sums(&p, history, weight, 4);
    expect_plain_sums(&p, history, weight, 0);
    free_part(&p);
}

Test(neighbours, a_history_of_zeros_says_nothing)
{
    const float zeros[] = {0, -0.f, 0}, one[] = {0, 0, .5f};
    cr_assert_not(souk_neighbours_can_score(zeros, 3));
    cr_assert_not(souk_neighbours_can_score(NULL, 0));
    cr_assert(souk_neighbours_can_score(one, 3));
}

Test(neighbours, a_part_without_items_is_fine)
{
    int64_t offsets[1] = {0};
    const struct souk_model_part p = {.neighbour_offsets = offsets};
    struct souk_neighbours n;
    cr_assert_eq(souk_neighbours_init(&n, &p), SOUK_OK);
    cr_assert_eq(n.blocks, 0);
    souk_neighbours_fini(&n);
}
