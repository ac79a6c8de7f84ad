#include "shared/model/modelfile.h"

#include "shared/base/memory.h"
#include "shared/data/h5file.h"
#include "shared/data/manifest.h"
#include "shared/model/stages.h"
#include "shared/model/weighing.h"
#include "souk_version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char KIND[] = "model";

/* An older reader would answer from popularity alone where a model has neighbours only, or stages,
 * so those models, and no others, have a version of their own. */
enum { SCHEMA_WITH_NEIGHBOURS = 2, SCHEMA_WITH_STAGES = 3 };

static int schema_of(const struct souk_model *m)
{
    if (m->stages.source_count > 0)
        return SCHEMA_WITH_STAGES;
    return m->neighbours > 0 ? SCHEMA_WITH_NEIGHBOURS : 1;
}

static souk_status get_window(const struct souk_manifest *m, struct souk_window *window,
                              struct souk_error *err)
{
    souk_status status =
        souk_manifest_get_int(m, "from_ms", INT64_MIN, INT64_MAX, &window->from_ms, err);
    if (!status)
        status = souk_manifest_get_int(m, "until_ms", INT64_MIN, INT64_MAX, &window->until_ms, err);
    return status;
}

/* What an older release did not write stays as it is. */
static souk_status get_data(const struct souk_manifest *m, struct souk_model *model,
                            struct souk_error *err)
{
    souk_status status = SOUK_OK;
    model->data = model->window;
    model->events = -1;
    if (!json_object_get(m->json, "data_until_ms"))
        return SOUK_OK;
    status =
        souk_manifest_get_int(m, "data_from_ms", INT64_MIN, INT64_MAX, &model->data.from_ms, err);
    if (!status)
        status = souk_manifest_get_int(m, "data_until_ms", INT64_MIN, INT64_MAX,
                                       &model->data.until_ms, err);
    if (!status)
        status = souk_manifest_get_int(m, "events", 0, INT64_MAX, &model->events, err);
    return status;
}

static souk_status get_dataset(const struct souk_manifest *m, uint64_t *digest,
                               struct souk_error *err)
{
    char hex[17], *end = NULL;
    souk_status status = souk_manifest_get_text(m, "dataset", hex, sizeof hex, err);
    if (status)
        return status;
    *digest = strtoull(hex, &end, 16);
    if (strlen(hex) != 16 || *end)
        return souk_fail(err, SOUK_EFORMAT, "%s: manifest: 'dataset' is not a digest", m->path);
    return SOUK_OK;
}

static souk_status get_shape(const struct souk_manifest *m, struct souk_model *model,
                             struct souk_error *err)
{
    int64_t parts = 0, width = 0, factors = 0;
    souk_status status = souk_manifest_get_int(m, "parts", 1, SOUK_PARTS_MAX, &parts, err);
    if (!status)
        status = souk_manifest_get_int(m, "id_width", 1, SOUK_ID_MAX_BYTES, &width, err);
    if (!status)
        status = souk_manifest_get_int(m, "factors", 0, SOUK_FACTORS_MAX, &factors, err);
    model->parts = (int)parts;
    model->id_width = (int)width;
    model->factors = (int)factors;
    if (!status && model->schema == SCHEMA_WITH_NEIGHBOURS)
        status = souk_manifest_get_int(m, "neighbours", 1, INT32_MAX, &model->neighbours, err);
    if (!status)
        status = souk_manifest_get_first(m, "user_first", model->parts, &model->user_first, err);
    if (!status)
        status = souk_manifest_get_first(m, "item_first", model->parts, &model->item_first, err);
    return status;
}

