#include "train/comm/itemneighbours.h"

#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 200 };

static int best_first(const void *a, const void *b)
{
    const struct souk_neighbour *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* Whether `kept` are the first `count` of the sorted ones, ascending by item. */
static bool is_best(const struct souk_neighbour *kept, const struct souk_neighbour *sorted,
                    int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        bool found = false;
        for (int64_t k = 0; k < count; k++)
            found |= kept[i].item == sorted[k].item && kept[i].weight == sorted[k].weight;
        if (!found || (i > 0 && kept[i].item <= kept[i - 1].item))
            return false;
    }
    return true;
}

Test(itemneighbours, keeps_what_sorting_would)
{
    struct souk_neighbour candidates[MOST], sorted[MOST];
    for (uint64_t round = 0; round < 500; round++) {
        const int64_t count = (int64_t)(souk_random_bits(1, round, 0) % MOST);
        const int64_t keep = 1 + (int64_t)(souk_random_bits(1, round, 1) % MOST);
        for (int64_t i = 0; i < count; i++) { /* few weights: many ties */
            const uint64_t bits = souk_random_bits(2, round, (uint64_t)i);
            candidates[i] = (struct souk_neighbour){(i * 7919 + (int64_t)round) % 10007,
                                                    (float)(bits % (1 + round % 9))};
        }
        memcpy(sorted, candidates, sizeof sorted);
        qsort(sorted, (size_t)count, sizeof *sorted, best_first);
        const int64_t kept = souk_neighbour_keep_best(candidates, count, keep);
        cr_assert_eq(kept, count < keep ? count : keep);
        cr_assert(is_best(candidates, sorted, kept), "round %d", (int)round);
    }
}
