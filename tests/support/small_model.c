#include "tests/support/small_model.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/data/h5seal.h"
#include "shared/data/manifest.h"
#include "tests/support/small_stages.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HISTORY_MAX = 7, WIDTH = 12 };

static int by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Ids of one kind in one part, sorted. */
static souk_status fill_ids(struct souk_idtable *ids, char kind, int64_t count, int part, int parts)
{
    souk_status status = souk_idtable_init(ids, count, WIDTH + 1);
    int64_t kept = 0;
    for (int64_t i = 0; i < count && !status; i++) {
        char id[32] = "";
        snprintf(id, sizeof id, "%c%lld", kind, (long long)i);
        if (souk_part_of(souk_hash_bytes(id, strlen(id)), parts) == part)
            memcpy(ids->bytes + kept++ * ids->stride, id, WIDTH);
    }
    ids->count = kept;
    if (!status && kept > 0)
        qsort(ids->bytes, (size_t)kept, (size_t)ids->stride, by_bytes);
    return status;
}

static float *fill_factors(const struct small_model *m, int64_t rows, int part, int kind)
{
    const int stride = souk_factor_stride(m->factors);
    float *x = souk_alloc_aligned((size_t)rows * (size_t)stride, sizeof *x);
    for (int64_t r = 0; r < rows && x; r++)
        for (int c = 0; c < m->factors; c++)
            x[r * stride + c] = (float)souk_random_normal(m->seed + (uint64_t)(2 * part + kind),
                                                          (uint64_t)r, (uint64_t)c);
    return x;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Up to HISTORY_MAX different items, ascending. */
static int64_t draw_history(const struct small_model *m, int part, int64_t row, int64_t *items)
{
    const uint64_t seed = m->seed + 1000 + (uint64_t)part;
    int64_t kept = 0;
    const int64_t count = (int64_t)(souk_random_bits(seed, (uint64_t)row, 99) % (HISTORY_MAX + 1));
    for (int64_t k = 0; k < count && m->items > 0; k++)
        items[k] =
            (int64_t)(souk_random_bits(seed, (uint64_t)row, (uint64_t)k) % (uint64_t)m->items);
    qsort(items, (size_t)(m->items > 0 ? count : 0), sizeof *items, ascending);
    for (int64_t k = 0; k < count && m->items > 0; k++)
        if (kept == 0 || items[kept - 1] != items[k])
            items[kept++] = items[k];
    return kept;
}

/* Rows of different lengths, some empty, of weights so coarse that sums tie. */
static souk_status fill_neighbours(const struct small_model *m, struct souk_model_part *p)
{
    const size_t items = (size_t)p->items.count, longest = (size_t)m->neighbours;
    const uint64_t seed = m->seed + 5000 + (uint64_t)p->part;
    p->neighbour_offsets = souk_zalloc_array(items + 1, sizeof *p->neighbour_offsets);
    p->neighbour = souk_zalloc_array(items * longest, sizeof *p->neighbour);
    p->neighbour_weight = souk_zalloc_array(items * longest, sizeof *p->neighbour_weight);
    if (!p->neighbour_offsets || !p->neighbour || !p->neighbour_weight)
        return SOUK_ENOMEM;
    for (size_t i = 0; i < items; i++) {
        const uint64_t length = souk_random_bits(seed, i, 1) % (longest + 1);
        int64_t at = p->neighbour_offsets[i];
        for (int64_t row = 0; row < m->items; row++) {
            const uint64_t bits = souk_random_bits(seed, i, (uint64_t)row + 2);
            if (bits % (uint64_t)m->items >= length ||
                at - p->neighbour_offsets[i] >= m->neighbours)
                continue;
            p->neighbour[at] = row;
            p->neighbour_weight[at++] = (float)((int)(bits / 1024 % 65) - 32) / 16;
        }
        p->neighbour_offsets[i + 1] = at;
    }
    return SOUK_OK;
}

souk_status small_model_fill_part(const struct small_model *m, struct souk_model_part *p)
{
    souk_status status = fill_ids(&p->users, 'u', m->users, p->part, m->parts);
    if (!status)
        status = fill_ids(&p->items, 'i', m->items, p->part, m->parts);
    if (status)
        return status;
    const size_t users = (size_t)p->users.count, items = (size_t)p->items.count;
    p->factors = m->factors;
    p->stride = souk_factor_stride(m->factors);
    if (m->factors > 0) {
        p->user_factors = fill_factors(m, p->users.count, p->part, 0);
        p->item_factors = fill_factors(m, p->items.count, p->part, 1);
    }
    p->history_offsets = souk_zalloc_array(users + 1, sizeof *p->history_offsets);
    p->history = souk_zalloc_array(users * HISTORY_MAX, sizeof *p->history);
    p->history_weight = souk_zalloc_array(users * HISTORY_MAX, sizeof *p->history_weight);
    p->popularity = souk_zalloc_array(items, sizeof *p->popularity);
    p->item_events = souk_zalloc_array(items, sizeof *p->item_events);
    if (!p->history_offsets || !p->history || !p->history_weight || !p->popularity ||
        !p->item_events)
        return SOUK_ENOMEM;
    for (size_t u = 0; u < users; u++)
        p->history_offsets[u + 1] =
            p->history_offsets[u] +
            draw_history(m, p->part, (int64_t)u, p->history + p->history_offsets[u]);
    for (int64_t at = 0; at < p->history_offsets[users]; at++)
        p->history_weight[at] = (float)(1 + souk_random_bits(m->seed, (uint64_t)at, 77) % 8) / 4;
    for (size_t u = 3; u < users; u += 4) /* histories of items that took no part */
        for (int64_t at = p->history_offsets[u]; at < p->history_offsets[u + 1]; at++)
            p->history_weight[at] = 0;
    for (size_t i = 0; i < items; i++) /* many ties: lists are then ordered by id */
        p->popularity[i] = (float)(souk_random_bits(m->seed, (uint64_t)p->part, i) % 20);
    if (m->stages)
        return small_stages_fill(m->seed, m->items, p);
    return m->neighbours > 0 ? fill_neighbours(m, p) : SOUK_OK;
}

/* Change one element of a dataset in place, as somebody with an HDF5 tool would. */
static souk_status poke(const char *path, const char *name, hid_t type, const void *value,
                        hsize_t element)
{
    const hsize_t one[2] = {1, 1};
    hsize_t at[2] = {0, 0}, size[2] = {0, 0};
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(dataset);
    const int rank = H5Sget_simple_extent_dims(space, size, NULL);
    const hid_t memory = H5Screate_simple(rank, one, NULL);
    at[0] = element;
    H5Sselect_hyperslab(space, H5S_SELECT_SET, at, NULL, one, NULL);
    const herr_t failed = H5Dwrite(dataset, type, memory, space, H5P_DEFAULT, value);
    H5Sclose(memory);
    H5Sclose(space);
    H5Dclose(dataset);
    return H5Fclose(file) < 0 || failed < 0 ? SOUK_EIO : SOUK_OK;
}

static souk_status swap_first_ids(const char *path, const struct souk_model_part *p)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    souk_status status;
    H5Tset_size(type, WIDTH);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    status = poke(path, "/items/id", type, souk_idtable_get(&p->items, 1), 0);
    if (!status)
        status = poke(path, "/items/id", type, souk_idtable_get(&p->items, 0), 1);
    H5Tclose(type);
    return status;
}

