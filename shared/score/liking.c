#include "shared/score/liking.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 3 }; /* up the tree from what is preferred: 0, 1 and 2 */
static const float NEAR[STEPS + 1] = {1, .5F, .25F, .125F};
static const float UNKNOWN_PRICE = .5F;

/* What a category is to the marked ones: the fewest steps to a common one above. */
static int steps_of(const struct souk_categories *c, const unsigned char *marks, int32_t category)
{
    int steps = STEPS;
    for (; category >= 0; category = c->parent[category])
        for (int s = 0; s < steps; s++)
            if (marks[category] & (1U << s))
                steps = s;
    return steps;
}

souk_status souk_liking_init(struct souk_liking *out, const struct souk_categories *categories,
                             const int32_t *preferred, int64_t count, double price_min,
                             double price_max)
{
    const size_t all = (size_t)categories->ids.count;
    unsigned char *marks;
    bool any = false;
    *out = (struct souk_liking){.price_min = price_min, .price_max = price_max};
    for (int64_t i = 0; i < count; i++)
        any |= preferred[i] >= 0;
    if (!any)
        return SOUK_OK;
    marks = souk_zalloc_array(all, sizeof *marks);
    out->near_category = souk_alloc_array(all, sizeof *out->near_category);
    if (!marks || !out->near_category) {
        free(marks);
        souk_liking_fini(out);
        return SOUK_ENOMEM;
    }
    for (int64_t i = 0; i < count; i++) {
        int32_t at = preferred[i];
        for (int s = 0; s < STEPS && at >= 0; s++, at = categories->parent[at])
            marks[at] |= (unsigned char)(1U << s);
    }
    for (size_t c = 0; c < all; c++)
        out->near_category[c] = NEAR[steps_of(categories, marks, (int32_t)c)];
    free(marks);
    return SOUK_OK;
}

void souk_liking_fini(struct souk_liking *l)
{
    free(l->near_category);
    *l = (struct souk_liking){0};
}

static float fit_of(const struct souk_liking *l, const double *price)
{
    if (isinf(l->price_min) && isinf(l->price_max))
        return 1;
    if (!price || isnan(*price))
        return UNKNOWN_PRICE;
    if (*price < l->price_min)
        return *price > 0 ? (float)(*price / l->price_min) : 0;
    if (*price > l->price_max)
        return l->price_max > 0 ? (float)(l->price_max / *price) : 0;
    return 1;
}

/* From 2^-16 to 2^48: below and above all are alike. */
static float rank_of(float popularity)
{
    enum { LEAST = (127 - 16) << 23, WIDTH = 64 << 23 };
    int32_t bits;
    memcpy(&bits, &popularity, sizeof bits);
    const int32_t above = bits > LEAST ? bits - LEAST : 0;
    return above < WIDTH ? (float)above / (float)WIDTH : 1;
}

void souk_liking_weigh(const struct souk_liking *l, const struct souk_model_part *part,
                       const struct souk_item_facts *facts, int64_t first, int64_t count,
                       float *score)
{
    for (int64_t i = 0; i < count; i++) {
        const int32_t category = part->category ? part->category[first + i] : -1;
        const float near = !l->near_category ? 1
                           : category < 0    ? NEAR[STEPS]
                                             : l->near_category[category];
        const float fit = fit_of(l, facts->price ? facts->price + first + i : NULL);
        score[i] = near * fit * ((1 + rank_of(score[i])) / 2);
    }
}
