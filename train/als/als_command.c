/* souk-train als: options, the epochs' report, and the model. */
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/progress.h"
#include "shared/math/rowsolve.h"
#include "train/als/als.h"
#include "train/als/rebalance.h"
#include "train/als/alsmodel.h"
#include "train/als/alsrequest.h"
#include "train/als/state.h"
#include "train/als/warmstart.h"
#include "train/comm/checkpointplan.h"
#include "train/comm/modelwriter.h"
#include "train/comm/trainoptions.h"
#include "train/command.h"
#include "train/track/track.h"

#include <inttypes.h>
#include <jansson.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void openblas_set_num_threads(int threads);

struct als_options {
    struct souk_options *parsed; /* owns the texts */
    struct souk_train_options train;
    struct souk_checkpoint_options checkpoint;
    struct souk_track_options tracking;
    int64_t factors, epochs, seed, cg_steps, block, threads, popularity_half_life_ms;
    int64_t chunks, ranks_per_node, memory_limit;
    int objective, solver, partition, shared_memory, wire, rating;
    const char *scratch;
    bool rebalance;
    double alpha, offset, regularization, alpha0, lambda, nu, power;
    double rating_regularization, validation_share;
    const char *init_from;
};

static souk_status check_usage(const struct als_options *o, struct souk_error *err)
{
    const bool is_explicit = o->objective == SOUK_OBJECTIVE_EXPLICIT;
    if (is_explicit && o->solver != SOUK_SOLVER_CHOLESKY)
        return souk_fail(err, SOUK_EUSAGE,
                         "--objective explicit is solved exactly: leave out --solver");
    if (is_explicit && (o->rebalance || o->memory_limit > 0))
        return souk_fail(err, SOUK_EUSAGE,
                         "--objective explicit knows neither --rebalance nor --memory-limit");
    if (!is_explicit && o->validation_share > 0)
        return souk_fail(err, SOUK_EUSAGE, "--validation-share belongs to --objective explicit");
    if (o->checkpoint.folder && strcmp(o->checkpoint.folder, o->train.out) == 0)
        return souk_fail(err, SOUK_EUSAGE, "--checkpoint and --out are the same folder");
    return SOUK_OK;
}

