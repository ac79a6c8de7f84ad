#include "shared/data/attribute.h"

#include "shared/base/memory.h"
#include "shared/data/rowlength.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void souk_attributes_fini(struct souk_attributes *a)
{
    for (int i = 0; i < a->count; i++) {
        free(a->of[i].numbers);
        free(a->of[i].text_offsets);
        free(a->of[i].text_bytes);
    }
    free(a->of);
    *a = (struct souk_attributes){0};
}

const char *souk_attribute_text(const struct souk_attribute *a, int64_t row, size_t *len)
{
    *len = 0;
    if (a->type != SOUK_ATTRIBUTE_TEXT || a->text_offsets[row + 1] == a->text_offsets[row])
        return NULL;
    *len = (size_t)(a->text_offsets[row + 1] - a->text_offsets[row]);
    return a->text_bytes + a->text_offsets[row];
}

void souk_attribute_keep(struct souk_attribute *a, int64_t rows, const bool *keep)
{
    int64_t kept = 0, bytes = 0, start = 0;
    for (int64_t i = 0; i < rows; i++) {
        if (a->type == SOUK_ATTRIBUTE_NUMBER) {
            if (keep[i])
                a->numbers[kept++] = a->numbers[i];
            continue;
        }
        const int64_t end = a->text_offsets[i + 1];
        if (keep[i]) {
            memmove(a->text_bytes + bytes, a->text_bytes + start, (size_t)(end - start));
            bytes += end - start;
            a->text_offsets[++kept] = bytes;
        }
        start = end;
    }
}

/* ---- writing ---- */

static souk_status write_one(struct souk_h5 *h5, const char *group, int index,
                             const struct souk_attribute *a, int64_t rows, struct souk_error *err)
{
    char name[64];
    souk_status status;
    if (a->type == SOUK_ATTRIBUTE_NUMBER) {
        snprintf(name, sizeof name, "/%s/attributes/%d/number", group, index);
        return souk_h5_write(h5, name, SOUK_H5_F64, a->numbers, rows, 0, 1, err);
    }
    snprintf(name, sizeof name, "/%s/attributes/%d/length", group, index);
    status = souk_rowlength_write(h5, name, a->text_offsets, rows, err);
    snprintf(name, sizeof name, "/%s/attributes/%d/text", group, index);
    if (!status)
        status =
            souk_h5_write(h5, name, SOUK_H5_U8, a->text_bytes, a->text_offsets[rows], 0, 1, err);
    return status;
}

/* The columns' names and types as JSON, then each column by its number: a name may hold a slash. */
souk_status souk_attributes_write(struct souk_h5 *h5, const char *group,
                                  const struct souk_attributes *a, int64_t rows,
                                  struct souk_error *err)
{
    char name[64];
    souk_status status = SOUK_OK;
    json_t *list = json_array();
    char *text = NULL;

    if (a->count == 0)
        goto out;
    for (int i = 0; i < a->count; i++)
        json_array_append_new(list, json_pack("{s:s, s:b}", "name", a->of[i].name, "number",
                                              a->of[i].type == SOUK_ATTRIBUTE_NUMBER));
    text = json_dumps(list, JSON_COMPACT);
    if (!text || json_array_size(list) != (size_t)a->count) {
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %d attributes", a->count);
        goto out;
    }
    snprintf(name, sizeof name, "/%s/attribute_names", group);
    status = souk_h5_write(h5, name, SOUK_H5_U8, text, (int64_t)strlen(text), 0, 1, err);
    for (int i = 0; i < a->count && !status; i++)
        status = write_one(h5, group, i, &a->of[i], rows, err);
out:
    json_decref(list);
    free(text);
    return status;
}

/* ---- reading ---- */

static souk_status read_column(struct souk_h5 *h5, const char *path, const char *name,
                               enum souk_h5_type type, int64_t rows, size_t element, void *column,
                               struct souk_error *err)
{
    void *data = souk_alloc_aligned((size_t)rows, element);
    souk_status status;
    if (!data)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory for %s", path, name);
    status = souk_h5_read(h5, name, type, data, rows, 0, 1, err);
    if (status)
        free(data);
    else
        memcpy(column, &data, sizeof data);
    return status;
}

static souk_status read_one(struct souk_h5 *h5, const char *path, const char *group, int index,
                            int64_t rows, struct souk_attribute *a, struct souk_error *err)
{
    char name[64];
    int64_t bytes = 0;
    souk_status status;
    if (a->type == SOUK_ATTRIBUTE_NUMBER) {
        snprintf(name, sizeof name, "/%s/attributes/%d/number", group, index);
        return read_column(h5, path, name, SOUK_H5_F64, rows, sizeof *a->numbers, &a->numbers, err);
    }
    snprintf(name, sizeof name, "/%s/attributes/%d/length", group, index);
    status = souk_rowlength_read(h5, name, rows, &a->text_offsets, &bytes, err);
    snprintf(name, sizeof name, "/%s/attributes/%d/text", group, index);
    if (!status)
        status = read_column(h5, path, name, SOUK_H5_U8, bytes, 1, &a->text_bytes, err);
    return status;
}

static souk_status parse_name(const char *path, const json_t *json, struct souk_attribute *a,
                              struct souk_error *err)
{
    const json_t *name = json_object_get(json, "name");
    if (!json_is_string(name) || json_string_length(name) > SOUK_NAME_MAX_BYTES)
        return souk_fail(err, SOUK_EFORMAT, "%s: an attribute has no name", path);
    memcpy(a->name, json_string_value(name), json_string_length(name) + 1);
    a->type =
        json_is_true(json_object_get(json, "number")) ? SOUK_ATTRIBUTE_NUMBER : SOUK_ATTRIBUTE_TEXT;
    return SOUK_OK;
}

souk_status souk_attributes_read(struct souk_h5 *h5, const char *path, const char *group,
                                 int64_t rows, struct souk_attributes *a, struct souk_error *err)
{
    char name[64];
    void *text = NULL;
    int64_t len = 0;
    json_t *list = NULL;
    souk_status status;

    *a = (struct souk_attributes){0};
    snprintf(name, sizeof name, "/%s/attribute_names", group);
    if (!souk_h5_has(h5, name))
        return SOUK_OK;
    status = souk_h5_read_new(h5, name, SOUK_H5_U8, 1 << 20, &text, &len, err);
    if (status)
        goto out;
    list = json_loadb(text, (size_t)len, 0, NULL);
    if (!json_is_array(list) || json_array_size(list) > SOUK_ATTRIBUTES_MAX) {
        status = souk_fail(err, SOUK_EFORMAT, "%s: %s is malformed", path, name);
        goto out;
    }
    a->of = souk_zalloc_array(json_array_size(list), sizeof *a->of);
    if (!a->of) {
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
        goto out;
    }
    a->count = (int)json_array_size(list);
    for (int i = 0; i < a->count && !status; i++) {
        status = parse_name(path, json_array_get(list, (size_t)i), &a->of[i], err);
        if (!status)
            status = read_one(h5, path, group, i, rows, &a->of[i], err);
    }
out:
    json_decref(list);
    free(text);
    return status;
}
