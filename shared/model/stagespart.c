#include "shared/base/memory.h"
#include "shared/data/rowlength.h"
#include "shared/model/stages.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = SOUK_NAME_MAX_BYTES + 32 };

/* /sources/NAME/WHAT */
static const char *source_path(char *path, const struct souk_model_source *source, const char *what)
{
    snprintf(path, PATH_BYTES, "/sources/%s/%s", source->name, what);
    return path;
}

/* ---- writing ---- */

souk_status souk_stages_write_users(struct souk_h5 *h5, const struct souk_model_part *p,
                                    struct souk_error *err)
{
    const int64_t users = p->users.count, events = p->event_offsets[users];
    souk_status status =
        souk_rowlength_write(h5, "/users/event_length", p->event_offsets, users, err);
    if (!status)
        status =
            souk_h5_write(h5, "/users/event_item", SOUK_H5_I64, p->event_item, events, 0, 1, err);
    if (!status)
        status = souk_h5_write(h5, "/users/event_ms", SOUK_H5_I64, p->event_ms, events, 0, 1, err);
    if (!status)
        status =
            souk_h5_write(h5, "/users/event_type", SOUK_H5_U8, p->event_type, events, 0, 1, err);
    if (!status)
        status =
            souk_h5_write(h5, "/users/event_value", SOUK_H5_F32, p->event_value, events, 0, 1, err);
    return status;
}

static souk_status write_source(struct souk_h5 *h5, const struct souk_model_source *source,
                                const struct souk_source_rows *rows, int64_t items,
                                struct souk_error *err)
{
    char path[PATH_BYTES];
    const int64_t entries = rows->offsets[items];
    for (int64_t at = 0; at < entries; at++)
        if (!isfinite(rows->weight[at]))
            return souk_fail(err, SOUK_ENUMERIC, "source %s: a weight is not finite", source->name);
    souk_status status =
        souk_rowlength_write(h5, source_path(path, source, "length"), rows->offsets, items, err);
    if (!status)
        status = souk_h5_write(h5, source_path(path, source, "item"), SOUK_H5_I64, rows->item,
                               entries, 0, 1, err);
    if (!status)
        status = souk_h5_write(h5, source_path(path, source, "weight"), SOUK_H5_F32, rows->weight,
                               entries, 0, 1, err);
    return status;
}

static souk_status write_days(struct souk_h5 *h5, const struct souk_day_rows *days, int64_t items,
                              struct souk_error *err)
{
    const int64_t entries = days->offsets[items];
    souk_status status = souk_rowlength_write(h5, "/items/day_length", days->offsets, items, err);
    if (!status)
        status = souk_h5_write(h5, "/items/day", SOUK_H5_I64, days->day, entries, 0, 1, err);
    if (!status)
        status =
            souk_h5_write(h5, "/items/day_users", SOUK_H5_I64, days->users, entries, 0, 1, err);
    return status;
}

souk_status souk_stages_write_items(struct souk_h5 *h5, const struct souk_model_stages *s,
                                    const struct souk_model_part *p, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < s->source_count && !status; i++)
        status = write_source(h5, &s->sources[i], &p->sources[i], p->items.count, err);
    if (!status)
        status = souk_h5_write(h5, "/items/columns", SOUK_H5_F32, p->columns,
                               s->column_count * p->items.count, 0, 1, err);
    return status ? status : write_days(h5, &p->days, p->items.count, err);
}

/* ---- reading ---- */

/* One dimension of exactly `rows`. */
static souk_status read_rows(struct souk_h5 *h5, const char *path, const char *name,
                             enum souk_h5_type type, int64_t rows, void *out,
                             struct souk_error *err)
{
    void *data = NULL;
    int64_t found = 0;
    const souk_status status = souk_h5_read_new(h5, name, type, rows, &data, &found, err);
    *(void **)out = data;
    if (!status && found != rows)
        return souk_fail(err, SOUK_EFORMAT, "%s: %s is shorter than its rows", path, name);
    return status;
}

static souk_status check_events(const char *path, const struct souk_model *m,
                                const struct souk_model_part *p, struct souk_error *err)
{
    const int64_t items = souk_model_items(m);
    for (int64_t u = 0; u < p->users.count; u++) {
        for (int64_t at = p->event_offsets[u]; at < p->event_offsets[u + 1]; at++) {
            const bool ascends =
                at == p->event_offsets[u] || p->event_ms[at - 1] <= p->event_ms[at];
            if (!ascends || p->event_item[at] < 0 || p->event_item[at] >= items ||
                p->event_type[at] >= m->stages.type_count || !isfinite(p->event_value[at]))
                return souk_fail(err, SOUK_EFORMAT,
                                 "%s: an event of user row %" PRId64
                                 " is out of range or out of order",
                                 path, u);
        }
    }
    return SOUK_OK;
}