static souk_status parse(int argc, char **argv, bool speak, bool *done, struct als_options *o,
                         struct souk_error *err)
{
    const struct souk_option table[] = {
        SOUK_TRAIN_OPTION_ROWS(o->train),
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "factorization", false},
        {"factors", 0, SOUK_OPTION_INT, &o->factors, "64", 8, 2048, NULL, "N",
         "length of the vectors of users and items", false},
        {"epochs", 0, SOUK_OPTION_INT, &o->epochs, "15", 1, 10000, NULL, "N",
         "times that users and items are solved in turn", false},
        {"seed", 0, SOUK_OPTION_INT, &o->seed, "1", 0, 9e15, NULL, "N",
         "seed of the initial factors", false},
        {"solver", 0, SOUK_OPTION_CHOICE, &o->solver, "cholesky", 0, 0, "cholesky|cg|ialspp", NULL,
         "exact; a few steps of conjugate gradients from the last epoch's factors; exact in one "
         "block of factors after the other",
         false},
        {"cg-steps", 0, SOUK_OPTION_INT, &o->cg_steps, "3", 1, 1000, NULL, "N",
         "steps of the solver cg; rows of at most 16 pairs take 4 or more", false},
        {"block", 0, SOUK_OPTION_INT, &o->block, "64", 16, 2048, NULL, "N",
         "factors that the solver ialspp solves at once; rounded up to a multiple of 16", false},
        {"objective", 0, SOUK_OPTION_CHOICE, &o->objective, "ials", 0, 0, "ials|implicit|explicit",
         NULL,
         "ials: Rendle et al. 2021; implicit: Hu, Koren, Volinsky 2008; explicit: ratings, with "
         "biases, by Zhou et al. 2008",
         false},
        {"init-from", 0, SOUK_OPTION_TEXT, &o->init_from, NULL, 0, 0, NULL, "MODEL",
         "start from an earlier model's factors where it knows the user or the item", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "objective ials", false},
        {"alpha0", 0, SOUK_OPTION_REAL, &o->alpha0, "0", 0, 1e9, NULL, "W",
         "weight of all cells; 0: 20 * pairs / (users * items)", false},
        {"lambda", 0, SOUK_OPTION_REAL, &o->lambda, "0.007", 0, 1e9, NULL, "L",
         "regularization, scaled by the row's frequency", false},
        {"nu", 0, SOUK_OPTION_REAL, &o->nu, "1", 0, 2, NULL, "E", "exponent of that frequency",
         false},
        {"weight-power", 0, SOUK_OPTION_REAL, &o->power, "0.25", 0, 2, NULL, "E",
         "an observed pair counts weight^E; 0: 1", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "objective implicit", false},
        {"alpha", 0, SOUK_OPTION_REAL, &o->alpha, "40", 0, 1e9, NULL, "A",
         "confidence of an observed pair is offset + A * weight", false},
        {"confidence-offset", 0, SOUK_OPTION_REAL, &o->offset, "1", 0, 1e9, NULL, "C",
         "1: Hu, Koren, Volinsky's; 0: the library implicit's", false},
        {"regularization", 0, SOUK_OPTION_REAL, &o->regularization, "0.01", 0, 1e9, NULL, "R",
         "ridge of every row", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "objective explicit", false},
        {"rating", 0, SOUK_OPTION_CHOICE, &o->rating, "last", 0, 0, "last|mean", NULL,
         "which of a user's values of an item is the rating", false},
        {"rating-regularization", 0, SOUK_OPTION_REAL, &o->rating_regularization, "0.05", 1e-6, 1e9,
         NULL, "R", "ridge of a row for each of its ratings", false},
        {"validation-share", 0, SOUK_OPTION_REAL, &o->validation_share, "0", 0, .9, NULL, "SHARE",
         "hold out this share of the ratings, and print their errors by epoch", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "running", false},
        {"popularity-half-life", 0, SOUK_OPTION_DURATION, &o->popularity_half_life_ms, "7d", 0, 0,
         NULL, "DURATION|none", "of the popularity that unknown visitors are answered with", false},
        {"threads", 0, SOUK_OPTION_INT, &o->threads, "0", 0, 4096, NULL, "N",
         "OpenMP threads of a rank; 0: OMP_NUM_THREADS, else all its cores", false},
        {"shared-memory", 0, SOUK_OPTION_CHOICE, &o->shared_memory, "on", 0, 0, "off|on", NULL,
         "the ranks of a node hold factors once, and read each other's in place", false},
        {"wire", 0, SOUK_OPTION_CHOICE, &o->wire, "fp32", 0, 0, "fp32|bf16", NULL,
         "how rows travel between nodes; bf16 halves the bytes, and the model then depends on the "
         "ranks",
         false},
        {"chunks", 0, SOUK_OPTION_INT, &o->chunks, "4", 1, 64, NULL, "N",
         "pieces of an exchange between nodes; what has come is used while the rest travels",
         false},
        {"ranks-per-node", 0, SOUK_OPTION_INT, &o->ranks_per_node, "0", 0, 1e6, NULL, "N",
         "share memory among so many ranks at most; 0: all of a node", false},
        {"rebalance", 0, SOUK_OPTION_FLAG, &o->rebalance, "false", 0, 0, NULL, NULL,
         "spread rows anew by what they cost in the second epoch", false},
        {"memory-limit", 0, SOUK_OPTION_BYTES, &o->memory_limit, "0", 0, 0, NULL, "SIZE",
         "of a rank's factors, pairs and buffers; what does not fit lives in files, and rows are "
         "solved in batches; 0: none",
         false},
        {"scratch", 0, SOUK_OPTION_TEXT, &o->scratch, "/var/tmp", 0, 0, NULL, "DIR",
         "folder for those files", false},
        {"partition", 0, SOUK_OPTION_CHOICE, &o->partition, "cost", 0, 0, "cost|lopsided|idle-rank",
         NULL, "how rows are spread; all but cost are for tests", false},
        SOUK_CHECKPOINT_OPTION_ROWS(o->checkpoint),
        SOUK_TRACK_OPTION_ROWS(o->tracking),
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train als",
        .summary = "alternating least squares on implicit feedback or ratings (an MPI program)",
        .examples =
            "  mpirun -n 2 souk-train als --dataset shop.ds --out shop.model\n"
            "  mpirun -n 2 souk-train als --dataset shop.ds --factors 128 --solver cg \\\n"
            "      --objective implicit --alpha 40 --confidence-offset 0 --out shop.model\n"
            "  mpirun -n 2 souk-train als --dataset shop.ds --factors 512 --solver ialspp \\\n"
            "      --out shop.model\n"
            "  mpirun -n 2 souk-train als --dataset shop.ds --checkpoint shop.checkpoint \\\n"
            "      --resume --out shop.model\n"
            "  mpirun -n 2 souk-train als --dataset films.ds --objective explicit \\\n"
            "      --validation-share 0.1 --out films.model\n",
        .options = table,
    };
    const souk_status status =
        souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
    return status || *done ? status : check_usage(o, err);
}

