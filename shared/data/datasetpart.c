#include "shared/base/memory.h"
#include "shared/data/dataset.h"
#include "shared/data/h5file.h"
#include "shared/data/manifest.h"
#include "shared/data/rowlength.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char KIND[] = "dataset-part";

/* ---- writing ---- */

static souk_status write_events(struct souk_h5 *h5, const struct souk_dataset_part *p,
                                struct souk_error *err)
{
    const int64_t n = p->event_count;
    souk_status status = souk_h5_write(h5, "/events/item", SOUK_H5_I64, p->item, n, 0, 1, err);
    if (!status)
        status = souk_h5_write(h5, "/events/time_ms", SOUK_H5_I64, p->time_ms, n, 0, 1, err);
    if (!status)
        status = souk_h5_write(h5, "/events/type", SOUK_H5_U8, p->type, n, 0, 1, err);
    if (!status)
        status = souk_h5_write(h5, "/events/session", SOUK_H5_I32, p->session, n, 0, 1, err);
    if (!status && p->value)
        status = souk_h5_write(h5, "/events/value", SOUK_H5_F32, p->value, n, 0, 1, err);
    if (!status && p->order)
        status = souk_h5_write(h5, "/events/order", SOUK_H5_I64, p->order, n, 0, 1, err);
    return status;
}

static souk_status write_properties(struct souk_h5 *h5, const struct souk_properties *log,
                                    int64_t items, struct souk_error *err)
{
    souk_status status;
    if (!log->item_offsets)
        return SOUK_OK;
    status = souk_rowlength_write(h5, "/properties/length", log->item_offsets, items, err);
    if (!status)
        status = souk_h5_write(h5, "/properties/property", SOUK_H5_I32, log->property, log->count,
                               0, 1, err);
    if (!status)
        status = souk_h5_write(h5, "/properties/time_ms", SOUK_H5_I64, log->time_ms, log->count, 0,
                               1, err);
    if (!status)
        status = souk_rowlength_write(h5, "/properties/value_length", log->value_offsets,
                                      log->count, err);
    if (!status)
        status = souk_h5_write(h5, "/properties/value", SOUK_H5_U8, log->value_bytes,
                               log->value_offsets[log->count], 0, 1, err);
    return status;
}

souk_status souk_dataset_write_part(const char *folder, int id_width,
                                    const struct souk_dataset_part *p, struct souk_part_file *file,
                                    struct souk_error *err)
{
    const struct souk_attributes items = {p->item_attribute_count, p->item_attributes};
    const struct souk_attributes users = {p->user_attribute_count, p->user_attributes};
    char name[20];
    char *path;
    struct souk_h5 *h5 = NULL;
    souk_status status;

    souk_part_name(p->part, name);
    path = souk_path_join(folder, name);
    if (!path)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", folder);
    status = souk_h5_create(path, KIND, &h5, err);
    if (!status)
        status = souk_h5_write_ids(h5, "/users/id", &p->users, id_width, err);
    if (!status)
        status = souk_rowlength_write(h5, "/users/length", p->event_offsets, p->users.count, err);
    if (!status)
        status = souk_h5_write_ids(h5, "/items/id", &p->items, id_width, err);
    if (!status)
        status = write_events(h5, p, err);
    if (!status)
        status = souk_attributes_write(h5, "items", &items, p->items.count, err);
    if (!status)
        status = souk_attributes_write(h5, "users", &users, p->users.count, err);
    if (!status)
        status = write_properties(h5, &p->properties, p->items.count, err);
    if (status)
        souk_h5_close(h5);
    else
        status = souk_h5_seal(h5, &file->size_bytes, &file->digest, err);
    free(path);
    return status;
}

/* ---- reading ---- */

/* What a part is read against. */
struct part_reader {
    struct souk_h5 *h5;
    const char *path;
    const struct souk_dataset *dataset;
    struct souk_window window;
    struct souk_dataset_part *part;
    struct souk_error *err;
};

static souk_status read_ids(const struct part_reader *r, const char *name, const int64_t *first,
                            struct souk_idtable *ids)
{
    return souk_manifest_read_ids(r->h5, r->path, name, first, r->part->part, r->dataset->parts,
                                  ids, r->err);
}

static souk_status read_column(const struct part_reader *r, const char *name,
                               enum souk_h5_type type, int64_t rows, size_t element, void *column)
{
    void *data = souk_alloc_aligned((size_t)rows, element);
    souk_status status;
    if (!data)
        return souk_fail(r->err, SOUK_ENOMEM, "%s: no memory for %s", r->path, name);
    status = souk_h5_read(r->h5, name, type, data, rows, 0, 1, r->err);
    if (status)
        free(data);
    else
        memcpy(column, &data, sizeof data);
    return status;
}

