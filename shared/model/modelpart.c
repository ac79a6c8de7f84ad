#include "shared/base/memory.h"
#include "shared/data/h5file.h"
#include "shared/data/manifest.h"
#include "shared/data/rowlength.h"
#include "shared/model/modelfile.h"
#include "shared/model/stages.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char KIND[] = "model-part";

/* First row with a value that is not finite, -1 when all are. */
static int64_t find_not_finite(const float *values, int64_t rows, int columns, int stride)
{
    for (int64_t r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            if (!isfinite(values[(size_t)r * (size_t)stride + (size_t)c]))
                return r;
    return -1;
}

/* ---- writing ---- */

static souk_status write_floats(struct souk_h5 *h5, const char *name, const float *values,
                                int64_t rows, int columns, int stride, struct souk_error *err)
{
    const int64_t bad = find_not_finite(values, rows, columns ? columns : 1, stride);
    if (bad >= 0)
        return souk_fail(err, SOUK_ENUMERIC, "%s row %" PRId64 " is not finite", name, bad);
    return souk_h5_write(h5, name, SOUK_H5_F32, values, rows, columns, stride, err);
}

static souk_status write_users(struct souk_h5 *h5, int id_width, const struct souk_model_part *p,
                               struct souk_error *err)
{
    const int64_t pairs = p->history_offsets[p->users.count];
    souk_status status = souk_h5_write_ids(h5, "/users/id", &p->users, id_width, err);
    if (!status && p->user_factors)
        status = write_floats(h5, "/users/factors", p->user_factors, p->users.count, p->factors,
                              p->stride, err);
    if (!status)
        status = souk_rowlength_write(h5, "/users/history_length", p->history_offsets,
                                      p->users.count, err);
    if (!status)
        status = souk_h5_write(h5, "/users/history", SOUK_H5_I64, p->history, pairs, 0, 1, err);
    if (!status)
        status = write_floats(h5, "/users/history_weight", p->history_weight, pairs, 0, 1, err);
    if (!status && p->event_offsets)
        status = souk_stages_write_users(h5, p, err);
    return status;
}

static souk_status write_neighbours(struct souk_h5 *h5, const struct souk_model_part *p,
                                    struct souk_error *err)
{
    const int64_t entries = p->neighbour_offsets[p->items.count];
    souk_status status = souk_rowlength_write(h5, "/items/neighbour_length", p->neighbour_offsets,
                                              p->items.count, err);
    if (!status)
        status =
            souk_h5_write(h5, "/items/neighbour", SOUK_H5_I64, p->neighbour, entries, 0, 1, err);
    if (!status)
        status =
            write_floats(h5, "/items/neighbour_weight", p->neighbour_weight, entries, 0, 1, err);
    return status;
}

static souk_status write_items(struct souk_h5 *h5, int id_width,
                               const struct souk_model_stages *stages,
                               const struct souk_model_part *p, struct souk_error *err)
{
    const int64_t items = p->items.count;
    souk_status status = souk_h5_write_ids(h5, "/items/id", &p->items, id_width, err);
    if (!status && p->item_factors)
        status =
            write_floats(h5, "/items/factors", p->item_factors, items, p->factors, p->stride, err);
    if (!status && p->neighbour_offsets)
        status = write_neighbours(h5, p, err);
    if (!status)
        status = write_floats(h5, "/items/popularity", p->popularity, items, 0, 1, err);
    if (!status)
        status = souk_h5_write(h5, "/items/events", SOUK_H5_I64, p->item_events, items, 0, 1, err);
    if (!status && p->category)
        status = souk_h5_write(h5, "/items/category", SOUK_H5_I32, p->category, items, 0, 1, err);
    if (!status)
        status = souk_attributes_write(h5, "items", &p->attributes, items, err);
    if (!status && stages)
        status = souk_stages_write_items(h5, stages, p, err);
    return status;
}

souk_status souk_model_write_part(const char *folder, int id_width,
                                  const struct souk_model_stages *stages,
                                  const struct souk_model_part *p, struct souk_part_file *file,
                                  struct souk_error *err)
{
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
        status = write_users(h5, id_width, p, err);
    if (!status)
        status = write_items(h5, id_width, stages, p, err);
    if (status) {
        souk_h5_close(h5);
        status = souk_error_prefix(err, status, "%s", path);
    } else {
        status = souk_h5_seal(h5, &file->size_bytes, &file->digest, err);
    }
    free(path);
    return status;
}

/* ---- reading ---- */

struct part_reader {
    struct souk_h5 *h5;
    const char *path;
    const struct souk_model *model;
    struct souk_model_part *part;
    struct souk_error *err;
};

static souk_status read_ids(const struct part_reader *r, const char *name, const int64_t *first,
                            struct souk_idtable *ids)
{
    return souk_manifest_read_ids(r->h5, r->path, name, first, r->part->part, r->model->parts, ids,
                                  r->err);
}

/* [rows] (columns = 0) or [rows x columns], finite. */
static souk_status read_floats(const struct part_reader *r, const char *name, int64_t rows,
                               int columns, int stride, float **out)
{
    size_t count;
    souk_status status;
    int64_t bad;
    if (!souk_mul_size((size_t)rows, (size_t)stride, &count) ||
        !(*out = souk_alloc_aligned(count, sizeof **out)))
        return souk_fail(r->err, SOUK_ENOMEM, "%s: no memory for %s", r->path, name);
    status = souk_h5_read(r->h5, name, SOUK_H5_F32, *out, rows, columns, stride, r->err);
    if (status)
        return status;
    bad = find_not_finite(*out, rows, columns ? columns : 1, stride);
    if (bad >= 0)
        return souk_fail(r->err, SOUK_EFORMAT, "%s: %s row %" PRId64 " is not finite", r->path,
                         name, bad);
    return SOUK_OK;
}

/* Rows of model item rows: in range, and ascending within each. */
static souk_status check_item_rows(const struct part_reader *r, const char *name, int64_t rows,
                                   const int64_t *offsets, const int64_t *item)
{
    const int64_t items = souk_model_items(r->model);
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t at = offsets[row]; at < offsets[row + 1]; at++) {
            const bool ascends = at == offsets[row] || item[at - 1] < item[at];
            if (item[at] < 0 || item[at] >= items || !ascends)
                return souk_fail(r->err, SOUK_EFORMAT,
                                 "%s: %s row %" PRId64 " is out of range or out of order", r->path,
                                 name, row);
        }
    }
    return SOUK_OK;
}

