#include "train/comm/checkpoint.h"

#include "shared/base/memory.h"
#include "shared/base/staging.h"
#include "shared/data/manifest.h"
#include "train/comm/blockrows.h"
#include "train/comm/checkpointmanifest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char KIND[] = "checkpoint", PART_KIND[] = "checkpoint-part";
static const char MANIFEST[] = "checkpoint.h5";

/* A part's files entry on its way to rank 0. */
struct entry {
    int64_t part;
    struct souk_part_file file;
};

static int parts_of(const struct souk_checkpoint *state)
{
    return state->rows[0].partition->parts;
}

static int64_t rows_of_part(const struct souk_checkpoint_rows *r, int part)
{
    return r->partition->first[part + 1] - r->partition->first[part];
}

static bool is_finite(const float *rows, int64_t count, int columns, int stride)
{
    for (int64_t r = 0; r < count; r++)
        for (int c = 0; c < columns; c++)
            if (!isfinite(rows[(size_t)r * (size_t)stride + (size_t)c]))
                return false;
    return true;
}

/* ---- rows by part: [rows_count][parts] ---- */

static void parts_free(const struct souk_checkpoint *state, float ***parts)
{
    for (int i = 0; i < state->rows_count && parts; i++) {
        souk_blockrows_free(parts[i], parts_of(state));
        free(parts[i]);
    }
    free(parts);
}

static float ***parts_new(const struct souk_checkpoint *state)
{
    float ***parts = souk_zalloc_array((size_t)state->rows_count, sizeof *parts);
    for (int i = 0; i < state->rows_count && parts; i++) {
        parts[i] = souk_zalloc_array((size_t)parts_of(state), sizeof *parts[i]);
        if (!parts[i]) {
            parts_free(state, parts);
            return NULL;
        }
    }
    return parts;
}

static souk_status parts_new_all(const struct souk_comm *comm, const struct souk_checkpoint *state,
                                 float ****out, struct souk_error *err)
{
    *out = parts_new(state);
    return souk_status_agree_all(
        comm, *out ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the checkpoint"), err);
}

/* ---- one part's file ---- */

static souk_status write_rows(struct souk_h5 *h5, const struct souk_checkpoint_rows *r, int part,
                              const float *rows, struct souk_error *err)
{
    const int64_t count = rows_of_part(r, part);
    char name[SOUK_NAME_MAX_BYTES + 2];
    snprintf(name, sizeof name, "/%s", r->name);
    if (!is_finite(rows, count, r->columns, r->stride))
        return souk_fail(err, SOUK_ENUMERIC, "'%s' is no longer finite", r->name);
    return souk_h5_write(h5, name, SOUK_H5_F32, rows, count, r->columns, r->stride, err);
}

static souk_status write_part(const char *folder, const struct souk_checkpoint *state, int part,
                              float **const *parts, struct souk_part_file *file,
                              struct souk_error *err)
{
    char name[20];
    struct souk_h5 *h5 = NULL;
    souk_part_name(part, name);
    char *path = souk_path_join(folder, name);
    if (!path)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", folder);
    souk_status status = souk_h5_create(path, PART_KIND, &h5, err);
    for (int i = 0; i < state->rows_count && !status; i++)
        status = write_rows(h5, &state->rows[i], part, parts[i][part], err);
    if (status)
        souk_h5_close(h5);
    else
        status = souk_h5_seal(h5, &file->size_bytes, &file->digest, err);
    free(path);
    return status;
}

static souk_status read_rows(struct souk_h5 *h5, const char *path,
                             const struct souk_checkpoint_rows *r, int part, float *rows,
                             struct souk_error *err)
{
    const int64_t count = rows_of_part(r, part);
    char name[SOUK_NAME_MAX_BYTES + 2];
    snprintf(name, sizeof name, "/%s", r->name);
    souk_status status =
        souk_h5_read(h5, name, SOUK_H5_F32, rows, count, r->columns, r->stride, err);
    if (!status && !is_finite(rows, count, r->columns, r->stride))
        status = souk_fail(err, SOUK_EFORMAT, "%s: '%s' is not finite", path, r->name);
    return status;
}

static souk_status read_part(const char *folder, const struct souk_checkpoint *state, int part,
                             const struct souk_part_file *file, float **const *parts,
                             struct souk_error *err)
{
    char name[20];
    struct souk_h5 *h5 = NULL;
    souk_part_name(part, name);
    char *path = souk_path_join(folder, name);
    if (!path)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", folder);
    souk_status status = souk_h5_open(path, PART_KIND, &file->size_bytes, &file->digest, &h5, err);
    for (int i = 0; i < state->rows_count && !status; i++)
        status = read_rows(h5, path, &state->rows[i], part, parts[i][part], err);
    souk_h5_close(h5);
    free(path);
    return status;
}

/* ---- saving ---- */

/* This rank's parts; entries in ascending order of part. @param count receives how many */
static souk_status write_parts(const struct souk_comm *comm, const char *folder,
                               const struct souk_checkpoint *state, float **const *parts,
                               struct entry *entries, int64_t *count, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int part = comm->rank; part < parts_of(state) && !status; part += comm->size) {
        struct entry *entry = &entries[(*count)++];
        entry->part = part;
        status = write_part(folder, state, part, parts, &entry->file, err);
    }
    return status;
}

