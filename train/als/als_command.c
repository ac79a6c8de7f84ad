/* souk-train als: the epochs' report, checkpoints, and the model. */
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/progress.h"
#include "shared/math/rowsolve.h"
#include "train/als/als.h"
#include "train/als/rebalance.h"
#include "train/als/alsmodel.h"
#include "train/als/alsoptions.h"
#include "train/als/state.h"
#include "train/als/warmstart.h"
#include "train/comm/checkpointplan.h"
#include "train/comm/modelwriter.h"
#include "train/comm/trainset.h"
#include "train/command.h"

#include <inttypes.h>
#include <jansson.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void openblas_set_num_threads(int threads);

static json_t *epoch_json(const struct souk_als_epoch *e, bool is_explicit)
{
    json_t *json =
        json_pack("{s:i, s:f, s:f}", "epoch", e->epoch, "loss", e->loss, "seconds", e->seconds);
    if (is_explicit) {
        json_object_set_new(json, "rmse", json_real(e->rmse));
        json_object_set_new(json, "mae", json_real(e->mae));
    }
    if (e->validation_pairs > 0) {
        json_object_set_new(json, "validation_rmse", json_real(e->validation_rmse));
        json_object_set_new(json, "validation_mae", json_real(e->validation_mae));
    }
    return json;
}

/* Figures by epoch into the tracked run. */
static void track_epoch(const struct souk_als_epoch *e, bool is_explicit, struct souk_run *tracked)
{
    souk_run_metric(tracked, "loss", e->loss, e->epoch);
    souk_run_metric(tracked, "seconds", e->seconds, e->epoch);
    if (is_explicit) {
        souk_run_metric(tracked, "rmse", e->rmse, e->epoch);
        souk_run_metric(tracked, "mae", e->mae, e->epoch);
    }
    if (e->validation_pairs > 0) {
        souk_run_metric(tracked, "validation_rmse", e->validation_rmse, e->epoch);
        souk_run_metric(tracked, "validation_mae", e->validation_mae, e->epoch);
    }
}

static void report_epoch(const struct souk_als_epoch *e, bool is_explicit, json_t *metrics)
{
    const double volume = (double)e->volume_bytes, sent = (double)e->bytes_sent;
    json_array_append_new(metrics, epoch_json(e, is_explicit));
    printf("epoch %d  loss %.9g", e->epoch, e->loss);
    if (is_explicit)
        printf("  rmse %.6f  mae %.6f", e->rmse, e->mae);
    if (e->validation_pairs > 0)
        printf("  validation_rmse %.6f  validation_mae %.6f", e->validation_rmse,
               e->validation_mae);
    printf("  seconds %.3f  solve %.3f  basis %.3f  wait %.3f  sent %.3f MB  volume %.3f MB  "
           "ratio %.3f\n",
           e->seconds, e->solve_seconds, e->basis_seconds, e->wait_seconds, sent * 1e-6,
           volume * 1e-6, volume > 0 ? sent / volume : 0);
    fflush(stdout);
}

/* A run of epochs, and what it needs to be saved and taken up again. */
struct run {
    const struct souk_comm *comm;
    struct souk_run *tracked; /* NULL: nowhere */
    struct souk_als als;
    struct souk_als_state state;
    struct souk_checkpoint_plan plan;
    struct souk_als_epoch report;        /* of the last epoch */
    char *parameters;                    /* of the model */
    char *resumable;                     /* those that a resumed run must share */
    json_t *metrics;                     /* one object by epoch */
    struct souk_model *earlier;          /* --init-from; NULL: none */
    struct souk_pairweight_view weighed; /* what the epochs see of the ratings */
    uint64_t dataset_digest;
    bool rebalance;
    int resumed_at; /* epochs that were there when this run began */
};

/* Save where it is time to. Losses so far travel with the state. */
static souk_status step_all(struct run *run, struct souk_error *err)
{
    struct souk_checkpoint_progress progress = {.epoch = run->report.epoch};
    if (!run->plan.options.folder)
        return SOUK_OK;
    progress.json = json_dumps(run->metrics, JSON_COMPACT);
    souk_status status = progress.json ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory");
    status = souk_status_agree_all(run->comm, status, err);
    if (!status)
        status = souk_checkpoint_plan_step_all(&run->plan, &run->state.checkpoint, &progress, err);
    free(progress.json);
    return status;
}

/* Point the state at the sides as they lie. */
static void describe_state(struct run *run)
{
    souk_als_state_init(&run->state, &run->als, run->dataset_digest, run->resumable);
}

/* The first epoch of this run warms up, the second is measured. The sides move, and the state with
 * them. */