static souk_status damage_stages(const struct small_model *m, const char *path,
                                 const struct souk_model_part *p)
{
    const float infinite = INFINITY;
    const int64_t far = m->items, late = INT64_MAX, nothing = 0;
    const bool has_events = p->event_offsets[p->users.count] > 0;
    int64_t user = 0;
    while (user < p->users.count && p->event_offsets[user + 1] - p->event_offsets[user] < 2)
        user++;
    if (m->fault == SMALL_MODEL_FAR_EVENT && has_events)
        return poke(path, "/users/event_item", H5T_NATIVE_INT64, &far, 0);
    if (m->fault == SMALL_MODEL_LATE_EVENT && user < p->users.count)
        return poke(path, "/users/event_ms", H5T_NATIVE_INT64, &late,
                    (hsize_t)p->event_offsets[user]);
    if (m->fault == SMALL_MODEL_EMPTY_DAY && p->days.offsets[p->items.count] > 0)
        return poke(path, "/items/day_users", H5T_NATIVE_INT64, &nothing, 0);
    if (m->fault == SMALL_MODEL_INFINITE && p->items.count > 0)
        return poke(path, "/items/columns", H5T_NATIVE_FLOAT, &infinite, 0);
    if (m->fault == SMALL_MODEL_FAR_SOURCE && p->sources[1].offsets[p->items.count] > 0)
        return poke(path, "/sources/coarse/item", H5T_NATIVE_INT64, &far, 0);
    return SOUK_OK;
}

