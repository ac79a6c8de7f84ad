/* souk-train als: options, the epochs' report, and the model. */
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/progress.h"
#include "shared/math/rowsolve.h"
#include "train/als/als.h"
#include "train/als/rebalance.h"
#include "train/als/alsmodel.h"
#include "train/als/alsrequest.h"
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

extern void openblas_set_num_threads(int threads);

struct als_options {
    struct souk_options *parsed; /* owns the texts */
    struct souk_train_options train;
    struct souk_track_options tracking;
    int64_t factors, epochs, seed, cg_steps, block, threads, popularity_half_life_ms;
    int64_t chunks, ranks_per_node, memory_limit;
    int objective, solver, partition, shared_memory, wire;
    const char *scratch;
    bool rebalance;
    double alpha, offset, regularization, alpha0, lambda, nu, power;
};

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
         "steps of the solver cg", false},
        {"block", 0, SOUK_OPTION_INT, &o->block, "64", 16, 2048, NULL, "N",
         "factors that the solver ialspp solves at once; rounded up to a multiple of 16", false},
        {"objective", 0, SOUK_OPTION_CHOICE, &o->objective, "ials", 0, 0, "ials|implicit", NULL,
         "ials: Rendle et al. 2021; implicit: Hu, Koren, Volinsky 2008", false},
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
        SOUK_TRACK_OPTION_ROWS(o->tracking),
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train als",
        .summary = "implicit-feedback alternating least squares (an MPI program)",
        .examples =
            "  mpirun -n 2 souk-train als --dataset shop.ds --out shop.model\n"
            "  mpirun -n 2 souk-train als --dataset shop.ds --factors 128 --solver cg \\\n"
            "      --objective implicit --alpha 40 --confidence-offset 0 --out shop.model\n"
            "  mpirun -n 2 souk-train als --dataset shop.ds --factors 512 --solver ialspp \\\n"
            "      --out shop.model\n",
        .options = table,
    };
    return souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
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
                      .power = o->power},
    };
}

souk_status souk_als_request_parse(int argc, char **argv, struct souk_als_request *out,
                                   struct souk_error *err)
{
    struct als_options o = {0};
    bool done = false;
    const souk_status status = parse(argc, argv, false, &done, &o, err);
    if (!status)
        *out = (struct souk_als_request){parameters_of(&o), o.popularity_half_life_ms};
    if (!status) { /* the folder's name goes with the options */
        out->parameters.memory_limit = 0;
        out->parameters.scratch = NULL;
    }
    souk_options_free(o.parsed);
    return status;
}

static void report_epoch(const struct souk_als_epoch *e, json_t *metrics, struct souk_run *run)
{
    souk_run_metric(run, "loss", e->loss, e->epoch);
    souk_run_metric(run, "seconds", e->seconds, e->epoch);
    json_array_append_new(metrics, json_pack("{s:i, s:f, s:f}", "epoch", e->epoch, "loss", e->loss,
                                             "seconds", e->seconds));
    const double volume = (double)e->volume_bytes, sent = (double)e->bytes_sent;
    printf("epoch %d  loss %.9g  seconds %.3f  solve %.3f  basis %.3f  wait %.3f  sent %.3f MB  "
           "volume %.3f MB  ratio %.3f\n",
           e->epoch, e->loss, e->seconds, e->solve_seconds, e->basis_seconds, e->wait_seconds,
           sent * 1e-6, volume * 1e-6, volume > 0 ? sent / volume : 0);
    fflush(stdout);
}

/* The first epoch warms up, the second is measured. */
static souk_status rebalance_all(struct souk_als *als, const struct souk_ratings *ratings,
                                 int epochs_done, struct souk_error *err)
{
    struct souk_rebalance_report r = {{0}, {0}};
    souk_status status;
    if (epochs_done == 1)
        return souk_als_measure_all(als, err);
    if (epochs_done != 2)
        return SOUK_OK;
    status = souk_als_rebalance_all(als, ratings, &r, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "rebalanced",
                 "imbalance_users=%.3f imbalance_items=%.3f before_users=%.3f before_items=%.3f",
                 r.after[0], r.after[1], r.before[0], r.before[1]);
    return status;
}

