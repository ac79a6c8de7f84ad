#include "shared/score/stagerules.h"

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <string.h>

int souk_stage_column(const struct souk_model_stages *stages, const char *name)
{
    for (int c = 0; c < stages->column_count; c++)
        if (strcmp(stages->columns[c], name) == 0)
            return c;
    return -1;
}

char *souk_stage_rules_json(const struct souk_stage_rules *rules)
{
    json_t *sources = json_array();
    for (int s = 0; s < rules->source_count && sources; s++) {
        const struct souk_source_rule *r = &rules->sources[s];
        json_array_append_new(sources,
                              json_pack("{s:f, s:f, s:i, s:i}", "power", (double)r->history.power,
                                        "half_life_days", (double)r->history.half_life_days,
                                        "quota", r->quota, "lift_column", r->lift_column));
    }
    json_t *blend = json_object();
    for (int s = 0; s < SOUK_SEGMENTS && blend; s++) {
        const struct souk_blend *b = &rules->blend[s];
        json_object_set_new(blend, souk_segment_name(s),
                            json_pack("{s:i, s:b, s:f}", "source", b->source, "lifted", b->lifted,
                                      "weight", (double)b->weight));
    }
    json_t *json =
        json_pack("{s:o, s:i, s:i, s:i, s:i, s:i, s:o}", "sources", sources, "popular_column",
                  rules->popular_column, "popular_quota", rules->popular_quota, "repeat_quota",
                  rules->repeat_quota, "value_column", rules->value_column, "cold_items",
                  rules->cold_items, "blend", blend);
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(json);
    return text;
}

static bool get_int(const json_t *json, const char *key, int min, int max, int *out)
{
    const json_t *value = json_object_get(json, key);
    *out = (int)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= min &&
           json_integer_value(value) <= max;
}

static bool get_float(const json_t *json, const char *key, float min, float max, float *out)
{
    const json_t *value = json_object_get(json, key);
    *out = (float)json_number_value(value);
    return json_is_number(value) && *out >= min && *out <= max;
}

static bool get_source(const json_t *json, int columns, struct souk_source_rule *r)
{
    return get_float(json, "power", 0, 16, &r->history.power) &&
           get_float(json, "half_life_days", 0, 1e6F, &r->history.half_life_days) &&
           get_int(json, "quota", 0, SOUK_QUOTA_MAX, &r->quota) &&
           get_int(json, "lift_column", -1, columns - 1, &r->lift_column);
}

static bool get_blend(const json_t *json, int sources, struct souk_blend *b)
{
    const json_t *lifted = json_object_get(json, "lifted");
    b->lifted = json_is_true(lifted);
    return json_is_boolean(lifted) && get_int(json, "source", 0, sources - 1, &b->source) &&
           get_float(json, "weight", 0, 1000, &b->weight);
}

souk_status souk_stage_rules_of(const struct souk_model *model, struct souk_stage_rules *out,
                                struct souk_error *err)
{
    const struct souk_model_stages *stages = &model->stages;
    json_t *json = stages->rules_json ? json_loads(stages->rules_json, 0, NULL) : NULL;
    const json_t *sources = json_object_get(json, "sources");
    const json_t *blend = json_object_get(json, "blend");
    const int columns = stages->column_count;
    *out = (struct souk_stage_rules){.source_count = stages->source_count, .value_column = -1};
    bool good = json_is_array(sources) && json_array_size(sources) == (size_t)out->source_count &&
                get_int(json, "popular_column", 0, columns - 1, &out->popular_column) &&
                get_int(json, "popular_quota", 0, SOUK_QUOTA_MAX, &out->popular_quota) &&
                get_int(json, "repeat_quota", 0, SOUK_QUOTA_MAX, &out->repeat_quota) &&
                (!json_object_get(json, "value_column") ||
                 get_int(json, "value_column", -1, columns - 1, &out->value_column)) &&
                get_int(json, "cold_items", 0, INT_MAX, &out->cold_items);
    for (int s = 0; s < out->source_count && good; s++)
        good = get_source(json_array_get(sources, (size_t)s), columns, &out->sources[s]);
    for (int s = 0; s < SOUK_SEGMENTS && good; s++)
        good = get_blend(json_object_get(blend, souk_segment_name(s)), out->source_count,
                         &out->blend[s]);
    json_decref(json);
    if (!good)
        return souk_fail(err, SOUK_EFORMAT,
                         "%s: the rules of the stages are absent or out of range", model->path);
    return SOUK_OK;
}
