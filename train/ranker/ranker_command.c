/* souk-train ranker: boosted trees from query groups in a text file, to a model in LightGBM's text
 * format. */
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/score/foresttext.h"
#include "train/command.h"
#include "train/ranker/importance.h"
#include "train/ranker/rankeroptions.h"
#include "train/ranker/rankfile.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct rows {
    struct souk_rankdata train, valid;
    double read_seconds;
};

static souk_status read_all(const struct souk_comm *comm, const struct souk_ranker_options *o,
                            struct rows *rows, struct souk_error *err)
{
    const int64_t start_us = souk_monotonic_us();
    souk_status status = souk_rankfile_read_all(comm, o->train, &o->file, NULL, &rows->train, err);
    if (status == SOUK_OK && o->valid)
        status = souk_rankfile_read_all(comm, o->valid, &o->file, &rows->train, &rows->valid, err);
    rows->read_seconds = (double)(souk_monotonic_us() - start_us) / 1e6;
    return status;
}

/* One line of results on stdout, for people and scripts. */
static void print_report(const struct souk_ranker_options *o, const struct rows *rows,
                         const struct souk_boosting_report *r)
{
    printf("read %.2f s, bins %.2f s, %d trees %.2f s", rows->read_seconds, r->bin_seconds,
           r->best_tree, r->train_seconds);
    if (!isnan(r->valid_metric))
        printf(", %s %.6f", r->metric, r->valid_metric);
    printf("; model %s\n", o->out);
}

static souk_status write_model(const struct souk_comm *comm, const char *path,
                               const struct souk_forest *forest, struct souk_error *err)
{
    return souk_status_agree_all(
        comm, comm->rank == 0 ? souk_forest_write(forest, path, err) : SOUK_OK, err);
}

/* What each feature is worth, on stdout. */
static souk_status print_importance_all(const struct souk_comm *comm,
                                        const struct souk_ranker_options *o,
                                        const struct souk_forest *forest,
                                        struct souk_rankdata *valid, struct souk_error *err)
{
    const struct souk_importance_options options = {
        .k = o->params.ndcg_at, .repeats = (int)o->permutations, .seed = o->params.seed};
    struct souk_rankdata_totals totals;
    double *drop = NULL, metric;
    souk_status status = SOUK_OK;
    if (o->permutations > 0) {
        drop = souk_alloc_array((size_t)forest->features, sizeof *drop);
        status = drop ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for importances");
        status = souk_status_agree_all(comm, status, err);
        if (status == SOUK_OK)
            status = souk_rankdata_totals_all(comm, valid, o->valid, &totals, err);
        if (status == SOUK_OK)
            status = souk_importance_all(comm, forest, valid, &totals, &o->params.objective,
                                         &options, &metric, drop, err);
    }
    if (status == SOUK_OK && comm->rank == 0)
        status = souk_importance_print(stdout, forest, drop, err);
    free(drop);
    return souk_status_agree_all(comm, status, err);
}

static souk_status train_all(const struct souk_comm *comm, const struct souk_ranker_options *o,
                             struct souk_run *run, struct souk_error *err)
{
    struct rows rows = {0};
    struct souk_forest forest = {0};
    struct souk_boosting_report report;
    souk_status status = read_all(comm, o, &rows, err);
    if (status == SOUK_OK)
        status = souk_ranker_train_all(comm, &rows.train, o->valid ? &rows.valid : NULL, &o->params,
                                       &forest, &report, err);
    if (status == SOUK_OK)
        status = write_model(comm, o->out, &forest, err);
    if (status == SOUK_OK && comm->rank == 0)
        print_report(o, &rows, &report);
    if (status == SOUK_OK && (o->importance || o->permutations > 0))
        status = print_importance_all(comm, o, &forest, &rows.valid, err);
    if (status == SOUK_OK) {
        souk_log(SOUK_LOG_INFO, "trained",
                 "model=%s trees=%d features=%d columns=%" PRId64 " bins=%" PRId64, o->out,
                 forest.trees, forest.features, report.columns, report.bins);
        souk_run_metric(run, "seconds", report.train_seconds, forest.trees);
        if (!isnan(report.valid_metric))
            souk_run_metric(run, "valid", report.valid_metric, forest.trees);
        souk_run_tag(run, "souk.model", o->out);
    }
    souk_forest_fini(&forest);
    souk_rankdata_fini(&rows.train);
    souk_rankdata_fini(&rows.valid);
    return status;
}

static souk_status track_all(const struct souk_comm *comm, const struct souk_ranker_options *o,
                             struct souk_error *err)
{
    struct souk_tracker *tracker = NULL;
    souk_status status = souk_status_agree_all(
        comm, souk_tracker_open(&o->tracking, comm->rank, "souk-train ranker", &tracker, err), err);
    if (status)
        return status;
    struct souk_run *run = souk_run_start(tracker, NULL, NULL);
    souk_run_params_json(run, souk_options_json(o->parsed));
    status = train_all(comm, o, run, err);
    souk_run_end(run, souk_run_status_of(status));
    souk_tracker_close(tracker);
    return status;
}

static souk_status run_all(struct souk_comm *comm, int argc, char **argv, struct souk_error *err)
{
    struct souk_ranker_options o = {0};
    bool done = false;
    souk_status status = souk_status_agree_all(
        comm, souk_ranker_options_parse(argc, argv, comm->rank == 0, &done, &o, err), err);
    if (status == SOUK_OK && !done)
        status = track_all(comm, &o, err);
    souk_options_free(o.parsed);
    return status;
}

const struct souk_command souk_command_ranker = {
    .name = "ranker",
    .summary = "gradient-boosted trees over query groups of a text file",
    .run = run_all,
};
