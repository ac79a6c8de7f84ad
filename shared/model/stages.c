#include "shared/model/stages.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/model/weighing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 1 << 28 };

/* ---- writing ---- */

static json_t *sources_json(const struct souk_model_stages *s)
{
    json_t *list = json_array();
    for (int i = 0; i < s->source_count && list; i++)
        json_array_append_new(list, json_pack("{s:s, s:I}", "name", s->sources[i].name, "longest",
                                              (json_int_t)s->sources[i].longest));
    return list;
}

static json_t *columns_json(const struct souk_model_stages *s)
{
    json_t *list = json_array();
    for (int i = 0; i < s->column_count && list; i++)
        json_array_append_new(list, json_string(s->columns[i]));
    return list;
}

/* The digest that a text is checked against; null where there is no text. */
static json_t *digest_json(const char *text)
{
    char hex[17];
    if (!text)
        return json_null();
    snprintf(hex, sizeof hex, "%016" PRIx64, souk_hash_bytes(text, strlen(text)));
    return json_string(hex);
}

json_t *souk_stages_json(const struct souk_model_stages *s)
{
    json_t *json =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "sources", sources_json(s), "types",
                  souk_event_types_json(s->types, s->type_count), "columns", columns_json(s),
                  "rules", souk_manifest_embed(s->rules_json), "forest",
                  digest_json(s->forest_text), "confidence", digest_json(s->confidence_text));
    if (!json || souk_levels_add_json(&s->levels, json) == 0)
        return json;
    json_decref(json);
    return NULL;
}

static souk_status write_text(struct souk_h5 *h5, const char *name, const char *text,
                              struct souk_error *err)
{
    return text ? souk_h5_write(h5, name, SOUK_H5_U8, text, (int64_t)strlen(text), 0, 1, err)
                : SOUK_OK;
}

souk_status souk_stages_write_tables(struct souk_h5 *h5, const struct souk_model_stages *s,
                                     struct souk_error *err)
{
    souk_status status = souk_levels_write(h5, &s->levels, err);
    if (!status)
        status = write_text(h5, "/forest", s->forest_text, err);
    return status ? status : write_text(h5, "/confidence", s->confidence_text, err);
}

/* ---- reading ---- */

static souk_status list_of(const struct souk_manifest *m, const char *key, size_t min, size_t max,
                           json_t **list, struct souk_error *err)
{
    *list = json_object_get(m->json, key);
    if (!json_is_array(*list) || json_array_size(*list) < min || json_array_size(*list) > max)
        return souk_fail(err, SOUK_EFORMAT,
                         "%s: manifest: 'stages' '%s' is not a list of %zu to %zu", m->path, key,
                         min, max);
    return SOUK_OK;
}

static souk_status parse_sources(const struct souk_manifest *m, struct souk_model_stages *s,
                                 struct souk_error *err)
{
    json_t *list, *entry;
    size_t i;
    souk_status status = list_of(m, "sources", 1, SOUK_SOURCES_MAX, &list, err);
    if (status)
        return status;
    json_array_foreach(list, i, entry)
    {
        const struct souk_manifest one = {.path = m->path, .json = entry};
        struct souk_model_source *source = &s->sources[i];
        status = souk_manifest_get_text(&one, "name", source->name, sizeof source->name, err);
        if (!status)
            status = souk_manifest_get_int(&one, "longest", 0, INT32_MAX, &source->longest, err);
        /* The name becomes a path within the file. */
        if (!status && (source->name[0] == '\0' || strpbrk(source->name, "/.")))
            status = souk_fail(err, SOUK_EFORMAT, "%s: manifest: '%s' is not the name of a source",
                               m->path, source->name);
        if (status)
            return status;
    }
    s->source_count = (int)json_array_size(list);
    return SOUK_OK;
}

static souk_status parse_columns(const struct souk_manifest *m, struct souk_model_stages *s,
                                 struct souk_error *err)
{
    json_t *list, *entry;
    size_t i;
    const souk_status status = list_of(m, "columns", 0, SOUK_COLUMNS_MAX, &list, err);
    if (status)
        return status;
    json_array_foreach(list, i, entry)
    {
        const char *name = json_string_value(entry);
        if (!name || strlen(name) > SOUK_NAME_MAX_BYTES)
            return souk_fail(err, SOUK_EFORMAT, "%s: manifest: column %zu has no name", m->path, i);
        snprintf(s->columns[i], sizeof s->columns[i], "%s", name);
    }
    s->column_count = (int)json_array_size(list);
    return SOUK_OK;
}

souk_status souk_stages_parse(const struct souk_manifest *m, struct souk_model_stages *s,
                              struct souk_error *err)
{
    const struct souk_manifest inner = {.path = m->path,
                                        .json = json_object_get(m->json, "stages")};
    if (!json_is_object(inner.json))
        return souk_fail(err, SOUK_EFORMAT, "%s: manifest: 'stages' is not an object", m->path);
    souk_status status = parse_sources(&inner, s, err);
    if (!status)
        status = souk_event_types_read(m->path, "stages", json_object_get(inner.json, "types"),
                                       s->types, &s->type_count, err);
    if (!status)
        status = parse_columns(&inner, s, err);
    if (!status)
        status = souk_manifest_get_json(&inner, "rules", &s->rules_json, err);
    return status;
}

/* @param name of the dataset, behind its slash the key of its digest */
static souk_status read_text(struct souk_h5 *h5, const struct souk_manifest *m, const char *name,
                             char **out, struct souk_error *err)
{
    const char *hex =
        json_string_value(json_object_get(json_object_get(m->json, "stages"), name + 1));
    void *text = NULL;
    int64_t len = 0;
    char found[17];
    if (!hex)
        return SOUK_OK;
    souk_status status = souk_h5_read_new(h5, name, SOUK_H5_U8, TEXT_BYTES_MAX, &text, &len, err);
    if (status)
        return status;
    snprintf(found, sizeof found, "%016" PRIx64, souk_hash_bytes(text, (size_t)len));
    if (strcmp(hex, found) != 0)
        status =
            souk_fail(err, SOUK_EINTEGRITY, "%s: %s is not the one of the manifest", m->path, name);
    else if (!(*out = souk_strndup(text, (size_t)len)))
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory for %s", m->path, name);
    free(text);
    return status;
}

souk_status souk_stages_read_tables(struct souk_h5 *h5, const struct souk_manifest *m,
                                    int64_t items, struct souk_model_stages *s,
                                    struct souk_error *err)
{
    const struct souk_manifest inner = {.path = m->path,
                                        .json = json_object_get(m->json, "stages")};
    souk_status status = souk_levels_read(h5, &inner, items, &s->levels, err);
    if (!status)
        status = read_text(h5, m, "/forest", &s->forest_text, err);
    return status ? status : read_text(h5, m, "/confidence", &s->confidence_text, err);
}

void souk_stages_fini(struct souk_model_stages *s)
{
    souk_levels_fini(&s->levels);
    free(s->rules_json);
    free(s->forest_text);
    free(s->confidence_text);
    *s = (struct souk_model_stages){0};
}
