#include "shared/score/itemfilter.h"

#include "shared/base/memory.h"
#include "shared/data/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const double *numbers_named(const struct souk_attributes *a, const char *name)
{
    for (int i = 0; i < a->count; i++)
        if (a->of[i].type == SOUK_ATTRIBUTE_NUMBER && strcasecmp(a->of[i].name, name) == 0)
            return a->of[i].numbers;
    return NULL;
}

struct souk_item_facts souk_item_facts_of(const struct souk_model_part *part)
{
    return (struct souk_item_facts){.price = numbers_named(&part->attributes, "price"),
                                    .available = numbers_named(&part->attributes, "available")};
}

void souk_item_filter_init(struct souk_item_filter *f)
{
    *f = (struct souk_item_filter){.price_min = -INFINITY, .price_max = INFINITY};
}

void souk_item_filter_fini(struct souk_item_filter *f)
{
    free(f->category);
    free(f->exclude);
    souk_item_filter_init(f);
}

/* Whether a category or one above it is marked. */
static bool is_under_marked(const struct souk_categories *c, const bool *marked, int32_t category)
{
    while (category >= 0 && !marked[category])
        category = c->parent[category];
    return category >= 0;
}

souk_status souk_item_filter_by_category(struct souk_item_filter *f,
                                         const struct souk_categories *categories,
                                         const int32_t *under, int64_t count)
{
    const size_t all = (size_t)categories->ids.count;
    bool *marked = souk_zalloc_array(all + 1, sizeof *marked);
    bool *allowed = souk_zalloc_array(all + 1, sizeof *allowed);
    if (!marked || !allowed) {
        free(marked);
        free(allowed);
        return SOUK_ENOMEM;
    }
    for (int64_t i = 0; i < count; i++)
        if (under[i] >= 0)
            marked[under[i]] = true;
    for (size_t c = 0; c < all; c++)
        allowed[1 + c] =
            (!f->category || f->category[1 + c]) && is_under_marked(categories, marked, (int32_t)c);
    free(marked);
    free(f->category);
    f->category = allowed;
    return SOUK_OK;
}

static int by_row(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void souk_item_filter_exclude(struct souk_item_filter *f, int64_t *rows, int64_t count)
{
    int64_t kept = 0;
    free(f->exclude);
    if (count > 1)
        qsort(rows, (size_t)count, sizeof *rows, by_row);
    for (int64_t i = 0; i < count; i++)
        if (rows[i] >= 0)
            rows[kept++] = rows[i];
    f->exclude = rows;
    f->exclude_count = kept;
}

bool souk_item_filter_is_open(const struct souk_item_filter *f)
{
    return !f->category && !f->by_price && !f->available && f->exclude_count == 0;
}

/* Without branches and calls, so that they vectorise. */

/* What is not known, NaN, is not inside. */
static void refuse_outside(const double *restrict value, double min, double max, int64_t count,
                           bool *restrict refused)
{
    for (int64_t i = 0; i < count; i++)
        refused[i] |= !(value[i] >= min) | !(value[i] <= max);
}

static void refuse_known_0(const double *restrict value, int64_t count, bool *restrict refused)
{
    for (int64_t i = 0; i < count; i++)
        refused[i] |= value[i] <= 0;
}

void souk_item_filter_mark(const struct souk_item_filter *f, const struct souk_model_part *part,
                           const struct souk_item_facts *facts, int64_t first_row, int64_t first,
                           int64_t count, bool *refused)
{
    const double *const price = facts->price ? facts->price + first : NULL;
    const double *const available = facts->available ? facts->available + first : NULL;
    if (f->category && !part->category)
        memset(refused, true, (size_t)count);
    else if (f->category)
        for (int64_t i = 0; i < count; i++)
            refused[i] |= !f->category[1 + part->category[first + i]];
    if (f->by_price && !price)
        memset(refused, true, (size_t)count);
    else if (f->by_price)
        refuse_outside(price, f->price_min, f->price_max, count, refused);
    if (f->available && available)
        refuse_known_0(available, count, refused);
    const int64_t begin = first_row + first;
    for (int64_t e = souk_rows_lower_bound(f->exclude, f->exclude_count, begin);
         e < f->exclude_count && f->exclude[e] < begin + count; e++)
        refused[f->exclude[e] - begin] = true;
}
