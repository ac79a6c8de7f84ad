#include "train/als/warmstart.h"

#include "shared/base/memory.h"
#include "train/als/explicit.h"
#include "train/comm/blockrows.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static bool is_explicit(const struct souk_model *model)
{
    json_t *json = model->parameters_json ? json_loads(model->parameters_json, 0, NULL) : NULL;
    const char *objective = json_string_value(json_object_get(json, "objective"));
    const bool yes = objective && strcmp(objective, "explicit") == 0;
    json_decref(json);
    return yes;
}

souk_status souk_warmstart_check(const struct souk_model *model,
                                 const struct souk_als_parameters *parameters,
                                 struct souk_error *err)
{
    const bool wants_explicit = parameters->objective.kind == SOUK_OBJECTIVE_EXPLICIT;
    if (strcmp(model->kind, "als") != 0)
        return souk_fail(err, SOUK_EUSAGE, "--init-from %s: a model of kind %s, not als",
                         model->path, model->kind);
    if (is_explicit(model) != wants_explicit)
        return souk_fail(err, SOUK_EUSAGE, "--init-from %s: its objective is %sexplicit",
                         model->path, wants_explicit ? "not " : "");
    if (model->factors != souk_als_model_columns(parameters))
        return souk_fail(
            err, SOUK_EUSAGE, "--init-from %s: it has %d factors: ask for as many by --factors",
            model->path, model->factors - souk_als_model_columns(parameters) + parameters->factors);
    return SOUK_OK;
}

/* One side of one part of the ratings, and where its rows lie. */
struct target {
    const struct souk_als *als;
    enum souk_side_kind kind;
    const struct souk_idtable *ids;
    float *rows; /* [ids x stride of the side] */
};

/* Rows of the target that the model's part knows. */
static int64_t copy_known(const struct target *t, const struct souk_idtable *known,
                          const float *factors, int stride)
{
    const int own = t->als->sides[t->kind].stride;
    int64_t found = 0;
    for (int64_t row = 0; row < t->ids->count; row++) {
        const char *id = souk_idtable_get(t->ids, row);
        const int64_t at = souk_idtable_find(known, id, strlen(id));
        if (at < 0)
            continue;
        float *x = t->rows + (size_t)row * (size_t)own;
        memcpy(x, factors + (size_t)at * (size_t)stride,
               (size_t)(own < stride ? own : stride) * sizeof *x); /* zero behind the columns */
        if (t->als->explicit)
            souk_explicit_from_model(t->als, t->kind, x);
        found++;
    }
    return found;
}

/* Fill the rows of this rank's parts from one part of the model. */
static souk_status read_part(const struct souk_als *als, const struct souk_model *model, int part,
                             const struct souk_ratings *ratings, float **const rows[2],
                             struct souk_warmstart_report *report, struct souk_error *err)
{
    struct souk_model_part p;
    souk_status status =
        souk_model_read_part(model, part, SOUK_MODEL_USERS | SOUK_MODEL_ITEMS, &p, err);
    if (status)
        return status;
    for (int k = 0; k < ratings->local_count; k++) {
        const struct souk_ratings_part *r = &ratings->local[k];
        const struct target users = {als, SOUK_SIDE_USERS, &r->users,
                                     rows[SOUK_SIDE_USERS][r->part]};
        const struct target items = {als, SOUK_SIDE_ITEMS, &r->items,
                                     rows[SOUK_SIDE_ITEMS][r->part]};
        if (model->parts == ratings->parts && r->part != part)
            continue;
        report->found[SOUK_SIDE_USERS] += copy_known(&users, &p.users, p.user_factors, p.stride);
        report->found[SOUK_SIDE_ITEMS] += copy_known(&items, &p.items, p.item_factors, p.stride);
    }
    souk_model_part_fini(&p);
    return status;
}

/* With as many parts as the model, a rank needs those of its own; else ids may lie in any. */
static souk_status read_parts(const struct souk_als *als, const struct souk_model *model,
                              const struct souk_ratings *ratings, float **const rows[2],
                              struct souk_warmstart_report *report, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int part = 0; part < model->parts && !status; part++)
        if (model->parts != ratings->parts || souk_part_rank(als->comm, part) == als->comm->rank)
            status = read_part(als, model, part, ratings, rows, report, err);
    return status;
}

souk_status souk_warmstart_all(struct souk_als *als, const struct souk_model *model,
                               const struct souk_ratings *ratings,
                               struct souk_warmstart_report *report, struct souk_error *err)
{
    const struct souk_comm *comm = als->comm;
    float **rows[2] = {NULL, NULL};
    souk_status status = SOUK_OK;

    *report = (struct souk_warmstart_report){{0, 0}};
    for (int k = 0; k < 2 && !status; k++) {
        rows[k] = souk_zalloc_array((size_t)ratings->parts, sizeof *rows[k]);
        if (!rows[k])
            status = souk_fail(err, SOUK_ENOMEM, "no memory for the warm start");
    }
    status = souk_status_agree_all(comm, status, err);
    for (int k = 0; k < 2 && !status; k++)
        status = souk_blockrows_collect_all(comm, &als->sides[k].partition,
                                            souk_side_row(&als->sides[k], 0), als->sides[k].stride,
                                            rows[k], err);
    if (!status)
        status =
            souk_status_agree_all(comm, read_parts(als, model, ratings, rows, report, err), err);
    for (int k = 0; k < 2 && !status; k++)
        status =
            souk_blockrows_deal_all(comm, &als->sides[k].partition, rows[k], als->sides[k].stride,
                                    souk_side_row(&als->sides[k], 0), err);
    if (!status)
        status = souk_sum_i64_all(comm, report->found, 2, err);
    for (int k = 0; k < 2; k++) {
        souk_blockrows_free(rows[k], ratings->parts);
        free(rows[k]);
    }
    return status;
}