static souk_status check_events(const struct part_reader *r)
{
    const struct souk_dataset_part *p = r->part;
    const int64_t items = souk_dataset_items(r->dataset);
    for (int64_t u = 0; u < p->users.count; u++) {
        for (int64_t e = p->event_offsets[u]; e < p->event_offsets[u + 1]; e++) {
            const bool ordered = e == p->event_offsets[u] || p->time_ms[e - 1] <= p->time_ms[e];
            if (p->item[e] < 0 || p->item[e] >= items || p->type[e] >= r->dataset->type_count ||
                p->session[e] < 0 || !ordered || (p->value && !isfinite(p->value[e])))
                return souk_fail(r->err, SOUK_EFORMAT,
                                 "%s: event %" PRId64 " is out of range or out of order", r->path,
                                 e);
        }
    }
    return SOUK_OK;
}

static void move_event(struct souk_dataset_part *p, int64_t from, int64_t to)
{
    p->item[to] = p->item[from];
    p->time_ms[to] = p->time_ms[from];
    p->type[to] = p->type[from];
    p->session[to] = p->session[from];
    if (p->value)
        p->value[to] = p->value[from];
    if (p->order)
        p->order[to] = p->order[from];
}

static void keep_window(struct souk_dataset_part *p, struct souk_window window)
{
    int64_t kept = 0, start = 0;
    for (int64_t u = 0; u < p->users.count; u++) {
        const int64_t end = p->event_offsets[u + 1];
        for (int64_t e = start; e < end; e++)
            if (p->time_ms[e] >= window.from_ms && p->time_ms[e] < window.until_ms)
                move_event(p, e, kept++);
        start = end;
        p->event_offsets[u + 1] = kept;
    }
    p->event_count = kept;
}

static souk_status read_events(const struct part_reader *r)
{
    struct souk_dataset_part *p = r->part;
    souk_status status = souk_rowlength_read(r->h5, "/users/length", p->users.count,
                                             &p->event_offsets, &p->event_count, r->err);
    const int64_t n = p->event_count;
    if (!status)
        status = read_column(r, "/events/item", SOUK_H5_I64, n, sizeof *p->item, &p->item);
    if (!status)
        status = read_column(r, "/events/time_ms", SOUK_H5_I64, n, sizeof *p->time_ms, &p->time_ms);
    if (!status)
        status = read_column(r, "/events/type", SOUK_H5_U8, n, sizeof *p->type, &p->type);
    if (!status)
        status = read_column(r, "/events/session", SOUK_H5_I32, n, sizeof *p->session, &p->session);
    if (!status && r->dataset->has_values)
        status = read_column(r, "/events/value", SOUK_H5_F32, n, sizeof *p->value, &p->value);
    if (!status && r->dataset->has_orders)
        status = read_column(r, "/events/order", SOUK_H5_I64, n, sizeof *p->order, &p->order);
    if (!status)
        status = check_events(r);
    if (!status)
        keep_window(p, r->window);
    return status;
}

/* A stage sees the log up to its cut: what was set before the window still holds in it. */
static void keep_properties_until(struct souk_properties *log, int64_t items, int64_t until_ms)
{
    int64_t kept = 0, start = 0, bytes = 0;
    for (int64_t i = 0; i < items; i++) {
        const int64_t end = log->item_offsets[i + 1];
        for (int64_t e = start; e < end; e++) {
            const int64_t from = log->value_offsets[e];
            const int64_t len = log->value_offsets[e + 1] - from;
            if (log->time_ms[e] >= until_ms)
                continue;
            log->property[kept] = log->property[e];
            log->time_ms[kept] = log->time_ms[e];
            memmove(log->value_bytes + bytes, log->value_bytes + from, (size_t)len);
            log->value_offsets[kept++] = bytes;
            bytes += len;
        }
        start = end;
        log->item_offsets[i + 1] = kept;
    }
    log->value_offsets[kept] = bytes;
    log->count = kept;
}

