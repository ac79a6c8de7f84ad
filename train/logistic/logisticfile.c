#include "train/logistic/logisticfile.h"

#include "shared/base/staging.h"

#include <jansson.h>
#include <stdio.h>

static json_t *describe_column(const struct souk_logistic_column *c, char *const *names)
{
    char unnamed[32];
    snprintf(unnamed, sizeof unnamed, "Column_%d", c->feature);
    return json_pack("{s:s, s:b, s:f, s:f, s:f}", "feature", names ? names[c->feature] : unnamed,
                     "indicator", c->indicator, "mean", c->mean, "deviation", c->deviation,
                     "weight", c->weight);
}

/* @return NULL when memory is out, or a number is not finite */
static json_t *describe(const struct souk_logistic *model, const struct souk_logistic_note *note)
{
    json_t *columns = json_array(), *root;
    json_t *parameters = json_loads(note->parameters_json, 0, NULL);
    static const char *const places[] = {"train", "valid", "out"};
    int failed = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        json_object_del(parameters, places[i]); /* the file does not depend on where files are */
    for (int j = 0; j < model->columns; j++)
        failed |=
            json_array_append_new(columns, describe_column(&model->column[j], note->feature_name));
    root = json_pack("{s:s, s:I, s:f, s:o, s:I, s:f, s:f, s:i, s:i, s:b, s:o}", "kind", "logistic",
                     "schema_version", (json_int_t)1, "intercept", model->intercept, "columns",
                     columns, "rows", (json_int_t)note->rows, "loss", note->result->value, "slope",
                     note->result->slope, "iterations", note->result->iterations, "evaluations",
                     note->result->evaluations, "converged", note->result->converged, "parameters",
                     parameters);
    if (!failed)
        return root;
    json_decref(root);
    return NULL;
}

souk_status souk_logisticfile_write(const char *path, const struct souk_logistic *model,
                                    const struct souk_logistic_note *note, struct souk_error *err)
{
    struct souk_staging staging = {0};
    FILE *f = NULL;
    json_t *root = describe(model, note);
    souk_status status = SOUK_OK;
    if (!root) {
        status =
            souk_fail(err, SOUK_ENUMERIC, "%s: a weight is not finite, or memory is out", path);
        goto out;
    }
    status = souk_staging_begin(&staging, path, false, NULL, true, err);
    if (status != SOUK_OK)
        goto out;
    souk_staging_guard(&staging);
    f = fopen(staging.partial, "w");
    if (!f) {
        status = souk_fail_errno(err, "cannot create %s", staging.partial);
        goto out;
    }
    const int failed = json_dumpf(root, f, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    if (failed || fputc('\n', f) == EOF || fflush(f) != 0)
        status = souk_fail_errno(err, "cannot write %s", path);
    else
        status = souk_staging_commit(&staging, err);
out:
    if (f)
        fclose(f);
    souk_staging_end(&staging, true);
    json_decref(root);
    return status;
}
