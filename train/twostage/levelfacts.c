#include "train/twostage/levelfacts.h"

#include "shared/base/memory.h"
#include "shared/math/fixed.h"
#include "train/twostage/itemfacts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fact {
    const char *name, *column; /* of the items, to be summed */
    bool is_share;             /* the item's own over the sum, or the sum */
};

static const struct fact facts[SOUK_LEVEL_FACTS] = {
    {"users_28d", "users_28d", false},
    {"share_56d", "users_56d", true},
};

struct work {
    const struct souk_comm *comm;
    const struct souk_ratings *ratings;
    const struct souk_levels *levels;
    float **columns;
    int shift;
    int64_t *total; /* [most values of a level] */
};

void souk_level_facts_name(const struct souk_levels *levels, int level, int fact, char *name,
                           size_t size)
{
    snprintf(name, size, "%s.%s", levels->of[level].name, facts[fact].name);
}

static int column_named(const char *name)
{
    int c = 0;
    while (c < souk_item_facts_count() && strcmp(souk_item_facts_name(c), name) != 0)
        c++;
    return c;
}

static void add_part(const struct work *w, int local, int level, const float *column)
{
    const struct souk_ratings_part *p = &w->ratings->local[local];
    for (int64_t i = 0; i < p->items.count; i++) {
        const int32_t value = souk_level_of(w->levels, level, w->ratings->item_first[p->part] + i);
        if (value >= 0)
            w->total[value] += souk_fixed_from((double)column[i], w->shift);
    }
}

static void fill_part(const struct work *w, int local, int level, const struct fact *fact,
                      const float *column, float *out)
{
    const struct souk_ratings_part *p = &w->ratings->local[local];
    for (int64_t i = 0; i < p->items.count; i++) {
        const int32_t value = souk_level_of(w->levels, level, w->ratings->item_first[p->part] + i);
        const float sum = value < 0 ? NAN : (float)souk_fixed_to(w->total[value], w->shift);
        out[i] = !fact->is_share ? sum : sum > 0 ? column[i] / sum : NAN;
    }
}

static souk_status make_all(const struct work *w, int level, int index, struct souk_error *err)
{
    const struct fact *fact = &facts[index];
    const int from = column_named(fact->column);
    const int to = souk_item_facts_count() + level * SOUK_LEVEL_FACTS + index;
    const int64_t values = w->levels->of[level].values;
    memset(w->total, 0, (size_t)values * sizeof *w->total);
    for (int k = 0; k < w->ratings->local_count; k++)
        add_part(w, k, level, w->columns[k] + from * w->ratings->local[k].items.count);
    const souk_status status = souk_sum_i64_all(w->comm, w->total, values, err);
    for (int k = 0; k < w->ratings->local_count && !status; k++) {
        const int64_t items = w->ratings->local[k].items.count;
        fill_part(w, k, level, fact, w->columns[k] + from * items, w->columns[k] + to * items);
    }
    return status;
}

static souk_status make_room(struct work *w, struct souk_error *err)
{
    const int count = souk_item_facts_count() + w->levels->count * SOUK_LEVEL_FACTS;
    int64_t most = 1;
    for (int l = 0; l < w->levels->count; l++)
        most = w->levels->of[l].values > most ? w->levels->of[l].values : most;
    w->total = souk_alloc_array((size_t)most, sizeof *w->total);
    souk_status status = w->total ? SOUK_OK : SOUK_ENOMEM;
    for (int k = 0; k < w->ratings->local_count && !status; k++) {
        size_t floats = 0;
        float *grown = NULL;
        if (souk_mul_size((size_t)count, (size_t)w->ratings->local[k].items.count, &floats))
            grown = realloc(w->columns[k], (floats + 1) * sizeof *grown);
        if (grown)
            w->columns[k] = grown;
        else
            status = SOUK_ENOMEM;
    }
    return status ? souk_fail(err, status, "out of memory for the facts of the levels") : SOUK_OK;
}

souk_status souk_level_facts_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                 const struct souk_levels *levels, float **columns,
                                 struct souk_error *err)
{
    struct work w = {.comm = comm, .ratings = ratings, .levels = levels, .columns = columns};
    if (levels->count == 0)
        return SOUK_OK;
    souk_status status = souk_status_agree_all(comm, make_room(&w, err), err);
    /* A pair weighs 1 at most, so that no sum is above their number. */
    w.shift = souk_fixed_shift((double)ratings->pairs + 1, 2);
    for (int l = 0; l < levels->count && !status; l++)
        for (int f = 0; f < SOUK_LEVEL_FACTS && !status; f++)
            status = make_all(&w, l, f, err);
    free(w.total);
    return status;
}