static souk_status write_arrays(struct souk_h5 *h5, const struct souk_checkpoint *state,
                                struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < state->array_count && !status; i++) {
        const struct souk_checkpoint_array *a = &state->arrays[i];
        char name[SOUK_NAME_MAX_BYTES + 9];
        snprintf(name, sizeof name, "/arrays/%s", a->name);
        status = souk_h5_write(h5, name, a->type, a->data, a->rows, a->columns,
                               a->columns ? a->columns : 1, err);
    }
    return status;
}

/* @param size receives the file's own bytes */
static souk_status write_manifest(const char *folder, const struct souk_checkpoint *state,
                                  const struct souk_checkpoint_progress *progress,
                                  const struct souk_part_file *files, int64_t *size,
                                  struct souk_error *err)
{
    struct souk_h5 *h5 = NULL;
    uint64_t digest = 0;
    json_t *json = souk_checkpoint_manifest(state, progress, files);
    char *path = souk_path_join(folder, MANIFEST);
    souk_status status =
        json && path ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "%s: no memory", folder);
    if (!status)
        status = souk_h5_create(path, KIND, &h5, err);
    if (!status)
        status = souk_manifest_write(h5, json, &digest, err);
    if (!status)
        status = write_arrays(h5, state, err);
    if (status)
        souk_h5_close(h5);
    else
        status = souk_h5_seal(h5, size, &digest, err);
    json_decref(json);
    free(path);
    return status;
}

/* All files into the staging folder. @param bytes receives their size, on rank 0 */
static souk_status write_all(const struct souk_comm *comm, const char *folder,
                             const struct souk_checkpoint *state,
                             const struct souk_checkpoint_progress *progress, float **const *parts,
                             int64_t *bytes, struct souk_error *err)
{
    const size_t part_count = (size_t)parts_of(state);
    struct entry *own = souk_zalloc_array(part_count, sizeof *own);
    struct souk_part_file *files = souk_zalloc_array(part_count, sizeof *files);
    int64_t *counts = souk_zalloc_array((size_t)comm->size, sizeof *counts), own_count = 0;
    void *all = NULL;
    souk_status status = own && files && counts
                             ? write_parts(comm, folder, state, parts, own, &own_count, err)
                             : souk_fail(err, SOUK_ENOMEM, "no memory for the checkpoint");
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_gather_all(comm, own, own_count, sizeof *own, &all, counts, err);
    if (!status && comm->rank == 0) {
        for (size_t i = 0; i < part_count; i++) {
            const struct entry *entry = (const struct entry *)all + i;
            files[entry->part] = entry->file;
        }
        status = write_manifest(folder, state, progress, files, bytes, err);
        for (size_t i = 0; i < part_count; i++)
            *bytes += files[i].size_bytes;
    }
    free(own);
    free(files);
    free(counts);
    free(all);
    return status;
}

/* Rank 0 makes the folder before the others look for it. Nothing guards it from signals: a stage
 * catches them itself, and what a killed one leaves, the next begin removes. */
static souk_status begin_all(const struct souk_comm *comm, const char *path,
                             struct souk_staging *staging, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if (comm->rank == 0)
        status = souk_staging_begin(staging, path, true, MANIFEST, true, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status && comm->rank > 0)
        status = souk_staging_begin(staging, path, true, MANIFEST, false, err);
    return souk_status_agree_all(comm, status, err);
}