static souk_status parse_manifest(const struct souk_manifest *m, struct souk_model *model,
                                  struct souk_error *err)
{
    int64_t schema = 0;
    souk_status status = souk_manifest_get_int(m, "schema", 0, INT32_MAX, &schema, err);
    if (status)
        return status;
    if (schema < 1 || schema > SOUK_MODEL_SCHEMA)
        return souk_fail(
            err, SOUK_EVERSION,
            "%s: model schema version %lld, this build reads versions 1 to %d: train again",
            m->path, (long long)schema, SOUK_MODEL_SCHEMA);
    model->schema = (int)schema;
    status = souk_manifest_get_text(m, "kind", model->kind, sizeof model->kind, err);
    if (!status)
        status = get_shape(m, model, err);
    if (!status)
        status = get_window(m, &model->window, err);
    if (!status)
        status = get_data(m, model, err);
    if (!status)
        status = get_dataset(m, &model->dataset_digest, err);
    if (!status)
        status = souk_manifest_get_text(m, "git_commit", model->git_commit,
                                        sizeof model->git_commit, err);
    if (!status)
        status = souk_manifest_get_json(m, "parameters", &model->parameters_json, err);
    if (!status)
        status = souk_weighing_parse(m, &model->weighing, err);
    if (!status)
        status = souk_manifest_get_files(m, model->parts, &model->files, err);
    if (!status && model->schema == SCHEMA_WITH_STAGES)
        status = souk_stages_parse(m, &model->stages, err);
    return status;
}

/* What describes the making and not the model: outside of its id. */
static souk_status read_making(struct souk_h5 *h5, struct souk_model *model, struct souk_error *err)
{
    void *text = NULL;
    int64_t len = 0;
    json_t *json;
    souk_status status = souk_h5_read_new(h5, "/making", SOUK_H5_U8, 1 << 26, &text, &len, err);
    if (status)
        return status;
    json = json_loadb(text, (size_t)len, 0, NULL);
    const struct souk_manifest m = {.path = model->path, .json = json};
    free(text);
    status = souk_manifest_get_int(&m, "created_ms", INT64_MIN, INT64_MAX, &model->created_ms, err);
    if (!status)
        status = souk_manifest_get_json(&m, "metrics", &model->metrics_json, err);
    json_decref(json);
    if (model->data.until_ms == SOUK_TIME_MAX)
        model->data.until_ms = model->created_ms;
    return status;
}

static souk_status check_sizes(const struct souk_model *m, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int p = 0; p < m->parts && !status; p++) {
        char name[20];
        struct stat info;
        souk_part_name(p, name);
        char *path = souk_path_join(m->path, name);
        if (!path)
            return souk_fail(err, SOUK_ENOMEM, "%s: no memory", m->path);
        if (stat(path, &info) != 0)
            status = souk_fail_errno(err, "%s", path);
        else if (info.st_size != m->files[p].size_bytes)
            status =
                souk_fail(err, SOUK_EINTEGRITY, "%s: %lld bytes where the manifest states %lld",
                          path, (long long)info.st_size, (long long)m->files[p].size_bytes);
        free(path);
    }
    return status;
}

static souk_status read_manifest(struct souk_h5 *h5, const char *file, struct souk_model *model,
                                 struct souk_error *err)
{
    struct souk_manifest m = {.path = file};
    uint64_t digest = 0;
    souk_status status = souk_manifest_read(h5, file, &m.json, &digest, err);
    if (!status)
        status = parse_manifest(&m, model, err);
    if (!status && model->stages.source_count > 0)
        status = souk_stages_read_tables(h5, &m, souk_model_items(model), &model->stages, err);
    json_decref(m.json);
    snprintf(model->id, sizeof model->id, "%016" PRIx64, digest);
    return status;
}

souk_status souk_model_open(const char *path, struct souk_model **out, struct souk_error *err)
{
    struct souk_model *model = souk_zalloc_array(1, sizeof *model);
    char *file = souk_path_join(path, "model.h5");
    struct souk_h5 *h5 = NULL;
    souk_status status = SOUK_OK;

    *out = NULL;
    if (model)
        model->path = souk_strndup(path, strlen(path));
    if (!model || !file || !model->path)
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
    if (!status)
        status = souk_h5_open(file, KIND, NULL, NULL, &h5, err);
    if (!status)
        status = read_manifest(h5, file, model, err);
    if (!status)
        status = read_making(h5, model, err);
    if (!status)
        status = souk_manifest_read_categories(h5, &model->categories, err);
    if (!status)
        status = check_sizes(model, err);
    souk_h5_close(h5);
    free(file);
    if (status) {
        souk_model_free(model);
        return status;
    }
    *out = model;
    return SOUK_OK;
}

