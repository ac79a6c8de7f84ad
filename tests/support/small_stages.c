#include "tests/support/small_stages.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/score/stagerules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOURCES = 2,
    COLUMNS = 3,
    TYPES = 2,
    LONGEST = 40,
    EVENTS_MAX = 11,
    DAYS_MAX = 6,
    LEVELS = 2
};
static const char *const source_names[SOURCES] = {"signed", "coarse"};
static const char *const column_names[COLUMNS] = {"popularity", "trend", "age_days"};

souk_status small_stages_name(struct souk_model_stages *out)
{
    const struct souk_stage_rules rules = {
        .source_count = SOURCES,
        .sources = {{.history = {.power = .5F, .half_life_days = 3},
                     .quota = 20,
                     .lift_column = -1},
                    {.history = {.power = 1}, .quota = 12, .lift_column = 1}},
        .popular_column = 0,
        .popular_quota = 15,
        .repeat_quota = 10,
        .value_column = 2,
        .cold_items = 2,
        .blend = {[SOUK_SEGMENT_WARM] = {.source = 1, .lifted = true, .weight = .75F},
                  [SOUK_SEGMENT_COLD] = {.source = 0, .lifted = false, .weight = .25F}}};
    *out = (struct souk_model_stages){
        .source_count = SOURCES,
        .type_count = TYPES,
        .types = {{.name = "view", .weight = 1}, {.name = "buy", .weight = 4.5, .is_target = true}},
        .column_count = COLUMNS};
    for (int s = 0; s < SOURCES; s++) {
        snprintf(out->sources[s].name, sizeof out->sources[s].name, "%s", source_names[s]);
        out->sources[s].longest = LONGEST;
    }
    for (int c = 0; c < COLUMNS; c++)
        snprintf(out->columns[c], sizeof out->columns[c], "%s", column_names[c]);
    out->rules_json = souk_stage_rules_json(&rules);
    return out->rules_json ? SOUK_OK : SOUK_ENOMEM;
}

/* By time within a user, some at the same moment; items repeat. */
static souk_status fill_events(uint64_t seed, int64_t items, struct souk_model_part *p)
{
    const size_t users = (size_t)p->users.count, most = users * EVENTS_MAX;
    int64_t at = 0;
    p->event_offsets = souk_zalloc_array(users + 1, sizeof *p->event_offsets);
    p->event_item = souk_zalloc_array(most, sizeof *p->event_item);
    p->event_ms = souk_zalloc_array(most, sizeof *p->event_ms);
    p->event_type = souk_zalloc_array(most, sizeof *p->event_type);
    p->event_value = souk_zalloc_array(most, sizeof *p->event_value);
    if (!p->event_offsets || !p->event_item || !p->event_ms || !p->event_type || !p->event_value)
        return SOUK_ENOMEM;
    for (size_t u = 0; u < users; u++) {
        const int64_t count =
            items > 0 ? (int64_t)(souk_random_bits(seed, u, 0) % (EVENTS_MAX + 1)) : 0;
        int64_t ms = 0;
        for (int64_t e = 1; e <= count; e++, at++) {
            const uint64_t bits = souk_random_bits(seed, u, (uint64_t)e);
            ms += (int64_t)(bits % 4 * (bits >> 8) % 200000000);
            p->event_item[at] = (int64_t)((bits >> 32) % (uint64_t)items);
            p->event_ms[at] = ms;
            p->event_type[at] = bits % 5 == 0;
            p->event_value[at] = p->event_type[at] ? (float)(bits >> 40 & 1023) / 4 : 0;
        }
        p->event_offsets[u + 1] = at;
    }
    return SOUK_OK;
}

/* Of any sign and precision, or positive and so coarse that scores tie. */
static float weight_of(uint64_t seed, int source, uint64_t row, int64_t item)
{
    if (source == 0)
        return (float)souk_random_normal(seed, row, (uint64_t)item);
    return (float)(1 + souk_random_bits(seed, row, (uint64_t)item) % 4) / 4;
}