souk_status souk_checkpoint_save_all(const struct souk_comm *comm, const char *path,
                                     const struct souk_checkpoint *state,
                                     const struct souk_checkpoint_progress *progress,
                                     int64_t *bytes, struct souk_error *err)
{
    struct souk_staging staging = {0};
    float ***parts = NULL;
    souk_status status = parts_new_all(comm, state, &parts, err);
    *bytes = 0;
    for (int i = 0; i < state->rows_count && !status; i++) {
        const struct souk_checkpoint_rows *r = &state->rows[i];
        status =
            souk_blockrows_collect_all(comm, r->partition, r->matrix, r->stride, parts[i], err);
    }
    if (!status)
        status = begin_all(comm, path, &staging, err);
    if (!status)
        status = write_all(comm, staging.partial, state, progress, parts, bytes, err);
    if (!status && comm->rank == 0)
        status = souk_staging_commit(&staging, err);
    status = souk_status_agree_all(comm, status, err);
    souk_staging_end(&staging, comm->rank == 0);
    if (!status)
        status = souk_max_i64_all(comm, bytes, 1, err);
    parts_free(state, parts);
    return status;
}

/* ---- restoring ---- */

souk_status souk_checkpoint_prepare_all(const struct souk_comm *comm, const char *path, bool *found,
                                        struct souk_error *err)
{
    struct souk_staging staging = {0};
    int64_t there = 0;
    souk_status status = SOUK_OK;
    if (comm->rank == 0) {
        char *manifest = souk_path_join(path, MANIFEST);
        status = manifest ? souk_staging_begin(&staging, path, true, MANIFEST, true, err)
                          : souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
        there = !status && access(manifest, F_OK) == 0;
        souk_staging_end(&staging, true);
        free(manifest);
    }
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_max_i64_all(comm, &there, 1, err);
    *found = there != 0;
    return status;
}

static souk_status read_arrays(struct souk_h5 *h5, const struct souk_checkpoint *state,
                               struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < state->array_count && !status; i++) {
        const struct souk_checkpoint_array *a = &state->arrays[i];
        char name[SOUK_NAME_MAX_BYTES + 9];
        snprintf(name, sizeof name, "/arrays/%s", a->name);
        status = souk_h5_read(h5, name, a->type, a->data, a->rows, a->columns,
                              a->columns ? a->columns : 1, err);
    }
    return status;
}

static souk_status read_manifest(const char *folder, const struct souk_checkpoint *state,
                                 struct souk_checkpoint_progress *progress,
                                 struct souk_part_file **files, struct souk_error *err)
{
    struct souk_h5 *h5 = NULL;
    json_t *json = NULL;
    uint64_t digest = 0;
    char *path = souk_path_join(folder, MANIFEST);
    if (!path)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", folder);
    souk_status status = souk_h5_open(path, KIND, NULL, NULL, &h5, err);
    if (!status)
        status = souk_manifest_read(h5, path, &json, &digest, err);
    if (!status)
        status = souk_checkpoint_manifest_read(path, json, state, progress, files, err);
    if (!status)
        status = read_arrays(h5, state, err);
    souk_h5_close(h5);
    json_decref(json);
    free(path);
    return status;
}

static souk_status read_parts(const struct souk_comm *comm, const char *folder,
                              const struct souk_checkpoint *state,
                              const struct souk_part_file *files, float **const *parts,
                              struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < state->rows_count && !status; i++) {
        const struct souk_checkpoint_rows *r = &state->rows[i];
        status = souk_blockrows_alloc(comm, r->partition, r->stride, parts[i], err);
    }
    for (int part = comm->rank; part < parts_of(state) && !status; part += comm->size)
        status = read_part(folder, state, part, &files[part], parts, err);
    return status;
}

souk_status souk_checkpoint_load_all(const struct souk_comm *comm, const char *path,
                                     const struct souk_checkpoint *state,
                                     struct souk_checkpoint_progress *progress,
                                     struct souk_error *err)
{
    struct souk_part_file *files = NULL;
    float ***parts = NULL;
    souk_status status;

    *progress = (struct souk_checkpoint_progress){0};
    status = souk_status_agree_all(comm, read_manifest(path, state, progress, &files, err), err);
    if (!status)
        status = parts_new_all(comm, state, &parts, err);
    if (!status)
        status = souk_status_agree_all(comm, read_parts(comm, path, state, files, parts, err), err);
    for (int i = 0; i < state->rows_count && !status; i++) {
        const struct souk_checkpoint_rows *r = &state->rows[i];
        status = souk_blockrows_deal_all(comm, r->partition, parts[i], r->stride, r->matrix, err);
    }
    parts_free(state, parts);
    free(files);
    if (status) {
        free(progress->json);
        *progress = (struct souk_checkpoint_progress){0};
    }
    return status;
}