static souk_status rebalance_all(struct run *run, struct souk_error *err)
{
    struct souk_rebalance_report r = {{0}, {0}};
    const int epochs = run->report.epoch - run->resumed_at;
    souk_status status;
    if (epochs == 1)
        return souk_als_measure_all(&run->als, err);
    if (epochs != 2)
        return SOUK_OK;
    status = souk_als_rebalance_all(&run->als, &run->weighed.ratings, &r, err);
    if (status)
        return status;
    describe_state(run);
    souk_log(SOUK_LOG_INFO, "rebalanced",
             "imbalance_users=%.3f imbalance_items=%.3f before_users=%.3f before_items=%.3f",
             r.after[0], r.after[1], r.before[0], r.before[1]);
    return SOUK_OK;
}

static souk_status run_epochs_all(struct run *run, struct souk_error *err)
{
    const int epochs = run->als.parameters.epochs;
    struct souk_als_epoch *report = &run->report;
    struct souk_progress bar;
    souk_status status = SOUK_OK;

    run->resumed_at = report->epoch;
    souk_progress_init(&bar, "als", epochs, "epochs", run->comm->rank != 0);
    while (report->epoch < epochs && !status) {
        char note[48];
        status = souk_als_epoch_all(&run->als, report, err);
        if (status)
            break;
        if (run->comm->rank == 0) {
            report_epoch(report, run->als.explicit != NULL, run->metrics);
            track_epoch(report, run->als.explicit != NULL, run->tracked);
        }
        snprintf(note, sizeof note, "loss %.6g", report->loss);
        souk_progress_update(&bar, report->epoch, note);
        if (run->rebalance && report->epoch < epochs)
            status = rebalance_all(run, err);
        if (!status)
            status = step_all(run, err);
    }
    souk_progress_finish(&bar, report->epoch, NULL);
    return status;
}

/* Where --resume finds a checkpoint, go on from its epoch. */
static souk_status restore_all(struct run *run, struct souk_error *err)
{
    struct souk_checkpoint_progress progress;
    souk_status status =
        souk_checkpoint_plan_restore_all(&run->plan, &run->state.checkpoint, &progress, err);
    if (!status && progress.epoch > run->als.parameters.epochs)
        status = souk_fail(err, SOUK_EUSAGE, "the checkpoint is of epoch %lld, behind --epochs %d",
                           (long long)progress.epoch, run->als.parameters.epochs);
    if (!status && progress.epoch > 0) {
        run->report.epoch = (int)progress.epoch;
        json_decref(run->metrics);
        run->metrics = json_loads(progress.json ? progress.json : "[]", 0, NULL);
        if (!json_is_array(run->metrics))
            status = souk_fail(err, SOUK_EFORMAT, "%s: its losses are no list",
                               run->plan.options.folder);
    }
    free(progress.json);
    status = souk_status_agree_all(run->comm, status, err);
    return status || run->report.epoch == 0 ? status : souk_als_refresh_all(&run->als, err);
}

/* The options, and what they resolved to. */
static souk_status describe(const struct souk_als_options *o, struct run *run,
                            struct souk_error *err)
{
    char *given = NULL;
    souk_status status = souk_train_parameters(o->parsed, &given, err);
    json_t *json = given ? json_loads(given, 0, NULL) : NULL;
    free(given);
    if (status)
        return status;
    json_object_del(json, "partition");
    json_object_del(json, "threads");
    json_object_del(json, "shared-memory");
    json_object_del(json, "chunks");
    json_object_del(json, "ranks-per-node");
    json_object_del(json, "memory-limit");
    json_object_del(json, "scratch");
    json_object_del(json, "rebalance");
    if (run->earlier)
        json_object_set_new(json, "init-from",
                            json_string(run->earlier->id)); /* wherever it lies */
    json_object_set_new(json, "alpha0", json_real(run->als.parameters.objective.alpha0));
    if (o->half_life_ms > 0) { /* what fold-in needs as well (shared/score/recency.h) */
        const struct souk_recency *recency = &run->weighed.recency;
        json_object_set_new(json, "recency-newest-ms", json_integer(recency->newest_ms));
        json_object_set_new(json, "recency-mean", json_real(recency->mean));
    }
    run->parameters = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_object_del(json, "epochs"); /* a run may be taken up again for more of them */
    run->resumable = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return run->parameters && run->resumable
               ? SOUK_OK
               : souk_fail(err, SOUK_ENOMEM, "no memory for the parameters");
}

static souk_status save_all(const struct run *run, const struct souk_als_options *o,
                            const struct souk_dataset *dataset, const struct souk_ratings *ratings,
                            struct souk_error *err)
{
    struct souk_als_model model;
    char *losses = json_dumps(run->metrics, JSON_COMPACT), id[17] = "";
    souk_status status =
        souk_als_model_all(&run->als, ratings, o->popularity_half_life_ms, &model, err);
    model.content.parameters_json = run->parameters;
    model.content.metrics_json = losses;
    if (!status)
        status =
            souk_model_save_all(run->comm, o->train.out, dataset, ratings, &model.content, id, err);
    if (!status) {
        souk_log(SOUK_LOG_INFO, "trained", "model=%s id=%s", o->train.out, id);
        souk_run_tag(run->tracked, "souk.model", o->train.out);
        souk_run_tag(run->tracked, "souk.model_id", id);
    }
    souk_als_model_fini(&model);
    free(losses);
    return status;
}

