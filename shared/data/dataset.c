#include "shared/data/dataset.h"

#include "shared/base/memory.h"
#include "shared/data/h5file.h"
#include "shared/data/manifest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char KIND[] = "dataset";
static const int64_t ROWS_MAX = INT64_C(1) << 40;

static const char *const weighting_names[] = {
    [SOUK_WEIGHT_EVENTS] = "events",
    [SOUK_WEIGHT_VALUES] = "values",
    [SOUK_WEIGHT_ORDERS] = "orders",
};

static souk_status get_weighting(const struct souk_manifest *m, enum souk_weighting *weighting,
                                 struct souk_error *err)
{
    char name[SOUK_NAME_MAX_BYTES + 1];
    souk_status status = souk_manifest_get_text(m, "weighting", name, sizeof name, err);
    if (status)
        return status;
    for (size_t i = 0; i < sizeof weighting_names / sizeof weighting_names[0]; i++) {
        if (strcmp(name, weighting_names[i]) == 0) {
            *weighting = (enum souk_weighting)i;
            return SOUK_OK;
        }
    }
    return souk_fail(err, SOUK_EFORMAT, "%s: manifest: unknown weighting '%s'", m->path, name);
}

static bool parse_type(const json_t *json, struct souk_event_type *type)
{
    const json_t *name = json_object_get(json, "name");
    const json_t *weight = json_object_get(json, "weight");
    const json_t *count = json_object_get(json, "count");
    if (!json_is_string(name) || json_string_length(name) > SOUK_NAME_MAX_BYTES ||
        !json_is_number(weight) || !json_is_integer(count))
        return false;
    memcpy(type->name, json_string_value(name), json_string_length(name) + 1);
    type->weight = json_number_value(weight);
    type->count = json_integer_value(count);
    type->is_target = json_is_true(json_object_get(json, "target"));
    return isfinite(type->weight) && type->weight >= 0 && type->count >= 0;
}

static souk_status get_types(const struct souk_manifest *m, struct souk_dataset *d,
                             struct souk_error *err)
{
    const json_t *array = json_object_get(m->json, "event_types");
    const size_t count = json_array_size(array);
    if (count > SOUK_EVENT_TYPES_MAX)
        return souk_fail(err, SOUK_EFORMAT, "%s: manifest: %zu event types, at most %d", m->path,
                         count, SOUK_EVENT_TYPES_MAX);
    for (size_t i = 0; i < count; i++)
        if (!parse_type(json_array_get(array, i), &d->types[i]))
            return souk_fail(err, SOUK_EFORMAT, "%s: manifest: event type %zu is malformed",
                             m->path, i);
    d->type_count = (int)count;
    return SOUK_OK;
}

static souk_status get_properties(const struct souk_manifest *m, struct souk_dataset *d,
                                  struct souk_error *err)
{
    const json_t *array = json_object_get(m->json, "properties");
    const size_t count = json_array_size(array);
    d->property_names = souk_zalloc_array(count, sizeof *d->property_names);
    if (!d->property_names)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", m->path);
    for (size_t i = 0; i < count; i++) {
        const json_t *name = json_array_get(array, i);
        if (!json_is_string(name))
            return souk_fail(err, SOUK_EFORMAT, "%s: manifest: property %zu has no name", m->path,
                             i);
        d->property_names[i] = souk_strndup(json_string_value(name), json_string_length(name));
        if (!d->property_names[i])
            return souk_fail(err, SOUK_ENOMEM, "%s: no memory", m->path);
        d->property_count = (int)i + 1;
    }
    return SOUK_OK;
}

static souk_status get_split(const struct souk_manifest *m, int64_t *split_ms,
                             struct souk_error *err)
{
    *split_ms = SOUK_TIME_NONE;
    if (json_is_null(json_object_get(m->json, "split_ms")))
        return SOUK_OK;
    return souk_manifest_get_int(m, "split_ms", INT64_MIN + 1, INT64_MAX, split_ms, err);
}

static souk_status get_shape(const struct souk_manifest *m, struct souk_dataset *d,
                             struct souk_error *err)
{
    int64_t parts = 0, width = 0;
    souk_status status = souk_manifest_get_int(m, "parts", 1, SOUK_PARTS_MAX, &parts, err);
    if (!status)
        status = souk_manifest_get_int(m, "id_width", 1, SOUK_ID_MAX_BYTES, &width, err);
    d->parts = (int)parts;
    d->id_width = (int)width;
    if (!status)
        status = souk_manifest_get_first(m, "user_first", d->parts, &d->user_first, err);
    if (!status)
        status = souk_manifest_get_first(m, "item_first", d->parts, &d->item_first, err);
    if (!status)
        status = souk_manifest_get_int(m, "event_count", 0, ROWS_MAX, &d->event_count, err);
    return status;
}