/* The item rows behind row lengths: as many as those say. */
static souk_status read_item_rows(const struct part_reader *r, const char *name, int64_t rows,
                                  const int64_t *offsets, int64_t **item)
{
    int64_t found = 0;
    void *data = NULL;
    souk_status status =
        souk_h5_read_new(r->h5, name, SOUK_H5_I64, offsets[rows], &data, &found, r->err);
    *item = data;
    if (!status && found != offsets[rows])
        status = souk_fail(r->err, SOUK_EFORMAT, "%s: %s is shorter than its rows", r->path, name);
    return status ? status : check_item_rows(r, name, rows, offsets, *item);
}

static souk_status read_users(const struct part_reader *r)
{
    struct souk_model_part *p = r->part;
    int64_t pairs = 0;
    souk_status status = read_ids(r, "/users/id", r->model->user_first, &p->users);
    if (!status && p->factors > 0)
        status = read_floats(r, "/users/factors", p->users.count, p->factors, p->stride,
                             &p->user_factors);
    if (!status)
        status = souk_rowlength_read(r->h5, "/users/history_length", p->users.count,
                                     &p->history_offsets, &pairs, r->err);
    if (!status)
        status =
            read_item_rows(r, "/users/history", p->users.count, p->history_offsets, &p->history);
    if (!status)
        status = read_floats(r, "/users/history_weight", pairs, 0, 1, &p->history_weight);
    if (!status && r->model->stages.source_count > 0)
        status = souk_stages_read_users(r->h5, r->path, r->model, p, r->err);
    return status;
}

static souk_status read_neighbours(const struct part_reader *r)
{
    struct souk_model_part *p = r->part;
    int64_t entries = 0;
    souk_status status = souk_rowlength_read(r->h5, "/items/neighbour_length", p->items.count,
                                             &p->neighbour_offsets, &entries, r->err);
    for (int64_t i = 0; i < p->items.count && !status; i++)
        if (p->neighbour_offsets[i + 1] - p->neighbour_offsets[i] > r->model->neighbours)
            status = souk_fail(r->err, SOUK_EFORMAT,
                               "%s: item row %" PRId64 " has more neighbours than the %" PRId64
                               " of the manifest",
                               r->path, i, r->model->neighbours);
    if (!status)
        status = read_item_rows(r, "/items/neighbour", p->items.count, p->neighbour_offsets,
                                &p->neighbour);
    if (!status)
        status = read_floats(r, "/items/neighbour_weight", entries, 0, 1, &p->neighbour_weight);
    return status;
}

static souk_status check_items(const struct part_reader *r)
{
    const struct souk_model_part *p = r->part;
    const int64_t categories = r->model->categories.ids.count;
    for (int64_t i = 0; i < p->items.count; i++)
        if (p->popularity[i] < 0 || p->item_events[i] < 0 ||
            (p->category && (p->category[i] < -1 || p->category[i] >= categories)))
            return souk_fail(r->err, SOUK_EFORMAT,
                             "%s: popularity, events or category of item row %" PRId64
                             " is out of range",
                             r->path, i);
    return SOUK_OK;
}

