#include "shared/model/levels.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void souk_levels_fini(struct souk_levels *l)
{
    for (int i = 0; i < l->count; i++)
        free(l->of[i].hash);
    free(l->value);
    *l = (struct souk_levels){0};
}

int souk_level_named(const struct souk_levels *l, const char *name)
{
    for (int i = 0; i < l->count; i++)
        if (strcmp(l->of[i].name, name) == 0)
            return i;
    return -1;
}

int32_t souk_level_find(const struct souk_level *level, const char *text, size_t len)
{
    const uint64_t hash = souk_hash_bytes(text, len);
    int64_t low = 0, high = level->values;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (level->hash[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < level->values && level->hash[low] == hash ? (int32_t)low : -1;
}

/* ---- writing ---- */

static int64_t all_values(const struct souk_levels *l)
{
    int64_t values = 0;
    for (int i = 0; i < l->count; i++)
        values += l->of[i].values;
    return values;
}

/* Of the tables: of the digests of each. @param hex [17] */
static void digest_of(const struct souk_levels *l, char *hex)
{
    uint64_t each[SOUK_LEVELS_MAX + 1] = {0};
    for (int i = 0; i < l->count; i++)
        each[i] = souk_hash_bytes(l->of[i].hash, (size_t)l->of[i].values * sizeof *l->of[i].hash);
    each[l->count] =
        souk_hash_bytes(l->value, (size_t)l->count * (size_t)l->items * sizeof *l->value);
    snprintf(hex, 17, "%016" PRIx64, souk_hash_bytes(each, (size_t)(l->count + 1) * sizeof *each));
}

int souk_levels_add_json(const struct souk_levels *l, json_t *json)
{
    char hex[17];
    json_t *list = json_array();
    if (l->count == 0) {
        json_decref(list);
        return 0;
    }
    digest_of(l, hex);
    for (int i = 0; i < l->count && list; i++)
        json_array_append_new(list, json_pack("{s:s, s:I}", "name", l->of[i].name, "values",
                                              (json_int_t)l->of[i].values));
    return json_object_set_new(json, "levels", list) ||
           json_object_set_new(json, "levels_digest", json_string(hex));
}

souk_status souk_levels_write(struct souk_h5 *h5, const struct souk_levels *l,
                              struct souk_error *err)
{
    if (l->count == 0)
        return SOUK_OK;
    const int64_t values = all_values(l);
    uint64_t *hash = souk_alloc_array((size_t)values, sizeof *hash);
    if (!hash)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the values of %d levels", l->count);
    for (int64_t i = 0, at = 0; i < l->count; at += l->of[i++].values)
        memcpy(hash + at, l->of[i].hash, (size_t)l->of[i].values * sizeof *hash);
    souk_status status = souk_h5_write(h5, "/levels/hash", SOUK_H5_I64, hash, values, 0, 1, err);
    if (!status)
        status = souk_h5_write(h5, "/levels/value", SOUK_H5_I32, l->value, l->count * l->items, 0,
                               1, err);
    free(hash);
    return status;
}

/* ---- reading ---- */

static souk_status parse_level(const struct souk_manifest *m, json_t *json,
                               struct souk_level *level, struct souk_error *err)
{
    const struct souk_manifest one = {.path = m->path, .json = json};
    souk_status status = souk_manifest_get_text(&one, "name", level->name, sizeof level->name, err);
    if (!status)
        status =
            souk_manifest_get_int(&one, "values", 0, SOUK_LEVEL_VALUES_MAX, &level->values, err);
    if (!status && level->name[0] == '\0')
        status = souk_fail(err, SOUK_EFORMAT, "%s: manifest: a level has no name", m->path);
    return status;
}

static souk_status parse_levels(const struct souk_manifest *m, int64_t items,
                                struct souk_levels *out, struct souk_error *err)
{
    json_t *list = json_object_get(m->json, "levels"), *entry;
    size_t i;
    souk_status status = SOUK_OK;
    if (!json_is_array(list) || json_array_size(list) > SOUK_LEVELS_MAX)
        return souk_fail(err, SOUK_EFORMAT, "%s: manifest: 'levels' is not a list of at most %d",
                         m->path, SOUK_LEVELS_MAX);
    json_array_foreach(list, i, entry)
    {
        if (!status)
            status = parse_level(m, entry, &out->of[i], err);
    }
    out->count = (int)json_array_size(list);
    out->items = items;
    return status;
}

static souk_status take_hashes(struct souk_levels *out, const uint64_t *hash, const char *path,
                               struct souk_error *err)
{
    for (int64_t i = 0, at = 0; i < out->count; at += out->of[i++].values) {
        struct souk_level *level = &out->of[i];
        level->hash = souk_alloc_array((size_t)level->values, sizeof *level->hash);
        if (!level->hash)
            return souk_fail(err, SOUK_ENOMEM, "%s: no memory for the levels", path);
        memcpy(level->hash, hash + at, (size_t)level->values * sizeof *hash);
        for (int64_t v = 1; v < level->values; v++)
            if (level->hash[v - 1] >= level->hash[v])
                return souk_fail(err, SOUK_EFORMAT, "%s: the values of level '%s' are out of order",
                                 path, level->name);
    }
    return SOUK_OK;
}

static souk_status read_tables(struct souk_h5 *h5, const char *path, struct souk_levels *out,
                               struct souk_error *err)
{
    const int64_t values = all_values(out), cells = out->count * out->items;
    int64_t found = 0;
    void *hash = NULL, *value = NULL;
    souk_status status =
        souk_h5_read_new(h5, "/levels/hash", SOUK_H5_I64, values, &hash, &found, err);
    if (!status && found != values)
        status = souk_fail(err, SOUK_EFORMAT, "%s: /levels/hash is too short", path);
    if (!status)
        status = take_hashes(out, hash, path, err);
    if (!status)
        status = souk_h5_read_new(h5, "/levels/value", SOUK_H5_I32, cells, &value, &found, err);
    out->value = value;
    if (!status && found != cells)
        status = souk_fail(err, SOUK_EFORMAT, "%s: /levels/value is too short", path);
    free(hash);
    return status;
}

static souk_status check_values(const struct souk_levels *l, const char *path,
                                struct souk_error *err)
{
    for (int i = 0; i < l->count; i++)
        for (int64_t row = 0; row < l->items; row++)
            if (souk_level_of(l, i, row) < -1 || souk_level_of(l, i, row) >= l->of[i].values)
                return souk_fail(err, SOUK_EFORMAT,
                                 "%s: level '%s' of item row %" PRId64 " is out of range", path,
                                 l->of[i].name, row);
    return SOUK_OK;
}

souk_status souk_levels_read(struct souk_h5 *h5, const struct souk_manifest *m, int64_t items,
                             struct souk_levels *out, struct souk_error *err)
{
    const char *hex = json_string_value(json_object_get(m->json, "levels_digest"));
    char found[17];
    *out = (struct souk_levels){0};
    if (!json_object_get(m->json, "levels"))
        return SOUK_OK;
    souk_status status = parse_levels(m, items, out, err);
    if (!status && out->count > 0)
        status = read_tables(h5, m->path, out, err);
    if (!status)
        status = check_values(out, m->path, err);
    if (status)
        return status;
    digest_of(out, found);
    if (!hex || strcmp(hex, found) != 0)
        return souk_fail(err, SOUK_EINTEGRITY, "%s: /levels is not the one of the manifest",
                         m->path);
    return SOUK_OK;
}