static struct souk_als_parameters parameters_of(const struct als_options *o)
{
    return (struct souk_als_parameters){
        .factors = (int)o->factors,
        .epochs = (int)o->epochs,
        .cg_steps = (int)o->cg_steps,
        .block = ((int)o->block + 15) / 16 * 16,
        .seed = (uint64_t)o->seed,
        .solver = (enum souk_solver)o->solver,
        .partition = (enum souk_partition_rule)o->partition,
        .shared_memory = o->shared_memory == 1,
        .ranks_per_node = (int)o->ranks_per_node,
        .chunks = (int)o->chunks,
        .wire = (enum souk_wire)o->wire,
        .memory_limit = o->memory_limit,
        .scratch = o->scratch,
        .objective = {.kind = (enum souk_objective_kind)o->objective,
                      .alpha = o->alpha,
                      .offset = o->offset,
                      .regularization = o->regularization,
                      .alpha0 = o->alpha0,
                      .lambda = o->lambda,
                      .nu = o->nu,
                      .power = o->power,
                      .rating_regularization = o->rating_regularization},
        .validation_share = o->validation_share,
    };
}

souk_status souk_als_request_parse(int argc, char **argv, struct souk_als_request *out,
                                   struct souk_error *err)
{
    struct als_options o = {0};
    bool done = false;
    souk_status status = parse(argc, argv, false, &done, &o, err);
    if (!status && (o.objective == SOUK_OBJECTIVE_EXPLICIT || o.checkpoint.folder || o.init_from))
        status = souk_fail(err, SOUK_EUSAGE,
                           "--objective explicit, --checkpoint and --init-from are for souk-train "
                           "als alone");
    if (!status)
        *out = (struct souk_als_request){parameters_of(&o), o.popularity_half_life_ms};
    if (!status) { /* the folder's name goes with the options */
        out->parameters.memory_limit = 0;
        out->parameters.scratch = NULL;
    }
    souk_options_free(o.parsed);
    return status;
}

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
    struct souk_als_epoch report; /* of the last epoch */
    char *parameters;             /* of the model */
    char *resumable;              /* those that a resumed run must share */
    json_t *metrics;              /* one object by epoch */
    struct souk_model *earlier;   /* --init-from; NULL: none */
    const struct souk_ratings *ratings;
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
    status = souk_als_rebalance_all(&run->als, run->ratings, &r, err);
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
static souk_status describe(const struct als_options *o, struct run *run, struct souk_error *err)
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
    run->parameters = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_object_del(json, "epochs"); /* a run may be taken up again for more of them */
    run->resumable = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return run->parameters && run->resumable
               ? SOUK_OK
               : souk_fail(err, SOUK_ENOMEM, "no memory for the parameters");
}

static souk_status save_all(const struct run *run, const struct als_options *o,
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

static souk_status factorize_all(struct run *run, const struct als_options *o,
                                 const struct souk_dataset *dataset,
                                 const struct souk_ratings *ratings, struct souk_error *err)
{
    const struct souk_als_parameters parameters =
        souk_als_parameters_resolve(parameters_of(o), ratings);
    souk_status status = SOUK_OK;
    if (run->earlier)
        status = souk_warmstart_check(run->earlier, &parameters, err); /* the same on all ranks */
    if (!status)
        status = souk_als_init_all(&run->als, run->comm, ratings, &parameters, err);
    if (!status)
        status = souk_status_agree_all(run->comm, describe(o, run, err), err);
    if (status)
        return status;
    log_start(&run->als, ratings);
    run->ratings = ratings;
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
    free(run->parameters);
    free(run->resumable);
    json_decref(run->metrics);
    souk_model_free(run->earlier);
}

/* By the choices of --rating. */
static const enum souk_weighting ratings_as[] = {SOUK_WEIGHT_LAST, SOUK_WEIGHT_MEAN};

static souk_status train_all(const struct souk_comm *comm, const struct als_options *o,
                             struct souk_run *tracked, struct souk_error *err)
{
    struct run run = {.comm = comm, .tracked = tracked, .metrics = json_array()};
    struct souk_dataset *dataset = NULL;
    struct souk_ratings ratings = {0};
    struct souk_ratings_rule rule;
    souk_status status = souk_checkpoint_plan_start_all(&run.plan, comm, &o->checkpoint, err);
    if (status)
        goto out;
    status = souk_dataset_open(o->train.dataset, &dataset, err);
    if (!status)
        status = souk_train_rule(&o->train, dataset, &rule, err);
    if (!status && o->objective == SOUK_OBJECTIVE_EXPLICIT)
        rule.weighting = &ratings_as[o->rating];
    if (!status && o->init_from)
        status = souk_model_open(o->init_from, &run.earlier, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_ratings_load_all(comm, dataset, &rule, &ratings, err);
    if (!status)
        status = factorize_all(&run, o, dataset, &ratings, err);
out:
    run_fini(&run);
    souk_ratings_fini(&ratings);
    souk_dataset_free(dataset);
    return status;
}

static souk_status track_all(const struct souk_comm *comm, const struct als_options *o,
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
    struct als_options o = {0};
    bool done = false;
    souk_status status = parse(argc, argv, comm->rank == 0, &done, &o, err);
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