souk_status souk_stages_read_users(struct souk_h5 *h5, const char *path, const struct souk_model *m,
                                   struct souk_model_part *p, struct souk_error *err)
{
    int64_t n = 0;
    souk_status status =
        souk_rowlength_read(h5, "/users/event_length", p->users.count, &p->event_offsets, &n, err);
    if (!status)
        status = read_rows(h5, path, "/users/event_item", SOUK_H5_I64, n, &p->event_item, err);
    if (!status)
        status = read_rows(h5, path, "/users/event_ms", SOUK_H5_I64, n, &p->event_ms, err);
    if (!status)
        status = read_rows(h5, path, "/users/event_type", SOUK_H5_U8, n, &p->event_type, err);
    if (!status)
        status = read_rows(h5, path, "/users/event_value", SOUK_H5_F32, n, &p->event_value, err);
    return status ? status : check_events(path, m, p, err);
}

static souk_status check_source(const char *path, const struct souk_model *m,
                                const struct souk_model_source *source,
                                const struct souk_source_rows *rows, int64_t count,
                                struct souk_error *err)
{
    const int64_t items = souk_model_items(m);
    for (int64_t row = 0; row < count; row++) {
        bool good = rows->offsets[row + 1] - rows->offsets[row] <= source->longest;
        for (int64_t at = rows->offsets[row]; at < rows->offsets[row + 1]; at++)
            good = good && rows->item[at] >= 0 && rows->item[at] < items &&
                   (at == rows->offsets[row] || rows->item[at - 1] < rows->item[at]) &&
                   isfinite(rows->weight[at]);
        if (!good)
            return souk_fail(err, SOUK_EFORMAT,
                             "%s: source %s: item row %" PRId64
                             " is too long, out of range, out of order or not finite",
                             path, source->name, row);
    }
    return SOUK_OK;
}

static souk_status read_source(struct souk_h5 *h5, const char *path, const struct souk_model *m,
                               const struct souk_model_source *source, int64_t items,
                               struct souk_source_rows *rows, struct souk_error *err)
{
    char name[PATH_BYTES];
    int64_t n = 0;
    souk_status status = souk_rowlength_read(h5, source_path(name, source, "length"), items,
                                             &rows->offsets, &n, err);
    if (!status)
        status = read_rows(h5, path, source_path(name, source, "item"), SOUK_H5_I64, n, &rows->item,
                           err);
    if (!status)
        status = read_rows(h5, path, source_path(name, source, "weight"), SOUK_H5_F32, n,
                           &rows->weight, err);
    return status ? status : check_source(path, m, source, rows, items, err);
}

/* NaN is a fact that is not known; infinity is no fact. */
static souk_status check_columns(const char *path, const struct souk_model_part *p, int64_t count,
                                 struct souk_error *err)
{
    for (int64_t at = 0; at < count; at++)
        if (isinf(p->columns[at]))
            return souk_fail(err, SOUK_EFORMAT, "%s: /items/columns entry %" PRId64 " is infinite",
                             path, at);
    return SOUK_OK;
}

static souk_status read_days(struct souk_h5 *h5, const char *path, int64_t items,
                             struct souk_day_rows *days, struct souk_error *err)
{
    int64_t n = 0;
    souk_status status =
        souk_rowlength_read(h5, "/items/day_length", items, &days->offsets, &n, err);
    if (!status)
        status = read_rows(h5, path, "/items/day", SOUK_H5_I64, n, &days->day, err);
    if (!status)
        status = read_rows(h5, path, "/items/day_users", SOUK_H5_I64, n, &days->users, err);
    for (int64_t row = 0; row < items && !status; row++) {
        for (int64_t at = days->offsets[row]; at < days->offsets[row + 1] && !status; at++) {
            const bool ascends = at == days->offsets[row] || days->day[at - 1] < days->day[at];
            if (!ascends || days->users[at] < 1)
                status = souk_fail(err, SOUK_EFORMAT,
                                   "%s: /items/day: item row %" PRId64
                                   " is out of range or out of order",
                                   path, row);
        }
    }
    return status;
}

souk_status souk_stages_read_items(struct souk_h5 *h5, const char *path, const struct souk_model *m,
                                   struct souk_model_part *p, struct souk_error *err)
{
    const struct souk_model_stages *s = &m->stages;
    const int64_t items = p->items.count, cells = items * s->column_count;
    souk_status status = SOUK_OK;
    for (int i = 0; i < s->source_count && !status; i++)
        status = read_source(h5, path, m, &s->sources[i], items, &p->sources[i], err);
    if (!status)
        status = read_rows(h5, path, "/items/columns", SOUK_H5_F32, cells, &p->columns, err);
    if (!status)
        status = check_columns(path, p, cells, err);
    return status ? status : read_days(h5, path, items, &p->days, err);
}

void souk_stages_part_fini(struct souk_model_part *p)
{
    free(p->event_offsets);
    free(p->event_item);
    free(p->event_ms);
    free(p->event_type);
    free(p->event_value);
    for (int i = 0; i < SOUK_SOURCES_MAX; i++) {
        free(p->sources[i].offsets);
        free(p->sources[i].item);
        free(p->sources[i].weight);
    }
    free(p->columns);
    free(p->days.offsets);
    free(p->days.day);
    free(p->days.users);
}