/* Rows of different lengths, some empty, their items ascending over the whole catalogue. */
static souk_status fill_source(uint64_t seed, int source, int64_t items, struct souk_model_part *p)
{
    const size_t rows = (size_t)p->items.count;
    struct souk_source_rows *out = &p->sources[source];
    int64_t at = 0;
    out->offsets = souk_zalloc_array(rows + 1, sizeof *out->offsets);
    out->item = souk_zalloc_array(rows * LONGEST, sizeof *out->item);
    out->weight = souk_zalloc_array(rows * LONGEST, sizeof *out->weight);
    if (!out->offsets || !out->item || !out->weight)
        return SOUK_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        const int64_t longest = (int64_t)(souk_random_bits(seed, i, 1) % (LONGEST + 1));
        const uint64_t step = (uint64_t)(2 * items / LONGEST + 1);
        int64_t item = -1;
        for (uint64_t k = 0; at - out->offsets[i] < longest; k++) {
            item += 1 + (int64_t)(souk_random_bits(seed, i, k + 2) % step);
            if (item >= items)
                break;
            out->item[at] = item;
            out->weight[at++] = weight_of(seed + 1, source, i, item);
        }
        out->offsets[i + 1] = at;
    }
    return SOUK_OK;
}

static souk_status fill_columns(uint64_t seed, struct souk_model_part *p)
{
    const size_t rows = (size_t)p->items.count;
    p->columns = souk_zalloc_array(COLUMNS * rows, sizeof *p->columns);
    for (size_t i = 0; i < rows && p->columns; i++)
        for (size_t c = 0; c < COLUMNS; c++) {
            const uint64_t bits = souk_random_bits(seed, i, c);
            p->columns[c * rows + i] = bits % 7 == 0 ? NAN : (float)(bits >> 8 & 31) / 8;
        }
    return p->columns ? SOUK_OK : SOUK_ENOMEM;
}

static souk_status fill_days(uint64_t seed, struct souk_model_part *p)
{
    const size_t rows = (size_t)p->items.count;
    int64_t at = 0;
    p->days.offsets = souk_zalloc_array(rows + 1, sizeof *p->days.offsets);
    p->days.day = souk_zalloc_array(rows * DAYS_MAX, sizeof *p->days.day);
    p->days.users = souk_zalloc_array(rows * DAYS_MAX, sizeof *p->days.users);
    if (!p->days.offsets || !p->days.day || !p->days.users)
        return SOUK_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        const uint64_t count = souk_random_bits(seed, i, 0) % (DAYS_MAX + 1);
        int64_t day = -3;
        for (uint64_t d = 1; d <= count; d++) {
            day += 1 + (int64_t)(souk_random_bits(seed, i, d) % 5);
            p->days.day[at] = day;
            p->days.users[at++] = 1 + (int64_t)(souk_random_bits(seed, i, d) >> 8 & 15);
        }
        p->days.offsets[i + 1] = at;
    }
    return SOUK_OK;
}

souk_status small_stages_fill(uint64_t seed, int64_t items, struct souk_model_part *p)
{
    const uint64_t own = seed + 9000 + 10 * (uint64_t)p->part;
    souk_status status = fill_events(own, items, p);
    for (int s = 0; s < SOURCES && !status; s++)
        status = fill_source(own + 2 * (uint64_t)s + 1, s, items, p);
    if (!status)
        status = fill_columns(own + 5, p);
    return status ? status : fill_days(own + 7, p);
}

static int by_hash(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static souk_status name_values(struct souk_level *level)
{
    level->hash = souk_alloc_array((size_t)level->values, sizeof *level->hash);
    for (int64_t v = 0; v < level->values && level->hash; v++) {
        char text[24];
        level->hash[v] =
            souk_hash_bytes(text, (size_t)snprintf(text, sizeof text, "v%lld", (long long)v));
    }
    if (!level->hash)
        return SOUK_ENOMEM;
    qsort(level->hash, (size_t)level->values, sizeof *level->hash, by_hash);
    return SOUK_OK;
}

souk_status small_stages_sort(uint64_t seed, int64_t items, struct souk_levels *out)
{
    static const struct souk_level levels[LEVELS] = {{.name = "kind", .values = 9},
                                                     {.name = "shade", .values = 3}};
    *out = (struct souk_levels){.count = LEVELS, .items = items};
    memcpy(out->of, levels, sizeof levels);
    out->value = souk_alloc_array((size_t)(LEVELS * items), sizeof *out->value);
    for (int64_t i = 0; i < LEVELS * items && out->value; i++) {
        const int64_t values = levels[i / items].values;
        out->value[i] =
            (int32_t)(souk_random_bits(seed, 5, (uint64_t)i) % (uint64_t)(values + 1)) - 1;
    }
    souk_status status = out->value ? SOUK_OK : SOUK_ENOMEM;
    for (int l = 0; l < LEVELS && !status; l++)
        status = name_values(&out->of[l]);
    return status;
}