static souk_status damage_part(const struct small_model *m, const char *folder,
                               const struct souk_model_part *p, struct souk_part_file *file,
                               struct souk_error *err)
{
    char name[20];
    souk_part_name(p->part, name);
    char *path = souk_path_join(folder, name);
    const float not_a_number = NAN;
    const int64_t far = m->items + 5;
    souk_status status = path ? SOUK_OK : SOUK_ENOMEM;
    if (!status && m->fault == SMALL_MODEL_NAN && p->items.count > 0)
        status = poke(path, "/items/factors", H5T_NATIVE_FLOAT, &not_a_number, 0);
    if (!status && m->fault == SMALL_MODEL_UNSORTED && p->items.count > 1)
        status = swap_first_ids(path, p);
    if (!status && m->fault == SMALL_MODEL_FAR_ITEM && p->history_offsets[p->users.count] > 0)
        status = poke(path, "/users/history", H5T_NATIVE_INT64, &far, 0);
    if (!status && m->fault == SMALL_MODEL_FAR_NEIGHBOUR &&
        p->neighbour_offsets[p->items.count] > 0)
        status = poke(path, "/items/neighbour", H5T_NATIVE_INT64, &far, 0);
    if (!status && m->stages)
        status = damage_stages(m, path, p);
    if (!status)
        status = souk_h5seal_write(path, "model-part", &file->size_bytes, &file->digest, err);
    free(path);
    return status;
}

static souk_status write_part(const struct small_model *m, const char *folder, int part,
                              struct souk_model *model, struct souk_error *err)
{
    struct souk_model_part p = {.part = part};
    souk_status status = small_model_fill_part(m, &p);
    if (status)
        souk_fail(err, status, "no memory for part %d", part);
    else
        status = souk_model_write_part(folder, WIDTH, m->stages ? &model->stages : NULL, &p,
                                       &model->files[part], err);
    if (!status && m->fault != SMALL_MODEL_WHOLE)
        status = damage_part(m, folder, &p, &model->files[part], err);
    model->user_first[part + 1] = model->user_first[part] + p.users.count;
    model->item_first[part + 1] = model->item_first[part] + p.items.count;
    souk_model_part_fini(&p);
    return status;
}

/* Another value of the first item, and the seal as if nothing was. */
static souk_status damage_levels(const char *folder, int32_t value, struct souk_error *err)
{
    char *path = souk_path_join(folder, "model.h5");
    int64_t size;
    uint64_t digest;
    souk_status status =
        path ? poke(path, "/levels/value", H5T_NATIVE_INT32, &value, 0) : SOUK_ENOMEM;
    if (!status)
        status = souk_h5seal_write(path, "model", &size, &digest, err);
    free(path);
    return status;
}

