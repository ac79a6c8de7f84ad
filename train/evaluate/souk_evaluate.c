/* souk-evaluate: which users, which targets, which lists, and how good they are.
 *
 *      dataset or file -> cases -> visitors (users' factors) -> ranking (lists) -> summary
 *      -> report; with --against once more for the other model, and the two compared
 */
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/staging.h"
#include "train/comm/comm.h"
#include "train/evaluate/dump.h"
#include "train/evaluate/evaluateoptions.h"
#include "train/evaluate/evaluation.h"
#include "train/evaluate/report.h"
#include "train/evaluate/reportpage.h"
#include "train/evaluate/stagereport.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct program {
    struct souk_evaluate_settings settings;
    struct souk_ordering by, against_by;
    struct souk_dataset *dataset;
    struct souk_model *model, *other; /* other: NULL unless --against names a model */
    char other_name[SOUK_NAME_MAX_BYTES + SOUK_MODEL_ID_BYTES + 2];
    struct souk_evaluation evaluation;
    struct souk_answer answer, other_answer;
    struct souk_against against;
};

/* Long work should not end in a path that could never be written. */
static souk_status check_outputs(const struct souk_evaluate_settings *s, struct souk_error *err)
{
    const char *const paths[] = {s->json, s->report, s->recommendations, s->targets, s->per_user};
    souk_status status = SOUK_OK;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0] && status == SOUK_OK; i++) {
        struct souk_staging staging;
        if (!paths[i])
            continue;
        status = souk_staging_begin(&staging, paths[i], false, NULL, true, err);
        souk_staging_end(&staging, true);
    }
    return status;
}

static souk_status open_other(struct program *e, struct souk_error *err)
{
    const struct souk_evaluate_settings *s = &e->settings;
    if (!s->against)
        return SOUK_OK;
    struct souk_error none;
    if (souk_ordering_find(s->against, e->model, &e->against_by, &none) == SOUK_OK) {
        snprintf(e->other_name, sizeof e->other_name, "%s", e->against_by.name);
        return SOUK_OK;
    }
    souk_status status = souk_model_open(s->against, &e->other, err);
    if (status == SOUK_OK)
        status = souk_evaluate_resolve_against(s, e->dataset, e->other, err);
    if (status == SOUK_OK)
        snprintf(e->other_name, sizeof e->other_name, "%s %s", e->other->kind, e->other->id);
    return status;
}

static souk_status open_inputs_all(struct program *e, const struct souk_comm *comm,
                                   struct souk_error *err)
{
    souk_status status = comm->rank == 0 ? check_outputs(&e->settings, err) : SOUK_OK;
    if (status == SOUK_OK)
        status = souk_dataset_open(e->settings.dataset, &e->dataset, err);
    if (status == SOUK_OK)
        status = souk_model_open(e->settings.model, &e->model, err);
    if (status == SOUK_OK)
        status = souk_evaluate_resolve(&e->settings, e->dataset, e->model, err);
    if (status == SOUK_OK)
        status = souk_ordering_find(e->settings.rank_by, e->model, &e->by, err);
    if (status == SOUK_OK)
        status = open_other(e, err);
    return souk_status_agree_all(comm, status, err);
}

/* What needs the lists. */
static souk_status write_dumps_all(const struct program *e, const struct souk_comm *comm,
                                   struct souk_error *err)
{
    const struct souk_evaluate_settings *s = &e->settings;
    const struct souk_measure measure = souk_evaluation_measure(&e->evaluation);
    const char *const paths[] = {s->recommendations, s->targets, s->per_user};
    static const enum souk_dump kinds[] = {SOUK_DUMP_RECOMMENDATIONS, SOUK_DUMP_TARGETS,
                                           SOUK_DUMP_PER_USER};
    souk_status status = SOUK_OK;
    for (int i = 0; i < 3 && status == SOUK_OK; i++) {
        if (paths[i])
            status =
                souk_dump_write_all(comm, paths[i], kinds[i], &measure, &souk_sets[s->scope], err);
    }
    return status;
}

static souk_status write_reports(const struct program *e, struct souk_error *err)
{
    const struct souk_evaluate_settings *s = &e->settings;
    struct souk_stage_extras stages;
    souk_stage_extras_fill(&e->answer, &stages);
    const struct souk_report report = {.model = e->model,
                                       .question = &s->question,
                                       .cutoffs = &s->cutoffs,
                                       .bootstrap = &s->bootstrap,
                                       .by = &e->by,
                                       .reorder = &s->reorder,
                                       .min_confidence = s->min_confidence,
                                       .answer = &e->answer,
                                       .other_name = s->against ? e->other_name : NULL,
                                       .other = s->against ? &e->other_answer : NULL,
                                       .against = s->against ? &e->against : NULL,
                                       .extras = &stages.extras};
    souk_status status = SOUK_OK;
    if (s->json)
        status = souk_report_write_json(&report, s->json, err);
    if (status == SOUK_OK && s->report)
        status = souk_report_write_page(&report, s->report, err);
    return status == SOUK_OK ? souk_report_print(&report, stdout, err) : status;
}

