#include "train/content/itemvectors.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "train/content/npyfile.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    const struct souk_ratings *ratings;
    struct souk_npy npy;
    FILE *ids;
    const char *ids_path;
    double *scratch; /* [columns] */
    float *row;      /* [columns] */
    bool *has;       /* [items] */
    struct souk_item_vectors *out;
};

/* Local item of an id, -1: of another rank, or not in the model. */
static int64_t find_item(const struct reading *r, const char *id, size_t len)
{
    const int part = souk_part_of(souk_hash_bytes(id, len), r->ratings->parts);
    for (int k = 0; k < r->ratings->local_count; k++) {
        if (r->ratings->local[k].part != part)
            continue;
        const int64_t at = souk_idtable_find(&r->ratings->local[k].items, id, len);
        return at < 0 ? -1 : r->out->part_first[k] + at;
    }
    return -1;
}

/* Length 1; a row of zeros stays what it is. */
static void normalise(const float *from, int64_t width, float *to)
{
    double square = 0;
    for (int64_t c = 0; c < width; c++)
        square += (double)from[c] * (double)from[c];
    for (int64_t c = 0; c < width && square > 0; c++)
        to[c] = (float)((double)from[c] / sqrt(square));
}

static souk_status take_row(struct reading *r, int64_t row, const char *id, size_t len,
                            struct souk_error *err)
{
    if (!souk_id_is_valid(id, len))
        return souk_fail(err, SOUK_EFORMAT,
                         "%s:%" PRId64 ": the line is not an id of 1 to %d bytes of UTF-8",
                         r->ids_path, row + 1, SOUK_ID_MAX_BYTES);
    const int64_t item = find_item(r, id, len);
    if (item < 0)
        return SOUK_OK;
    if (r->has[item])
        return souk_fail(err, SOUK_EFORMAT, "%s:%" PRId64 ": item '%s' has a row already",
                         r->ids_path, row + 1, id);
    r->has[item] = true;
    r->out->found++;
    const souk_status status = souk_npy_read_row(&r->npy, row, r->scratch, r->row, err);
    if (!status)
        normalise(r->row, r->out->width, r->out->vector + item * r->out->width);
    return status;
}

static souk_status take_rows(struct reading *r, struct souk_error *err)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    int64_t row = 0;
    souk_status status = SOUK_OK;
    while (!status && (len = getline(&line, &cap, r->ids)) >= 0) {
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            line[--len] = '\0';
        if (row >= r->npy.rows)
            status = souk_fail(err, SOUK_EFORMAT, "%s: more lines than %s has rows (%" PRId64 ")",
                               r->ids_path, r->npy.path, r->npy.rows);
        else
            status = take_row(r, row++, line, (size_t)len, err);
    }
    if (!status && ferror(r->ids))
        status = souk_fail_errno(err, "%s", r->ids_path);
    if (!status && row < r->npy.rows)
        status = souk_fail(err, SOUK_EFORMAT, "%s: %" PRId64 " lines, but %s has %" PRId64 " rows",
                           r->ids_path, row, r->npy.path, r->npy.rows);
    free(line);
    return status;
}

static souk_status allocate(struct reading *r, struct souk_error *err)
{
    const struct souk_ratings *ratings = r->ratings;
    struct souk_item_vectors *out = r->out;
    size_t floats = 0;
    out->width = r->npy.columns;
    out->part_first = souk_zalloc_array((size_t)ratings->local_count + 1, sizeof(int64_t));
    for (int k = 0; k < ratings->local_count && out->part_first; k++) {
        out->items += ratings->local[k].items.count;
        out->part_first[k + 1] = out->items;
    }
    if (souk_mul_size((size_t)out->items, (size_t)out->width, &floats))
        out->vector = souk_zalloc_array(floats, sizeof *out->vector);
    r->scratch = souk_alloc_array((size_t)out->width, sizeof *r->scratch);
    r->row = souk_alloc_array((size_t)out->width, sizeof *r->row);
    r->has = souk_zalloc_array((size_t)out->items, sizeof *r->has);
    return out->part_first && out->vector && r->scratch && r->row && r->has
               ? SOUK_OK
               : souk_fail(err, SOUK_ENOMEM, "%s: no memory for %" PRId64 " vectors of %" PRId64,
                           r->npy.path, out->items, out->width);
}

souk_status souk_item_vectors_load(const struct souk_ratings *ratings, const char *npy,
                                   const char *ids, struct souk_item_vectors *out,
                                   struct souk_error *err)
{
    struct reading r = {.ratings = ratings, .ids_path = ids, .out = out};
    *out = (struct souk_item_vectors){0};
    souk_status status = souk_npy_open(&r.npy, npy, err);
    if (!status && r.npy.columns > SOUK_VECTOR_MAX)
        status = souk_fail(err, SOUK_EFORMAT, "%s: more than %d columns", npy, SOUK_VECTOR_MAX);
    if (!status && !(r.ids = fopen(ids, "r")))
        status = souk_fail_errno(err, "%s", ids);
    if (!status)
        status = allocate(&r, err);
    if (!status)
        status = take_rows(&r, err);
    souk_npy_close(&r.npy);
    if (r.ids)
        fclose(r.ids);
    free(r.scratch);
    free(r.row);
    free(r.has);
    if (status)
        souk_item_vectors_fini(out);
    return status;
}

void souk_item_vectors_fini(struct souk_item_vectors *v)
{
    free(v->part_first);
    free(v->vector);
    *v = (struct souk_item_vectors){0};
}
