#include "train/comm/checkpointmanifest.h"

#include "shared/base/log.h"
#include "shared/data/manifest.h"
#include "souk_version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names and shapes of all arrays and matrices, row starts included. */
static json_t *layout_json(const struct souk_checkpoint *state)
{
    json_t *arrays = json_array(), *rows = json_array();
    for (int i = 0; i < state->array_count; i++) {
        const struct souk_checkpoint_array *a = &state->arrays[i];
        json_array_append_new(arrays, json_pack("{s:s, s:i, s:I, s:I}", "name", a->name, "type",
                                                (int)a->type, "rows", (json_int_t)a->rows,
                                                "columns", (json_int_t)a->columns));
    }
    for (int i = 0; i < state->rows_count; i++) {
        const struct souk_checkpoint_rows *r = &state->rows[i];
        json_array_append_new(
            rows, json_pack("{s:s, s:i, s:o}", "name", r->name, "columns", r->columns, "first",
                            souk_manifest_first_json(r->partition->first, r->partition->parts)));
    }
    return json_pack("{s:o, s:o}", "arrays", arrays, "rows", rows);
}

json_t *souk_checkpoint_manifest(const struct souk_checkpoint *state,
                                 const struct souk_checkpoint_progress *progress,
                                 const struct souk_part_file *files)
{
    char dataset[17];
    snprintf(dataset, sizeof dataset, "%016" PRIx64, state->dataset_digest);
    return json_pack("{s:i, s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:o}", "schema",
                     SOUK_CHECKPOINT_SCHEMA, "kind", state->kind, "git_commit", SOUK_GIT_HASH,
                     "dataset", dataset, "parameters", souk_manifest_embed(state->parameters_json),
                     "epoch", (json_int_t)progress->epoch, "progress",
                     souk_manifest_embed(progress->json), "layout", layout_json(state), "files",
                     souk_manifest_files_json(files, state->rows[0].partition->parts));
}

static souk_status check_kind(const struct souk_manifest *m, const struct souk_checkpoint *state,
                              struct souk_error *err)
{
    int64_t schema = 0;
    char kind[SOUK_NAME_MAX_BYTES + 1];
    souk_status status = souk_manifest_get_int(m, "schema", 0, INT32_MAX, &schema, err);
    if (!status && schema != SOUK_CHECKPOINT_SCHEMA)
        status = souk_fail(err, SOUK_EVERSION,
                           "%s: checkpoint schema version %lld, this build reads version %d",
                           m->path, (long long)schema, SOUK_CHECKPOINT_SCHEMA);
    if (!status)
        status = souk_manifest_get_text(m, "kind", kind, sizeof kind, err);
    if (!status && strcmp(kind, state->kind) != 0)
        status = souk_fail(err, SOUK_EINTEGRITY, "%s: a checkpoint of %s, not of %s", m->path, kind,
                           state->kind);
    return status;
}

static souk_status check_dataset(const struct souk_manifest *m, const struct souk_checkpoint *state,
                                 struct souk_error *err)
{
    char found[17], wanted[17];
    souk_status status = souk_manifest_get_text(m, "dataset", found, sizeof found, err);
    snprintf(wanted, sizeof wanted, "%016" PRIx64, state->dataset_digest);
    if (!status && strcmp(found, wanted) != 0)
        status = souk_fail(err, SOUK_EINTEGRITY,
                           "%s: of another dataset (digest %s, this one has %s): name its dataset, "
                           "or leave out --resume",
                           m->path, found, wanted);
    return status;
}

/* Name the first parameter that differs. */
static souk_status refuse_parameter(const struct souk_manifest *m, const char *key,
                                    const json_t *found, const json_t *wanted,
                                    struct souk_error *err)
{
    char *theirs = found ? json_dumps(found, JSON_ENCODE_ANY) : NULL;
    char *ours = wanted ? json_dumps(wanted, JSON_ENCODE_ANY) : NULL;
    const souk_status status = souk_fail(
        err, SOUK_EINTEGRITY,
        "%s: made with %s = %.40s, this run has %.40s: use the same, or leave out --resume",
        m->path, key, theirs ? theirs : "nothing", ours ? ours : "nothing");
    free(theirs);
    free(ours);
    return status;
}

static souk_status check_parameters(const struct souk_manifest *m,
                                    const struct souk_checkpoint *state, struct souk_error *err)
{
    json_t *found = json_object_get(m->json, "parameters");
    json_t *wanted = souk_manifest_embed(state->parameters_json);
    const char *key;
    json_t *value;
    souk_status status = SOUK_OK;
    if (!json_is_object(found))
        status = souk_fail(err, SOUK_EFORMAT, "%s: manifest: 'parameters' is no object", m->path);
    json_object_foreach(wanted, key,
                        value) if (!status && !json_equal(json_object_get(found, key), value))
        status = refuse_parameter(m, key, json_object_get(found, key), value, err);
    json_object_foreach(found, key, value) if (!status && !json_object_get(wanted, key)) status =
        refuse_parameter(m, key, value, NULL, err);
    json_decref(wanted);
    return status;
}

static souk_status check_layout(const struct souk_manifest *m, const struct souk_checkpoint *state,
                                struct souk_error *err)
{
    json_t *wanted = layout_json(state);
    souk_status status = SOUK_OK;
    if (!wanted)
        status = souk_fail(err, SOUK_ENOMEM, "%s: no memory", m->path);
    else if (!json_equal(json_object_get(m->json, "layout"), wanted))
        status = souk_fail(err, SOUK_EINTEGRITY,
                           "%s: its arrays have other names or shapes than this run's", m->path);
    json_decref(wanted);
    return status;
}

/* The same bits are promised to the same build only. */
static void warn_of_other_build(const struct souk_manifest *m)
{
    const char *commit = json_string_value(json_object_get(m->json, "git_commit"));
    if (commit && strcmp(commit, SOUK_GIT_HASH) != 0)
        souk_log(SOUK_LOG_WARN, "checkpoint_of_another_build", "commit=%.40s this=%s", commit,
                 SOUK_GIT_HASH);
}

souk_status souk_checkpoint_manifest_read(const char *path, json_t *manifest,
                                          const struct souk_checkpoint *state,
                                          struct souk_checkpoint_progress *progress,
                                          struct souk_part_file **files, struct souk_error *err)
{
    const struct souk_manifest m = {path, manifest};
    souk_status status = check_kind(&m, state, err);
    *files = NULL;
    if (!status)
        status = check_dataset(&m, state, err);
    if (!status)
        status = check_parameters(&m, state, err);
    if (!status)
        status = check_layout(&m, state, err);
    if (!status)
        status = souk_manifest_get_int(&m, "epoch", 0, INT32_MAX, &progress->epoch, err);
    if (!status)
        status = souk_manifest_get_json(&m, "progress", &progress->json, err);
    if (!status)
        status = souk_manifest_get_files(&m, state->rows[0].partition->parts, files, err);
    if (!status)
        warn_of_other_build(&m);
    return status;
}