static souk_status read_properties(const struct part_reader *r)
{
    struct souk_properties *log = &r->part->properties;
    const int64_t items = r->part->items.count;
    int64_t bytes = 0;
    souk_status status;

    if (!r->dataset->has_properties)
        return SOUK_OK;
    status = souk_rowlength_read(r->h5, "/properties/length", items, &log->item_offsets,
                                 &log->count, r->err);
    if (!status)
        status = read_column(r, "/properties/property", SOUK_H5_I32, log->count,
                             sizeof *log->property, &log->property);
    if (!status)
        status = read_column(r, "/properties/time_ms", SOUK_H5_I64, log->count,
                             sizeof *log->time_ms, &log->time_ms);
    if (!status)
        status = souk_rowlength_read(r->h5, "/properties/value_length", log->count,
                                     &log->value_offsets, &bytes, r->err);
    if (!status)
        status = read_column(r, "/properties/value", SOUK_H5_U8, bytes, 1, &log->value_bytes);
    for (int64_t i = 0; i < log->count && !status; i++)
        if (log->property[i] < 0 || log->property[i] >= r->dataset->property_count)
            status = souk_fail(r->err, SOUK_EFORMAT,
                               "%s: property %" PRId64 " is not in the manifest", r->path, i);
    if (!status)
        keep_properties_until(log, items, r->window.until_ms);
    return status;
}

static souk_status read_attributes(const struct part_reader *r, const char *group, int64_t rows,
                                   struct souk_attribute **attributes, int *count)
{
    struct souk_attributes a;
    const souk_status status = souk_attributes_read(r->h5, r->path, group, rows, &a, r->err);
    *attributes = a.of;
    *count = a.count;
    return status;
}

static souk_status read_all(const struct part_reader *r, unsigned what)
{
    struct souk_dataset_part *p = r->part;
    souk_status status = SOUK_OK;
    if (what & (SOUK_READ_USERS | SOUK_READ_EVENTS))
        status = read_ids(r, "/users/id", r->dataset->user_first, &p->users);
    if (!status && (what & (SOUK_READ_ITEMS | SOUK_READ_PROPERTIES)))
        status = read_ids(r, "/items/id", r->dataset->item_first, &p->items);
    if (!status && (what & SOUK_READ_EVENTS))
        status = read_events(r);
    if (!status && (what & SOUK_READ_ATTRIBUTES) && (what & SOUK_READ_ITEMS))
        status = read_attributes(r, "items", p->items.count, &p->item_attributes,
                                 &p->item_attribute_count);
    if (!status && (what & SOUK_READ_ATTRIBUTES) && (what & SOUK_READ_USERS))
        status = read_attributes(r, "users", p->users.count, &p->user_attributes,
                                 &p->user_attribute_count);
    if (!status && (what & SOUK_READ_PROPERTIES))
        status = read_properties(r);
    return status;
}

souk_status souk_dataset_read_part(const struct souk_dataset *d, int part, unsigned what,
                                   struct souk_window window, struct souk_dataset_part *out,
                                   struct souk_error *err)
{
    char name[20];
    char *path;
    struct souk_h5 *h5 = NULL;
    souk_status status;

    *out = (struct souk_dataset_part){.part = part};
    souk_part_name(part, name);
    path = souk_path_join(d->path, name);
    if (!path)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", d->path);
    status = souk_h5_open(path, KIND, &d->files[part].size_bytes, &d->files[part].digest, &h5, err);
    if (!status) {
        const struct part_reader reader = {h5, path, d, window, out, err};
        status = read_all(&reader, what);
    }
    souk_h5_close(h5);
    free(path);
    if (status)
        souk_dataset_part_fini(out);
    return status;
}

void souk_dataset_part_fini(struct souk_dataset_part *p)
{
    souk_idtable_fini(&p->users);
    souk_idtable_fini(&p->items);
    free(p->event_offsets);
    free(p->item);
    free(p->time_ms);
    free(p->type);
    free(p->session);
    free(p->value);
    free(p->order);
    souk_attributes_fini(&(struct souk_attributes){p->item_attribute_count, p->item_attributes});
    souk_attributes_fini(&(struct souk_attributes){p->user_attribute_count, p->user_attributes});
    free(p->properties.item_offsets);
    free(p->properties.property);
    free(p->properties.time_ms);
    free(p->properties.value_offsets);
    free(p->properties.value_bytes);
    *p = (struct souk_dataset_part){0};
}

void souk_dataset_part_move_event(struct souk_dataset_part *p, int64_t to, int64_t from)
{
    p->item[to] = p->item[from];
    p->time_ms[to] = p->time_ms[from];
    p->type[to] = p->type[from];
    p->session[to] = p->session[from];
    if (p->value)
        p->value[to] = p->value[from];
    if (p->order)
        p->order[to] = p->order[from];
}
