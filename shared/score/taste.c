#include "shared/score/taste.h"

#include "shared/base/memory.h"
#include "shared/score/stagerules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 1000, VALUES_MAX = NAMES_MAX * SOUK_LEVELS_MAX };
static const float STEP = .5F;          /* of a relative, each step up the tree */
static const float UNKNOWN_PRICE = .5F; /* as if at half or twice of what is preferred */

void souk_taste_init(struct souk_taste *t)
{
    *t = (struct souk_taste){.price = NAN};
}

void souk_taste_fini(struct souk_taste *t)
{
    free(t->own);
    souk_taste_init(t);
}

/* Steps of the tree are levels by these names (train/category/itemlevels.h). */
float souk_taste_level_weight(const struct souk_levels *levels, int level)
{
    const char *name = levels->of[level].name;
    if (strcmp(name, "category_2") == 0)
        return STEP;
    if (strcmp(name, "category_1") == 0)
        return souk_level_named(levels, "category_2") < 0 ? STEP : STEP * STEP;
    return 1;
}

bool souk_taste_columns_of(const struct souk_model_stages *stages, struct souk_taste_columns *out)
{
    char name[SOUK_NAME_MAX_BYTES + 1];
    *out = (struct souk_taste_columns){.users = souk_stage_column(stages, "users_28d"),
                                       .value = souk_stage_column(stages, "mean_value")};
    for (int l = 0; l < stages->levels.count; l++) {
        snprintf(name, sizeof name, "%s.users_28d", stages->levels.of[l].name);
        out->level_users[l] = souk_stage_column(stages, name);
        out->weight[l] = out->level_users[l] < 0 ? 0 : souk_taste_level_weight(&stages->levels, l);
    }
    return out->users >= 0;
}

/* ---- who likes what ---- */

void souk_taste_of_profile(struct souk_taste *t, const struct souk_profile *p)
{
    t->price = NAN;
    t->values = p->values;
    memcpy(t->first, p->value_first, sizeof t->first);
}

static souk_status make_room(struct souk_taste *t, int64_t count)
{
    size_t capacity = (size_t)t->capacity;
    const souk_status status =
        souk_grow(&t->own, &capacity, (size_t)count, VALUES_MAX, sizeof *t->own);
    t->capacity = (int64_t)capacity;
    t->values = t->own;
    return status;
}

/* "department=GROCERY" speaks of one level, "GROCERY" of all. @return its value, -1: none */
static int32_t find_value(const struct souk_level *level, const char *name)
{
    const size_t len = strlen(level->name);
    const bool is_of = strncmp(name, level->name, len) == 0 && name[len] == '=';
    const int32_t whole = souk_level_find(level, name, strlen(name));
    return whole < 0 && is_of ? souk_level_find(level, name + len + 1, strlen(name + len + 1))
                              : whole;
}

static int by_value(const void *a, const void *b)
{
    const struct souk_profile_value *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* The distinct preferences at one level, from place `first`. @return their number */
static int64_t fill_level(struct souk_taste *t, const struct souk_level *level,
                          const char *const *names, int64_t count, int64_t first)
{
    struct souk_profile_value *values = t->own + first;
    int64_t found = 0, kept = 0;
    for (int64_t i = 0; i < count; i++) {
        const int32_t value = find_value(level, names[i]);
        if (value >= 0)
            values[found++].value = value;
    }
    if (found > 1)
        qsort(values, (size_t)found, sizeof *values, by_value);
    for (int64_t i = 0; i < found; i++)
        if (kept == 0 || values[kept - 1].value != values[i].value)
            values[kept++].value = values[i].value;
    for (int64_t i = 0; i < kept; i++)
        values[i].share = 1 / (float)kept;
    return kept;
}

souk_status souk_taste_of_preferences(struct souk_taste *t, const struct souk_levels *levels,
                                      const char *const *names, int64_t count, float price,
                                      int64_t *unknown)
{
    *unknown = 0;
    if (count > NAMES_MAX)
        return SOUK_ELIMIT;
    const souk_status status = make_room(t, count * levels->count);
    if (status)
        return status;
    t->price = price > 0 ? price : NAN;
    t->first[0] = 0;
    for (int l = 0; l < SOUK_LEVELS_MAX; l++)
        t->first[l + 1] =
            t->first[l] +
            (l < levels->count ? fill_level(t, &levels->of[l], names, count, t->first[l]) : 0);
    for (int64_t i = 0; i < count; i++) {
        bool known = false;
        for (int l = 0; l < levels->count; l++)
            known = known || find_value(&levels->of[l], names[i]) >= 0;
        *unknown += !known;
    }
    return SOUK_OK;
}

/* ---- which items are that ---- */

static float share_of(const struct souk_taste *t, int level, int32_t value)
{
    int64_t low = t->first[level], high = t->first[level + 1];
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (t->values[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->first[level + 1] && t->values[low].value == value ? t->values[low].share : 0;
}

static float price_factor(float value, float price)
{
    if (isnan(price))
        return 1;
    if (!(value > 0))
        return UNKNOWN_PRICE;
    return value < price ? value / price : price / value;
}

float souk_taste_score(const struct souk_taste *t, const struct souk_model *model,
                       const struct souk_taste_columns *c, const struct souk_model_part *part,
                       int64_t item)
{
    const struct souk_levels *levels = &model->stages.levels;
    const int64_t items = part->items.count, row = model->item_first[part->part] + item;
    const float users = part->columns[c->users * items + item];
    float score = t->first[levels->count] == 0 ? users : 0;
    for (int l = 0; l < levels->count && t->first[levels->count] > 0; l++) {
        const float share = share_of(t, l, souk_level_of(levels, l, row));
        if (share > 0 && c->weight[l] > 0) {
            const float all = part->columns[c->level_users[l] * items + item];
            score += all > 0 ? c->weight[l] * share * users / all : 0;
        }
    }
    return score *
           price_factor(c->value < 0 ? NAN : part->columns[c->value * items + item], t->price);
}

void souk_taste_scan(const struct souk_taste *t, const struct souk_model *model,
                     const struct souk_taste_columns *columns, const struct souk_model_part *part,
                     const struct souk_profile *seen, struct souk_topk *list)
{
    const int64_t first = model->item_first[part->part];
    for (int64_t i = 0; i < part->items.count; i++) {
        const float score = souk_taste_score(t, model, columns, part, i);
        if (!(score > 0) || !isfinite(score) || score < souk_topk_threshold(list) ||
            (seen && souk_profile_find(seen, first + i) >= 0))
            continue;
        const struct souk_hit hit = {
            .score = score, .item = first + i, .id = souk_idtable_get(&part->items, i)};
        souk_topk_offer(list, &hit);
    }
}