static souk_status start_from_all(struct run *run, const struct souk_ratings *ratings,
                                  struct souk_error *err)
{
    struct souk_warmstart_report report;
    souk_status status = souk_warmstart_all(&run->als, run->earlier, ratings, &report, err);
    if (!status)
        status = souk_als_refresh_all(&run->als, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "warm_start",
                 "model=%s users=%" PRId64 " of=%" PRId64 " items=%" PRId64 " of=%" PRId64,
                 run->earlier->id, report.found[0], run->als.sides[0].rows, report.found[1],
                 run->als.sides[1].rows);
    return status;
}

static void log_start(const struct souk_als *als, const struct souk_ratings *ratings)
{
    souk_log(SOUK_LOG_INFO, "training",
             "pairs=%" PRId64 " users=%" PRId64 " items=%" PRId64
             " factors=%d kernel=%s imbalance_users=%.3f imbalance_items=%.3f alpha0=%.6g",
             ratings->pairs, als->sides[0].rows, als->sides[1].rows, als->parameters.factors,
             souk_rowsolve_kernel_name(), als->sides[0].partition.imbalance,
             als->sides[1].partition.imbalance, als->parameters.objective.alpha0);
}

static souk_status factorize_all(struct run *run, const struct souk_als_options *o,
                                 const struct souk_dataset *dataset,
                                 const struct souk_ratings *ratings, struct souk_error *err)
{
    const struct souk_als_parameters parameters =
        souk_als_parameters_resolve(souk_als_options_parameters(o), ratings);
    const struct souk_pairweight_rule rule = souk_als_options_pairweight(o);
    souk_status status = SOUK_OK;
    if (run->earlier)
        status = souk_warmstart_check(run->earlier, &parameters, err); /* the same on all ranks */
    if (!status)
        status = souk_pairweight_view_all(run->comm, ratings, &rule, &run->weighed, err);
    if (!status)
        status = souk_als_init_all(&run->als, run->comm, &run->weighed.ratings, &parameters, err);
    if (!status)
        status = souk_status_agree_all(run->comm, describe(o, run, err), err);
    if (status)
        return status;
    log_start(&run->als, ratings);
    run->dataset_digest = dataset->digest;
    run->rebalance = o->rebalance;
    describe_state(run);
    status = restore_all(run, err);
    if (!status && run->earlier && run->report.epoch == 0)
        status = start_from_all(run, ratings, err);
    if (!status)
        status = run_epochs_all(run, err);
    if (status)
        return status;
    souk_checkpoint_plan_finish(&run->plan);
    return save_all(run, o, dataset, ratings, err);
}

static void run_fini(struct run *run)
{
    if (run->als.comm) /* else it was never begun */
        souk_als_fini(&run->als);
    souk_pairweight_fini(&run->weighed);
    free(run->parameters);
    free(run->resumable);
    json_decref(run->metrics);
    souk_model_free(run->earlier);
}

/* By the choices of --rating. */
static const enum souk_weighting ratings_as[] = {SOUK_WEIGHT_LAST, SOUK_WEIGHT_MEAN};

static souk_status train_all(const struct souk_comm *comm, const struct souk_als_options *o,
                             struct souk_run *tracked, struct souk_error *err)
{
    struct run run = {.comm = comm, .tracked = tracked, .metrics = json_array()};
    struct souk_trainset set = {0};
    souk_status status = souk_checkpoint_plan_start_all(&run.plan, comm, &o->checkpoint, err);
    if (!status && o->init_from)
        status = souk_status_agree_all(comm, souk_model_open(o->init_from, &run.earlier, err), err);
    if (!status)
        status = souk_trainset_load_all(
            comm, &o->train,
            o->objective == SOUK_OBJECTIVE_EXPLICIT ? &ratings_as[o->rating] : NULL, &set, err);
    if (!status)
        status = factorize_all(&run, o, set.dataset, &set.ratings, err);
    run_fini(&run);
    souk_trainset_fini(&set);
    return status;
}

static souk_status track_all(const struct souk_comm *comm, const struct souk_als_options *o,
                             struct souk_error *err)
{
    struct souk_tracker *tracker = NULL;
    souk_status status = souk_status_agree_all(
        comm, souk_tracker_open(&o->tracking, comm->rank, "souk-train als", &tracker, err), err);
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
    struct souk_als_options o = {0};
    bool done = false;
    souk_status status = souk_als_options_parse(argc, argv, comm->rank == 0, &done, &o, err);
    status = souk_status_agree_all(comm, status, err);
    openblas_set_num_threads(1); /* blocks run side by side in our own threads */
#ifdef _OPENMP
    if (o.threads > 0)
        omp_set_num_threads((int)o.threads);
#endif
    if (!status && !done)
        status = track_all(comm, &o, err);
    souk_options_free(o.parsed);
    return status;
}

const struct souk_command souk_command_als = {
    .name = "als",
    .summary = "implicit-feedback alternating least squares",
    .run = run_all,
};
