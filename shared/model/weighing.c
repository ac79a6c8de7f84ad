#include "shared/model/weighing.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {
    [SOUK_WEIGHT_EVENTS] = "events", [SOUK_WEIGHT_VALUES] = "values",
    [SOUK_WEIGHT_ORDERS] = "orders", [SOUK_WEIGHT_LAST] = "last",
    [SOUK_WEIGHT_MEAN] = "mean",
};

const char *souk_weighting_name(enum souk_weighting weighting)
{
    return names[weighting];
}

bool souk_weighting_of_name(const char *name, size_t len, enum souk_weighting *weighting)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) != len || memcmp(names[i], name, len) != 0)
            continue;
        *weighting = (enum souk_weighting)i;
        return true;
    }
    return false;
}

json_t *souk_event_types_json(const struct souk_event_type *types, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count && list; i++)
        json_array_append_new(list, json_pack("{s:s, s:f, s:b}", "name", types[i].name, "weight",
                                              types[i].weight, "target", types[i].is_target));
    return list;
}

souk_status souk_event_types_read(const char *path, const char *key, const json_t *list,
                                  struct souk_event_type *types, int *count, struct souk_error *err)
{
    const json_t *entry;
    size_t i;
    if (!json_is_array(list) || json_array_size(list) < 1 ||
        json_array_size(list) > SOUK_EVENT_TYPES_MAX)
        return souk_fail(err, SOUK_EFORMAT,
                         "%s: manifest: the types of '%s' are not a list of 1 to %d", path, key,
                         SOUK_EVENT_TYPES_MAX);
    json_array_foreach(list, i, entry)
    {
        const struct souk_manifest one = {.path = path, .json = (json_t *)entry}; /* read only */
        const json_t *weight = json_object_get(entry, "weight");
        const souk_status status =
            souk_manifest_get_text(&one, "name", types[i].name, sizeof types[i].name, err);
        if (status)
            return status;
        types[i].weight = json_number_value(weight);
        types[i].is_target = json_is_true(json_object_get(entry, "target"));
        if (!json_is_number(weight) || !isfinite(types[i].weight) || types[i].weight < 0)
            return souk_fail(err, SOUK_EFORMAT, "%s: manifest: weight of event type '%s'", path,
                             types[i].name);
    }
    *count = (int)json_array_size(list);
    return SOUK_OK;
}

json_t *souk_weighing_json(const struct souk_model_weighing *w)
{
    return json_pack("{s:s, s:o}", "weighting", souk_weighting_name(w->weighting), "types",
                     souk_event_types_json(w->types, w->type_count));
}

souk_status souk_weighing_parse(const struct souk_manifest *m, struct souk_model_weighing *w,
                                struct souk_error *err)
{
    const struct souk_manifest inner = {.path = m->path,
                                        .json = json_object_get(m->json, "weighing")};
    char name[SOUK_NAME_MAX_BYTES + 1];
    *w = (struct souk_model_weighing){.weighting = SOUK_WEIGHT_EVENTS};
    if (!inner.json)
        return SOUK_OK;
    const souk_status status = souk_manifest_get_text(&inner, "weighting", name, sizeof name, err);
    if (status)
        return status;
    if (!souk_weighting_of_name(name, strlen(name), &w->weighting))
        return souk_fail(err, SOUK_EFORMAT, "%s: manifest: unknown weighting '%s'", m->path, name);
    return souk_event_types_read(m->path, "weighing", json_object_get(inner.json, "types"),
                                 w->types, &w->type_count, err);
}