/* What a reply could not carry, or a filter not compare. */
static bool is_good_value(const struct souk_attribute *a, int64_t row)
{
    size_t len;
    const char *text = souk_attribute_text(a, row, &len);
    return a->type == SOUK_ATTRIBUTE_NUMBER ? !isinf(a->numbers[row])
                                            : !text || souk_text_is_utf8(text, len);
}

static souk_status read_attributes(const struct part_reader *r)
{
    const struct souk_model_part *p = r->part;
    souk_status status =
        souk_attributes_read(r->h5, r->path, "items", p->items.count, &r->part->attributes, r->err);
    if (!status && p->attributes.count > SOUK_ITEM_COLUMNS_MAX)
        status = souk_fail(r->err, SOUK_EFORMAT, "%s: items have %d attributes, more than %d",
                           r->path, p->attributes.count, SOUK_ITEM_COLUMNS_MAX);
    for (int a = 0; a < p->attributes.count && !status; a++)
        for (int64_t i = 0; i < p->items.count && !status; i++)
            if (!is_good_value(&p->attributes.of[a], i))
                status = souk_fail(r->err, SOUK_EFORMAT,
                                   "%s: attribute '%s' of item row %" PRId64
                                   " is not finite, or no UTF-8",
                                   r->path, p->attributes.of[a].name, i);
    return status;
}

static souk_status read_items(const struct part_reader *r)
{
    struct souk_model_part *p = r->part;
    souk_status status = read_ids(r, "/items/id", r->model->item_first, &p->items);
    const int64_t items = p->items.count;
    if (!status && p->factors > 0)
        status = read_floats(r, "/items/factors", items, p->factors, p->stride, &p->item_factors);
    if (!status && r->model->neighbours > 0)
        status = read_neighbours(r);
    if (!status)
        status = read_floats(r, "/items/popularity", items, 0, 1, &p->popularity);
    if (!status && !(p->item_events = souk_alloc_array((size_t)items, sizeof *p->item_events)))
        status = souk_fail(r->err, SOUK_ENOMEM, "%s: no memory", r->path);
    if (!status)
        status =
            souk_h5_read(r->h5, "/items/events", SOUK_H5_I64, p->item_events, items, 0, 1, r->err);
    if (!status && souk_h5_has(r->h5, "/items/category")) {
        p->category = souk_alloc_array((size_t)items, sizeof *p->category);
        status = p->category ? souk_h5_read(r->h5, "/items/category", SOUK_H5_I32, p->category,
                                            items, 0, 1, r->err)
                             : souk_fail(r->err, SOUK_ENOMEM, "%s: no memory", r->path);
    }
    if (!status)
        status = check_items(r);
    if (!status && r->model->stages.source_count > 0)
        status = souk_stages_read_items(r->h5, r->path, r->model, p, r->err);
    return status;
}

souk_status souk_model_read_part(const struct souk_model *m, int part, unsigned what,
                                 struct souk_model_part *out, struct souk_error *err)
{
    char name[20];
    char *path;
    struct souk_h5 *h5 = NULL;
    souk_status status;

    *out = (struct souk_model_part){
        .part = part, .factors = m->factors, .stride = souk_factor_stride(m->factors)};
    souk_part_name(part, name);
    path = souk_path_join(m->path, name);
    if (!path)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", m->path);
    status = souk_h5_open(path, KIND, &m->files[part].size_bytes, &m->files[part].digest, &h5, err);
    const struct part_reader reader = {h5, path, m, out, err};
    if (!status && (what & SOUK_MODEL_USERS))
        status = read_users(&reader);
    if (!status && (what & SOUK_MODEL_ITEMS))
        status = read_items(&reader);
    if (!status && (what & SOUK_MODEL_ITEMS) && (what & SOUK_MODEL_ATTRIBUTES))
        status = read_attributes(&reader);
    souk_h5_close(h5);
    free(path);
    if (status)
        souk_model_part_fini(out);
    return status;
}

void souk_model_part_fini(struct souk_model_part *p)
{
    souk_idtable_fini(&p->users);
    souk_idtable_fini(&p->items);
    free(p->user_factors);
    free(p->history_offsets);
    free(p->history);
    free(p->history_weight);
    free(p->item_factors);
    free(p->neighbour_offsets);
    free(p->neighbour);
    free(p->neighbour_weight);
    free(p->popularity);
    free(p->item_events);
    free(p->category);
    souk_attributes_fini(&p->attributes);
    souk_stages_part_fini(p);
    *p = (struct souk_model_part){0};
}