static souk_status run_epochs_all(const struct souk_comm *comm, struct souk_als *als,
                                  const struct souk_ratings *ratings, bool rebalance,
                                  json_t *metrics, struct souk_run *run, struct souk_error *err)
{
    const int epochs = als->parameters.epochs;
    struct souk_als_epoch report = {0};
    struct souk_progress progress;
    souk_status status = SOUK_OK;

    souk_progress_init(&progress, "als", epochs, "epochs", comm->rank != 0);
    for (int e = 0; e < epochs && !status; e++) {
        char note[48];
        status = souk_als_epoch_all(als, &report, err);
        if (status)
            break;
        if (comm->rank == 0)
            report_epoch(&report, metrics, run);
        snprintf(note, sizeof note, "loss %.6g", report.loss);
        souk_progress_update(&progress, e + 1, note);
        if (rebalance && e + 1 < epochs)
            status = rebalance_all(als, ratings, e + 1, err);
    }
    souk_progress_finish(&progress, report.epoch, NULL);
    return status;
}

/* The options, and what they resolved to. */
static souk_status describe(const struct als_options *o, const struct souk_als_parameters *p,
                            char **parameters, struct souk_error *err)
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
    json_object_set_new(json, "alpha0", json_real(p->objective.alpha0));
    *parameters = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return *parameters ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the parameters");
}

static souk_status save_all(const struct souk_comm *comm, const struct als_options *o,
                            const struct souk_dataset *dataset, const struct souk_ratings *ratings,
                            const struct souk_als *als, const json_t *metrics, struct souk_run *run,
                            struct souk_error *err)
{
    struct souk_als_model model = {0};
    char *parameters = NULL, *losses = json_dumps(metrics, JSON_COMPACT), id[17] = "";
    souk_status status =
        souk_status_agree_all(comm, describe(o, &als->parameters, &parameters, err), err);
    if (!status)
        status = souk_als_model_all(als, ratings, o->popularity_half_life_ms, &model, err);
    model.content.parameters_json = parameters;
    model.content.metrics_json = losses;
    if (!status)
        status = souk_model_save_all(comm, o->train.out, dataset, ratings, &model.content, id, err);
    if (!status) {
        souk_log(SOUK_LOG_INFO, "trained", "model=%s id=%s", o->train.out, id);
        souk_run_tag(run, "souk.model", o->train.out);
        souk_run_tag(run, "souk.model_id", id);
    }
    souk_als_model_fini(&model);
    free(parameters);
    free(losses);
    return status;
}

static souk_status factorize_all(const struct souk_comm *comm, const struct als_options *o,
                                 const struct souk_dataset *dataset,
                                 const struct souk_ratings *ratings, struct souk_run *run,
                                 struct souk_error *err)
{
    const struct souk_als_parameters parameters =
        souk_als_parameters_resolve(parameters_of(o), ratings);
    struct souk_als als = {0};
    json_t *metrics = json_array();
    souk_status status = souk_als_init_all(&als, comm, ratings, &parameters, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "training",
                 "pairs=%" PRId64 " users=%" PRId64 " items=%" PRId64
                 " factors=%d kernel=%s imbalance_users=%.3f imbalance_items=%.3f alpha0=%.6g",
                 ratings->pairs, als.sides[0].rows, als.sides[1].rows, parameters.factors,
                 souk_rowsolve_kernel_name(), als.sides[0].partition.imbalance,
                 als.sides[1].partition.imbalance, parameters.objective.alpha0);
    if (!status)
        status = run_epochs_all(comm, &als, ratings, o->rebalance, metrics, run, err);
    if (!status)
        status = save_all(comm, o, dataset, ratings, &als, metrics, run, err);
    souk_als_fini(&als);
    json_decref(metrics);
    return status;
}

static souk_status train_all(const struct souk_comm *comm, const struct als_options *o,
                             struct souk_run *run, struct souk_error *err)
{
    struct souk_dataset *dataset = NULL;
    struct souk_ratings ratings = {0};
    struct souk_ratings_rule rule;
    souk_status status = souk_dataset_open(o->train.dataset, &dataset, err);
    if (!status)
        status = souk_train_rule(&o->train, dataset, &rule, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_ratings_load_all(comm, dataset, &rule, &ratings, err);
    if (!status)
        status = factorize_all(comm, o, dataset, &ratings, run, err);
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
