#include "shared/data/manifest.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t MANIFEST_MAX_BYTES = INT64_C(64) << 20;

souk_status souk_manifest_write(struct souk_h5 *h5, const json_t *json, uint64_t *digest,
                                struct souk_error *err)
{
    char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
    souk_status status;
    if (!text)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the manifest");
    const size_t len = strlen(text);
    *digest = souk_hash_bytes(text, len);
    status = souk_h5_write(h5, "/manifest", SOUK_H5_U8, text, (int64_t)len, 0, 1, err);
    free(text);
    return status;
}

souk_status souk_manifest_read(struct souk_h5 *h5, const char *path, json_t **json,
                               uint64_t *digest, struct souk_error *err)
{
    void *text = NULL;
    int64_t len = 0;
    json_error_t reason;
    souk_status status =
        souk_h5_read_new(h5, "/manifest", SOUK_H5_U8, MANIFEST_MAX_BYTES, &text, &len, err);
    if (status)
        return status;
    *digest = souk_hash_bytes(text, (size_t)len);
    *json = json_loadb(text, (size_t)len, JSON_REJECT_DUPLICATES, &reason);
    free(text);
    if (!json_is_object(*json)) {
        json_decref(*json);
        *json = NULL;
        return souk_fail(err, SOUK_EFORMAT, "%s: its manifest is not a JSON object: %s", path,
                         reason.text);
    }
    return SOUK_OK;
}

souk_status souk_manifest_get_int(const struct souk_manifest *m, const char *key, int64_t min,
                                  int64_t max, int64_t *value, struct souk_error *err)
{
    const json_t *member = json_object_get(m->json, key);
    if (!json_is_integer(member))
        return souk_fail(err, SOUK_EFORMAT, "%s: manifest: '%s' is not an integer", m->path, key);
    const int64_t found = json_integer_value(member);
    if (found < min || found > max)
        return souk_fail(err, SOUK_EFORMAT,
                         "%s: manifest: '%s' is %" PRId64 ", not in %" PRId64 " to %" PRId64,
                         m->path, key, found, min, max);
    *value = found;
    return SOUK_OK;
}

souk_status souk_manifest_get_text(const struct souk_manifest *m, const char *key, char *text,
                                   size_t size, struct souk_error *err)
{
    const json_t *member = json_object_get(m->json, key);
    if (!json_is_string(member) || json_string_length(member) >= size)
        return souk_fail(err, SOUK_EFORMAT, "%s: manifest: '%s' is not a text of up to %zu bytes",
                         m->path, key, size - 1);
    memcpy(text, json_string_value(member), json_string_length(member) + 1);
    return SOUK_OK;
}

souk_status souk_manifest_get_json(const struct souk_manifest *m, const char *key, char **text,
                                   struct souk_error *err)
{
    const json_t *member = json_object_get(m->json, key);
    *text = NULL;
    if (!member || json_is_null(member))
        return SOUK_OK;
    *text = json_dumps(member, JSON_COMPACT | JSON_ENCODE_ANY);
    return *text ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "%s: no memory", m->path);
}

souk_status souk_manifest_get_first(const struct souk_manifest *m, const char *key, int parts,
                                    int64_t **first, struct souk_error *err)
{
    const json_t *array = json_object_get(m->json, key);
    *first = NULL;
    if (!json_is_array(array) || json_array_size(array) != (size_t)parts + 1)
        return souk_fail(err, SOUK_EFORMAT, "%s: manifest: '%s' is not an array of %d row starts",
                         m->path, key, parts + 1);
    int64_t *rows = souk_zalloc_array((size_t)parts + 1, sizeof *rows);
    if (!rows)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", m->path);
    for (int p = 0; p <= parts; p++) {
        const json_t *row = json_array_get(array, (size_t)p);
        rows[p] = json_is_integer(row) ? json_integer_value(row) : -1;
        if (rows[p] < (p ? rows[p - 1] : 0) || (p == 0 && rows[p] != 0)) {
            free(rows);
            return souk_fail(err, SOUK_EFORMAT, "%s: manifest: '%s' does not ascend from 0 at %d",
                             m->path, key, p);
        }
    }
    *first = rows;
    return SOUK_OK;
}

static bool parse_file(const json_t *json, struct souk_part_file *file)
{
    const char *hex = json_string_value(json_object_get(json, "xxh3"));
    char *end = NULL;
    file->size_bytes = json_integer_value(json_object_get(json, "bytes"));
    if (!hex || strlen(hex) != 16 || file->size_bytes <= 0)
        return false;
    file->digest = strtoull(hex, &end, 16);
    return *end == '\0';
}

souk_status souk_manifest_get_files(const struct souk_manifest *m, int parts,
                                    struct souk_part_file **files, struct souk_error *err)
{
    const json_t *array = json_object_get(m->json, "files");
    *files = NULL;
    if (!json_is_array(array) || json_array_size(array) != (size_t)parts)
        return souk_fail(err, SOUK_EFORMAT, "%s: manifest: 'files' does not name %d parts", m->path,
                         parts);
    struct souk_part_file *list = souk_zalloc_array((size_t)parts, sizeof *list);
    if (!list)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", m->path);
    for (int p = 0; p < parts; p++) {
        if (!parse_file(json_array_get(array, (size_t)p), &list[p])) {
            free(list);
            return souk_fail(err, SOUK_EFORMAT,
                             "%s: manifest: part %d has no size and digest in 'files'", m->path, p);
        }
    }
    *files = list;
    return SOUK_OK;
}