static souk_status parse_manifest(const struct souk_manifest *m, struct souk_dataset *d,
                                  struct souk_error *err)
{
    int64_t schema = 0;
    souk_status status = souk_manifest_get_int(m, "schema", 0, INT32_MAX, &schema, err);
    if (status)
        return status;
    if (schema != SOUK_DATASET_SCHEMA)
        return souk_fail(
            err, SOUK_EVERSION,
            "%s: dataset schema version %lld, this build reads version %d: ingest again", m->path,
            (long long)schema, SOUK_DATASET_SCHEMA);
    d->schema = (int)schema;
    status = souk_manifest_get_text(m, "format", d->format, sizeof d->format, err);
    if (!status)
        status = get_shape(m, d, err);
    if (!status)
        status = get_types(m, d, err);
    if (!status)
        status = get_weighting(m, &d->weighting, err);
    if (!status)
        status = get_properties(m, d, err);
    if (!status)
        status = get_split(m, &d->split_ms, err);
    if (!status)
        status = souk_manifest_get_int(m, "session_gap_ms", 0, INT64_MAX, &d->session_gap_ms, err);
    if (!status)
        status = souk_manifest_get_int(m, "first_ms", INT64_MIN, INT64_MAX, &d->first_ms, err);
    if (!status)
        status = souk_manifest_get_int(m, "last_ms", INT64_MIN, INT64_MAX, &d->last_ms, err);
    if (!status)
        status = souk_manifest_get_json(m, "profile", &d->profile_json, err);
    if (!status)
        status = souk_manifest_get_files(m, d->parts, &d->files, err);
    d->has_values = json_is_true(json_object_get(m->json, "has_values"));
    d->has_orders = json_is_true(json_object_get(m->json, "has_orders"));
    d->has_properties = json_is_true(json_object_get(m->json, "has_properties"));
    return status;
}

souk_status souk_dataset_open(const char *path, struct souk_dataset **out, struct souk_error *err)
{
    struct souk_dataset *d = souk_zalloc_array(1, sizeof *d);
    char *file = souk_path_join(path, "dataset.h5");
    struct souk_manifest m = {.path = file};
    struct souk_h5 *h5 = NULL;
    souk_status status = SOUK_OK;

    *out = NULL;
    if (d)
        d->path = souk_strndup(path, strlen(path));
    if (!d || !file || !d->path)
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
    if (!status)
        status = souk_h5_open(file, KIND, NULL, NULL, &h5, err);
    if (!status)
        status = souk_manifest_read(h5, file, &m.json, &d->digest, err);
    if (!status)
        status = parse_manifest(&m, d, err);
    if (!status)
        status = souk_manifest_read_categories(h5, &d->categories, err);
    json_decref(m.json);
    souk_h5_close(h5);
    free(file);
    if (status) {
        souk_dataset_free(d);
        return status;
    }
    *out = d;
    return SOUK_OK;
}

void souk_dataset_free(struct souk_dataset *d)
{
    if (!d)
        return;
    for (int i = 0; i < d->property_count; i++)
        free(d->property_names[i]);
    free(d->property_names);
    free(d->path);
    free(d->user_first);
    free(d->item_first);
    free(d->profile_json);
    free(d->files);
    souk_categories_fini(&d->categories);
    free(d);
}

static json_t *types_json(const struct souk_dataset *d)
{
    json_t *array = json_array();
    for (int i = 0; i < d->type_count && array; i++) {
        const struct souk_event_type *t = &d->types[i];
        json_t *type = json_pack("{s:s, s:f, s:b, s:I}", "name", t->name, "weight", t->weight,
                                 "target", t->is_target, "count", (json_int_t)t->count);
        if (json_array_append_new(array, type) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *names_json(char *const *names, int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count && array; i++) {
        if (json_array_append_new(array, json_string(names[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *manifest_json(const struct souk_dataset *d)
{
    return json_pack(
        "{s:i, s:s, s:s, s:i, s:i, s:o, s:o, s:I, s:o, s:s, s:b, s:b, s:b, s:o, s:I, s:I, s:I, "
        "s:o, "
        "s:o, s:o}",
        "schema", SOUK_DATASET_SCHEMA, "kind", KIND, "format", d->format, "parts", d->parts,
        "id_width", d->id_width, "user_first", souk_manifest_first_json(d->user_first, d->parts),
        "item_first", souk_manifest_first_json(d->item_first, d->parts), "event_count",
        (json_int_t)d->event_count, "event_types", types_json(d), "weighting",
        weighting_names[d->weighting], "has_values", d->has_values, "has_orders", d->has_orders,
        "has_properties", d->has_properties, "split_ms",
        d->split_ms == SOUK_TIME_NONE ? json_null() : json_integer(d->split_ms), "session_gap_ms",
        (json_int_t)d->session_gap_ms, "first_ms", (json_int_t)d->first_ms, "last_ms",
        (json_int_t)d->last_ms, "properties", names_json(d->property_names, d->property_count),
        "files", souk_manifest_files_json(d->files, d->parts), "profile",
        souk_manifest_embed(d->profile_json));
}

souk_status souk_dataset_write_manifest(const char *folder, struct souk_dataset *d,
                                        struct souk_error *err)
{
    char *file = souk_path_join(folder, "dataset.h5");
    json_t *json = manifest_json(d);
    struct souk_h5 *h5 = NULL;
    int64_t size = 0;
    uint64_t seal = 0;
    souk_status status = SOUK_OK;

    if (!file || !json)
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory for the manifest", folder);
    if (!status)
        status = souk_h5_create(file, KIND, &h5, err);
    if (!status)
        status = souk_manifest_write(h5, json, &d->digest, err);
    if (!status)
        status = souk_manifest_write_categories(h5, &d->categories, err);
    if (!status)
        status = souk_manifest_write_virtual(h5, "users", d->user_first, d->parts, d->id_width,
                                             "length", 0, err);
    if (!status)
        status = souk_manifest_write_virtual(h5, "items", d->item_first, d->parts, d->id_width,
                                             NULL, 0, err);
    if (status)
        souk_h5_close(h5);
    else
        status = souk_h5_seal(h5, &size, &seal, err);
    json_decref(json);
    free(file);
    return status;
}
