/* souk-evaluate: which users, which targets, which lists, and how good they are.
 *
 *      dataset or file -> cases -> visitors (users' factors) -> ranking (lists) -> summary ->
 * report
 */
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/staging.h"
#include "train/comm/comm.h"
#include "train/evaluate/cases.h"
#include "train/evaluate/dump.h"
#include "train/evaluate/duty.h"
#include "train/evaluate/measure.h"
#include "train/evaluate/ranking.h"
#include "train/evaluate/report.h"
#include "train/evaluate/rows.h"
#include "train/evaluate/evaluateoptions.h"
#include "train/evaluate/summary.h"
#include "train/evaluate/visitors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct evaluation {
    struct souk_evaluate_settings settings;
    struct souk_dataset *dataset;
    struct souk_model *model;
    struct souk_cases cases;
    struct souk_visitors visitors;
    struct souk_ranking ranking;
    struct souk_summary summary;
};

/* Long work should not end in a path that could never be written. */
static souk_status check_outputs(const struct souk_evaluate_settings *s, struct souk_error *err)
{
    const char *const paths[] = {s->json, s->recommendations, s->targets, s->per_user};
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

static souk_status open_inputs_all(struct evaluation *e, const struct souk_comm *comm,
                                   struct souk_error *err)
{
    souk_status status = comm->rank == 0 ? check_outputs(&e->settings, err) : SOUK_OK;
    if (status == SOUK_OK)
        status = souk_dataset_open(e->settings.dataset, &e->dataset, err);
    if (status == SOUK_OK)
        status = souk_model_open(e->settings.model, &e->model, err);
    if (status == SOUK_OK)
        status = souk_evaluate_resolve(&e->settings, e->dataset, e->model, err);
    return souk_status_agree_all(comm, status, err);
}

static souk_status require_targets_all(const struct souk_cases *cases, const struct souk_comm *comm,
                                       struct souk_error *err)
{
    int64_t targets = cases->target_offsets[cases->count];
    const souk_status status = souk_sum_i64_all(comm, &targets, 1, err);
    if (status == SOUK_OK && targets == 0)
        return souk_fail(err, SOUK_ENOTFOUND, "no user has a target: there is nothing to evaluate");
    return status;
}

static souk_status collect_cases_all(struct evaluation *e, const struct souk_comm *comm,
                                     struct souk_error *err)
{
    const struct souk_question *q = &e->settings.question;
    souk_status status =
        q->protocol == SOUK_PROTOCOL_FILE
            ? souk_cases_from_file_all(comm, q->targets, e->model->parts, &e->cases, err)
            : souk_cases_from_events_all(comm, e->dataset, q, &e->cases, err);
    return status == SOUK_OK ? require_targets_all(&e->cases, comm, err) : status;
}

/* Targets of a file have no time: new to a user is what is not among the user's training items. */
static souk_status drop_touched_all(struct evaluation *e, const struct souk_comm *comm,
                                    struct souk_error *err)
{
    struct souk_cases *c = &e->cases;
    const struct souk_visitors *v = &e->visitors;
    const int64_t targets = c->target_offsets[c->count];
    bool *keep = souk_alloc_array((size_t)targets, sizeof *keep);
    souk_status status = SOUK_OK;
    if (!keep)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %lld targets", (long long)targets);
    status = souk_status_agree_all(comm, status, err);
    for (int64_t at = 0; at < c->count && status == SOUK_OK; at++) {
        const int64_t first = v->history_offsets[at], count = v->history_offsets[at + 1] - first;
        for (int64_t t = c->target_offsets[at]; t < c->target_offsets[at + 1]; t++) {
            const int64_t row = e->ranking.wanted_row[c->target[t]];
            keep[t] = row < 0 || !souk_rows_contain(v->history + first, count, row);
        }
    }
    if (status == SOUK_OK)
        souk_cases_filter_targets(c, keep);
    free(keep);
    return status == SOUK_OK ? require_targets_all(c, comm, err) : status;
}

static souk_status report_memory_all(const struct evaluation *e, const struct souk_comm *comm,
                                     struct souk_error *err)
{
    int64_t bytes =
        souk_ranking_memory(e->model, &e->cases, souk_cutoffs_largest(&e->settings.cutoffs));
    const souk_status status = souk_max_i64_all(comm, &bytes, 1, err);
    souk_log(SOUK_LOG_INFO, "memory", "mib_per_rank=%.1f", (double)bytes / 1048576);
    return status;
}

static souk_status rank_all(struct evaluation *e, const struct souk_comm *comm,
                            struct souk_error *err)
{
    const struct souk_question *q = &e->settings.question;
    souk_status status = report_memory_all(e, comm, err);
    if (status == SOUK_OK)
        status = souk_visitors_load_all(comm, e->model, &e->cases, &e->visitors, err);
    if (status == SOUK_OK)
        status = souk_ranking_make_all(comm, e->model, &e->cases, &e->visitors,
                                       souk_cutoffs_largest(&e->settings.cutoffs), q->include_seen,
                                       &e->ranking, err);
    if (status == SOUK_OK && q->discovery && q->protocol == SOUK_PROTOCOL_FILE)
        status = drop_touched_all(e, comm, err);
    return status;
}

static souk_status write_outputs_all(const struct evaluation *e, const struct souk_comm *comm,
                                     const struct souk_measure *measure, struct souk_error *err)
{
    const struct souk_evaluate_settings *s = &e->settings;
    const struct souk_set *scope = &souk_sets[s->scope];
    const char *const paths[] = {s->recommendations, s->targets, s->per_user};
    static const enum souk_dump kinds[] = {SOUK_DUMP_RECOMMENDATIONS, SOUK_DUMP_TARGETS,
                                           SOUK_DUMP_PER_USER};
    const struct souk_report report = {.model = e->model,
                                       .catalogue = &e->ranking.catalogue,
                                       .question = &s->question,
                                       .cutoffs = &s->cutoffs,
                                       .bootstrap = &s->bootstrap,
                                       .summary = &e->summary};
    souk_status status = SOUK_OK;
    for (int i = 0; i < 3 && status == SOUK_OK; i++) {
        if (paths[i])
            status = souk_dump_write_all(comm, paths[i], kinds[i], measure, scope, err);
    }
    if (status == SOUK_OK && comm->rank == 0 && s->json)
        status = souk_report_write_json(&report, s->json, err);
    if (status == SOUK_OK && comm->rank == 0)
        status = souk_report_print(&report, stdout, err);
    return souk_status_agree_all(comm, status, err);
}

static souk_status evaluate_all(struct evaluation *e, const struct souk_comm *comm,
                                struct souk_error *err)
{
    const int64_t start_us = souk_monotonic_us();
    souk_status status = open_inputs_all(e, comm, err);
    if (status == SOUK_OK)
        status = collect_cases_all(e, comm, err);
    if (status == SOUK_OK)
        status = rank_all(e, comm, err);
    if (status != SOUK_OK)
        return status;
    const struct souk_measure measure = {
        .cases = &e->cases,
        .visitors = &e->visitors,
        .ranking = &e->ranking,
        .context = {.cutoffs = &e->settings.cutoffs,
                    .training_events = e->ranking.catalogue.events,
                    .factors = e->model->factors,
                    .categories = &e->model->categories},
    };
    status = souk_summary_make_all(comm, &measure, &e->settings.bootstrap, &e->summary, err);
    if (status == SOUK_OK)
        status = write_outputs_all(e, comm, &measure, err);
    if (status == SOUK_OK)
        souk_log(SOUK_LOG_INFO, "evaluated", "users=%" PRId64 " ranks=%d seconds=%.2f",
                 e->summary.sets[SOUK_SET_ALL].users, comm->size,
                 (double)(souk_monotonic_us() - start_us) / 1e6);
    return status;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    struct evaluation e = {0};
    bool done = false;
    souk_status status = souk_comm_start(&argc, &argv, "souk-evaluate", &comm, &err);
    if (status == SOUK_OK)
        status = souk_status_agree_all(
            &comm, souk_evaluate_parse(argc, argv, comm.rank == 0, &done, &e.settings, &err), &err);
    if (status == SOUK_OK && !done)
        status = evaluate_all(&e, &comm, &err);
    souk_summary_fini(&e.summary);
    souk_ranking_fini(&e.ranking);
    souk_visitors_fini(&e.visitors);
    souk_cases_fini(&e.cases);
    souk_model_free(e.model);
    souk_dataset_free(e.dataset);
    souk_options_free(e.settings.options);
    return souk_comm_finish(&comm, status, &err);
}