/* The headline, as recall_at_20. */
static void log_figures(struct souk_run *run, const struct program *e)
{
    const struct souk_set_summary *headline = &e->answer.summary.sets[SOUK_SET_HEADLINE];
    for (int c = 0; c < e->settings.cutoffs.count; c++) {
        for (int m = 0; m < SOUK_METRICS; m++) {
            char key[64];
            snprintf(key, sizeof key, "%s_at_%d", souk_metric_key((enum souk_metric)m),
                     e->settings.cutoffs.k[c]);
            souk_run_metric(run, key, headline->figures[c * SOUK_METRICS + m].mean, 0);
        }
    }
    souk_run_tag(run, "souk.model", e->settings.model);
    souk_run_tag(run, "souk.model_id", e->model->id);
}

/* The other's answer to the same question, and what the two differ by. */
static souk_status compare_all(struct program *e, const struct souk_comm *comm,
                               struct souk_error *err)
{
    const struct souk_part_source source = {.model = e->other ? e->other : e->model};
    e->evaluation.by = e->against_by;
    e->evaluation.has_stages = false;
    e->evaluation.min_confidence = 0;
    souk_status status = souk_evaluation_answer_all(&e->evaluation, comm, &source, err);
    if (status != SOUK_OK)
        return status;
    souk_evaluation_take(&e->evaluation, &e->other_answer);
    return souk_status_agree_all(comm,
                                 souk_against_make(&e->answer.summary, &e->other_answer.summary,
                                                   &e->settings.cutoffs, &e->settings.bootstrap,
                                                   &e->against, err),
                                 err);
}

static souk_status answer_all(struct program *e, const struct souk_comm *comm,
                              struct souk_error *err)
{
    const struct souk_evaluate_settings *s = &e->settings;
    const struct souk_part_source source = {.model = e->model};
    e->evaluation = (struct souk_evaluation){.question = s->question,
                                             .cutoffs = s->cutoffs,
                                             .bootstrap = s->bootstrap,
                                             .has_curves = s->has_curves,
                                             .reorder = s->reorder,
                                             .has_stages = true,
                                             .min_confidence = s->min_confidence,
                                             .by = e->by};
    souk_status status =
        souk_evaluation_ask_all(&e->evaluation, comm, e->dataset, e->model->parts, err);
    if (status == SOUK_OK)
        status = souk_evaluation_answer_all(&e->evaluation, comm, &source, err);
    if (status == SOUK_OK)
        status = write_dumps_all(e, comm, err);
    if (status == SOUK_OK) {
        souk_evaluation_take(&e->evaluation, &e->answer);
        status = s->against ? compare_all(e, comm, err) : SOUK_OK;
    }
    if (status == SOUK_OK)
        status =
            souk_status_agree_all(comm, comm->rank == 0 ? write_reports(e, err) : SOUK_OK, err);
    return status;
}

static souk_status evaluate_all(struct program *e, const struct souk_comm *comm,
                                struct souk_run *run, struct souk_error *err)
{
    const int64_t start_us = souk_monotonic_us();
    souk_status status = open_inputs_all(e, comm, err);
    if (status == SOUK_OK)
        status = answer_all(e, comm, err);
    if (status == SOUK_OK)
        log_figures(run, e);
    if (status == SOUK_OK)
        souk_log(SOUK_LOG_INFO, "evaluated", "users=%" PRId64 " ranks=%d seconds=%.2f",
                 e->answer.summary.sets[SOUK_SET_ALL].users, comm->size,
                 (double)(souk_monotonic_us() - start_us) / 1e6);
    return status;
}

static souk_status track_all(struct program *e, const struct souk_comm *comm,
                             struct souk_error *err)
{
    struct souk_tracker *tracker = NULL;
    souk_status status = souk_status_agree_all(
        comm, souk_tracker_open(&e->settings.tracking, comm->rank, "souk-evaluate", &tracker, err),
        err);
    if (status != SOUK_OK)
        return status;
    struct souk_run *run = souk_run_start(tracker, NULL, NULL);
    souk_run_params_json(run, souk_options_json(e->settings.options));
    status = evaluate_all(e, comm, run, err);
    souk_run_end(run, souk_run_status_of(status));
    souk_tracker_close(tracker);
    return status;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    struct program e = {0};
    bool done = false;
    souk_status status = souk_comm_start(&argc, &argv, "souk-evaluate", &comm, &err);
    if (status == SOUK_OK)
        status = souk_status_agree_all(
            &comm, souk_evaluate_parse(argc, argv, comm.rank == 0, &done, &e.settings, &err), &err);
    if (status == SOUK_OK && !done)
        status = track_all(&e, &comm, &err);
    souk_against_fini(&e.against);
    souk_answer_fini(&e.answer);
    souk_answer_fini(&e.other_answer);
    souk_evaluation_fini(&e.evaluation);
    souk_model_free(e.model);
    souk_model_free(e.other);
    souk_dataset_free(e.dataset);
    souk_options_free(e.settings.options);
    return souk_comm_finish(&comm, status, &err);
}