void souk_model_free(struct souk_model *m)
{
    if (!m)
        return;
    free(m->path);
    free(m->user_first);
    free(m->item_first);
    free(m->parameters_json);
    free(m->metrics_json);
    free(m->files);
    souk_categories_fini(&m->categories);
    souk_stages_fini(&m->stages);
    free(m);
}

static json_t *manifest_json(const struct souk_model *m)
{
    char dataset[17];
    snprintf(dataset, sizeof dataset, "%016" PRIx64, m->dataset_digest);
    json_t *json = json_pack(
        "{s:i, s:s, s:i, s:i, s:i, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:o, s:o}",
        "schema", schema_of(m), "kind", m->kind, "parts", m->parts, "id_width", m->id_width,
        "factors", m->factors, "user_first", souk_manifest_first_json(m->user_first, m->parts),
        "item_first", souk_manifest_first_json(m->item_first, m->parts), "from_ms",
        (json_int_t)m->window.from_ms, "until_ms", (json_int_t)m->window.until_ms, "data_from_ms",
        (json_int_t)m->data.from_ms, "data_until_ms", (json_int_t)m->data.until_ms, "events",
        (json_int_t)m->events, "dataset", dataset, "git_commit", m->git_commit, "parameters",
        souk_manifest_embed(m->parameters_json), "files",
        souk_manifest_files_json(m->files, m->parts));
    int failed = 0;
    if (json && m->neighbours > 0)
        failed = json_object_set_new(json, "neighbours", json_integer(m->neighbours));
    if (json && m->weighing.type_count > 0)
        failed |= json_object_set_new(json, "weighing", souk_weighing_json(&m->weighing));
    if (json && m->stages.source_count > 0)
        failed |= json_object_set_new(json, "stages", souk_stages_json(&m->stages));
    if (!failed)
        return json;
    json_decref(json);
    return NULL;
}

static souk_status write_making(struct souk_h5 *h5, const struct souk_model *m,
                                struct souk_error *err)
{
    json_t *json = json_pack("{s:I, s:o}", "created_ms", (json_int_t)m->created_ms, "metrics",
                             souk_manifest_embed(m->metrics_json));
    char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
    souk_status status =
        text ? souk_h5_write(h5, "/making", SOUK_H5_U8, text, (int64_t)strlen(text), 0, 1, err)
             : souk_fail(err, SOUK_ENOMEM, "no memory for the manifest");
    json_decref(json);
    free(text);
    return status;
}

static souk_status write_all(struct souk_h5 *h5, struct souk_model *m, struct souk_error *err)
{
    uint64_t digest = 0;
    json_t *json = manifest_json(m);
    souk_status status = souk_manifest_write(h5, json, &digest, err);
    json_decref(json);
    snprintf(m->id, sizeof m->id, "%016" PRIx64, digest);
    if (!status)
        status = write_making(h5, m, err);
    if (!status)
        status = souk_stages_write_tables(h5, &m->stages, err);
    if (!status)
        status = souk_manifest_write_categories(h5, &m->categories, err);
    if (!status)
        status = souk_manifest_write_virtual(h5, "users", m->user_first, m->parts, m->id_width,
                                             "history_length", m->factors, err);
    if (!status)
        status = souk_manifest_write_virtual(h5, "items", m->item_first, m->parts, m->id_width,
                                             NULL, m->factors, err);
    return status;
}

souk_status souk_model_write_manifest(const char *folder, struct souk_model *m,
                                      struct souk_error *err)
{
    char *file = souk_path_join(folder, "model.h5");
    struct souk_h5 *h5 = NULL;
    int64_t size = 0;
    uint64_t seal = 0;
    souk_status status;

    if (!file)
        return souk_fail(err, SOUK_ENOMEM, "%s: no memory", folder);
    snprintf(m->git_commit, sizeof m->git_commit, "%s", SOUK_GIT_HASH);
    status = souk_h5_create(file, KIND, &h5, err);
    if (!status)
        status = write_all(h5, m, err);
    if (status)
        souk_h5_close(h5);
    else
        status = souk_h5_seal(h5, &size, &seal, err);
    free(file);
    return status;
}