json_t *souk_manifest_first_json(const int64_t *first, int parts)
{
    json_t *array = json_array();
    for (int p = 0; p <= parts && array; p++) {
        if (json_array_append_new(array, json_integer(first[p])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

json_t *souk_manifest_files_json(const struct souk_part_file *files, int parts)
{
    json_t *array = json_array();
    for (int p = 0; p < parts && array; p++) {
        char hex[17];
        snprintf(hex, sizeof hex, "%016" PRIx64, files[p].digest);
        json_t *file =
            json_pack("{s:I, s:s}", "bytes", (json_int_t)files[p].size_bytes, "xxh3", hex);
        if (json_array_append_new(array, file) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

json_t *souk_manifest_embed(const char *text)
{
    json_t *json = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    return json ? json : json_null();
}

souk_status souk_manifest_write_categories(struct souk_h5 *h5, const struct souk_categories *c,
                                           struct souk_error *err)
{
    if (c->ids.count == 0)
        return SOUK_OK;
    souk_status status = souk_h5_write_ids(h5, "/categories/id", &c->ids, c->ids.stride - 1, err);
    if (!status)
        status = souk_h5_write(h5, "/categories/parent", SOUK_H5_I32, c->parent, c->ids.count, 0, 1,
                               err);
    return status;
}

souk_status souk_manifest_read_categories(struct souk_h5 *h5, struct souk_categories *c,
                                          struct souk_error *err)
{
    struct souk_idtable ids = {0};
    void *parent = NULL;
    int64_t rows = 0;
    souk_status status;

    *c = (struct souk_categories){0};
    if (!souk_h5_has(h5, "/categories/id"))
        return SOUK_OK;
    status = souk_h5_read_ids(h5, "/categories/id", &ids, err);
    if (!status)
        status =
            souk_h5_read_new(h5, "/categories/parent", SOUK_H5_I32, ids.count, &parent, &rows, err);
    if (!status && rows != ids.count)
        status = souk_fail(err, SOUK_EFORMAT, "categories: %lld ids but %lld parents",
                           (long long)ids.count, (long long)rows);
    if (!status)
        status = souk_categories_init(c, &ids, parent, err);
    if (status) {
        free(parent);
        souk_idtable_fini(&ids);
    }
    return status;
}

souk_status souk_manifest_read_ids(struct souk_h5 *h5, const char *path, const char *name,
                                   const int64_t *first, int part, int parts,
                                   struct souk_idtable *ids, struct souk_error *err)
{
    const int64_t rows = first[part + 1] - first[part];
    souk_status status = souk_h5_read_ids(h5, name, ids, err);
    if (status)
        return status;
    if (ids->count != rows)
        return souk_fail(err, SOUK_EINTEGRITY,
                         "%s: %s has %" PRId64 " rows, the manifest says %" PRId64, path, name,
                         ids->count, rows);
    for (int64_t row = 0; row < rows; row++) {
        const char *id = souk_idtable_get(ids, row);
        if (souk_part_of(souk_hash_bytes(id, strlen(id)), parts) != part)
            return souk_fail(err, SOUK_EFORMAT, "%s: %s row %" PRId64 " belongs to another part",
                             path, name, row);
    }
    return SOUK_OK;
}

char *souk_path_join(const char *folder, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

void souk_part_name(int part, char name[20])
{
    snprintf(name, 20, "part-%04d.h5", part);
}

/* What write_virtual needs of each part: its file's name and how many rows it has. */
struct part_list {
    char (*names)[20];
    const char **files;
    int64_t *rows;
};

static bool part_list_init(struct part_list *l, const int64_t *first, int parts)
{
    l->names = souk_zalloc_array((size_t)parts, sizeof *l->names);
    l->files = souk_zalloc_array((size_t)parts, sizeof *l->files);
    l->rows = souk_zalloc_array((size_t)parts, sizeof *l->rows);
    if (!l->names || !l->files || !l->rows)
        return false;
    for (int p = 0; p < parts; p++) {
        souk_part_name(p, l->names[p]);
        l->files[p] = l->names[p];
        l->rows[p] = first[p + 1] - first[p];
    }
    return true;
}

souk_status souk_manifest_write_virtual(struct souk_h5 *h5, const char *group, const int64_t *first,
                                        int parts, int id_width, const char *length_name,
                                        int factors, struct souk_error *err)
{
    struct part_list l = {0};
    char name[64];
    souk_status status = SOUK_OK;

    if (!part_list_init(&l, first, parts))
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %d parts", parts);
    if (!status) {
        snprintf(name, sizeof name, "/%s/id", group);
        status = souk_h5_write_virtual(h5, name, name, l.files, parts, l.rows, 0, SOUK_H5_U8,
                                       id_width, err);
    }
    if (!status && length_name) {
        snprintf(name, sizeof name, "/%s/%s", group, length_name);
        status =
            souk_h5_write_virtual(h5, name, name, l.files, parts, l.rows, 0, SOUK_H5_I64, 0, err);
    }
    if (!status && factors > 0) {
        snprintf(name, sizeof name, "/%s/factors", group);
        status = souk_h5_write_virtual(h5, name, name, l.files, parts, l.rows, factors, SOUK_H5_F32,
                                       0, err);
    }
    free(l.names);
    free(l.files);
    free(l.rows);
    return status;
}