/* Replace the digit behind `before` in a text of model.h5 by a 9, and seal again. */
static souk_status damage_text(const char *folder, const char *name, const char *before,
                               struct souk_error *err)
{
    char *path = souk_path_join(folder, "model.h5");
    const unsigned char nine = '9';
    int64_t size;
    uint64_t digest;
    souk_status status = path ? SOUK_OK : SOUK_ENOMEM;
    if (!status)
        status = poke(path, name, H5T_NATIVE_UINT8, &nine, strlen(before));
    if (!status)
        status = souk_h5seal_write(path, "model", &size, &digest, err);
    free(path);
    return status;
}

/* What fold-in and histories go by; and types as a shop has them, or as the stages say. */
static void describe(const struct small_model *m, struct souk_model *model)
{
    static char als[] = "{\"objective\":\"ials\",\"alpha0\":0.2,\"lambda\":0.05,\"nu\":0.8,"
                        "\"weight-power\":0.5,\"half-life\":\"500ms\","
                        "\"recency-newest-ms\":1000,\"recency-mean\":0.5}";
    static char dense[] = "{\"weight-power\":0.5}";
    struct souk_model_weighing *w = &model->weighing;
    model->parameters_json = m->factors > 0 ? als : dense;
    w->type_count = 3;
    w->types[0] = (struct souk_event_type){.name = "view", .weight = 1};
    w->types[1] = (struct souk_event_type){.name = "addtocart", .weight = 4};
    w->types[2] = (struct souk_event_type){.name = "transaction", .weight = 8, .is_target = true};
    if (!m->stages)
        return;
    w->type_count = model->stages.type_count;
    memcpy(w->types, model->stages.types, sizeof w->types);
}

souk_status small_model_write(const char *path, const struct small_model *m, struct souk_error *err)
{
    const size_t parts = (size_t)m->parts;
    char calibration[] = SMALL_MODEL_CALIBRATION;
    struct souk_model model = {.parts = m->parts,
                               .id_width = WIDTH,
                               .factors = m->factors,
                               .neighbours =
                                   m->fault == SMALL_MODEL_LONG_NEIGHBOURS ? 1 : m->neighbours,
                               .window = {0, 1000},
                               .data = {0, 1000},
                               .created_ms = 1};
    souk_status status = SOUK_OK;
    strcpy(model.kind, m->factors > 0 ? "als" : m->neighbours > 0 ? "ease" : "popular");
    model.user_first = souk_zalloc_array(parts + 1, sizeof *model.user_first);
    model.item_first = souk_zalloc_array(parts + 1, sizeof *model.item_first);
    model.files = souk_zalloc_array(parts, sizeof *model.files);
    if (m->stages) {
        strcpy(model.kind, "two-stage");
        status = small_stages_name(&model.stages);
        model.stages.confidence_text = calibration;
        if (!status)
            status = small_stages_sort(m->seed, m->items, &model.stages.levels);
    }
    describe(m, &model);
    if (status || !model.user_first || !model.item_first || !model.files)
        status = souk_fail(err, SOUK_ENOMEM, "no memory");
    if (!status && mkdir(path, 0755) != 0)
        status = souk_fail_errno(err, "%s", path);
    for (int p = 0; p < m->parts && !status; p++)
        status = write_part(m, path, p, &model, err);
    if (!status)
        status = souk_model_write_manifest(path, &model, err);
    if (!status && m->fault == SMALL_MODEL_SCHEMA)
        status = damage_text(path, "/manifest", "{\n \"schema\": ", err);
    if (!status && m->fault == SMALL_MODEL_CONFIDENCE) /* another number than the digest's */
        status = damage_text(path, "/confidence", "{\"cold\":{\"knots\":[", err);
    if (!status && m->fault == SMALL_MODEL_FAR_LEVEL)
        status = damage_levels(path, 100, err);
    if (!status && m->fault == SMALL_MODEL_OTHER_LEVEL)
        status = damage_levels(path, (model.stages.levels.value[0] + 2) % 9, err);
    free(model.user_first);
    free(model.item_first);
    free(model.files);
    free(model.stages.rules_json);
    souk_levels_fini(&model.stages.levels);
    return status;
}
