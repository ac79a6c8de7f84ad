/* souk-train all: sources, ranker and blend, from one dataset to one model. */
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/staging.h"
#include "train/comm/trainoptions.h"
#include "train/command.h"
#include "train/evaluate/evaluation.h"
#include "train/evaluate/given.h"
#include "train/linear/densecommand.h"
#include "train/track/track.h"
#include "train/twostage/calibration.h"
#include "train/twostage/labelwindow.h"
#include "train/twostage/rankertraining.h"
#include "train/twostage/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct all_options {
    struct souk_options *parsed; /* owns the texts */
    struct souk_train_options train;
    struct souk_track_options tracking;
    int64_t windows, window_ms, quota, popular_quota, neighbours, items_limit, threads;
    int64_t trees, leaves, min_data, negatives, seed;
    double lambda, rate, row_share, column_share;
    bool include_seen;
    const char *objective;
};

enum { NEWCOMER_ITEMS = 3, OBJECTIVES_MAX = 2 };

/* A model of a label window. */
struct scratch {
    char *path;
    bool is_ours; /* nobody else's: ours to replace and remove */
};

/* The latest window's stays until the calibration, the others follow each other. */
enum { LATEST, OLDER, SCRATCHES };
static const char *const suffixes[SCRATCHES] = {".latest", ".labels"};

struct job {
    const struct souk_comm *comm;
    const struct all_options *options;
    struct souk_run *run;
    struct souk_dataset *dataset;
    struct souk_ratings_rule training;
    struct souk_version_plan plan;
    struct souk_version_shape shape;
    struct souk_boosting_params boosting;
    struct souk_rankobjective objectives[OBJECTIVES_MAX];
    int objective_count;
    struct scratch scratch[SCRATCHES];
    struct souk_training_rows rows;
    struct souk_error *err;
};

static souk_status parse(int argc, char **argv, bool speak, bool *done, struct all_options *o,
                         struct souk_error *err)
{
    const struct souk_option table[] = {
        SOUK_TRAIN_OPTION_ROWS(o->train),
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "sources", false},
        {"lambda", 0, SOUK_OPTION_REAL, &o->lambda, "300", 1e-9, 1e12, NULL, "L",
         "regularization of EASE", false},
        {"items-limit", 0, SOUK_OPTION_INT, &o->items_limit, "8k", 0, 2147483647, NULL, "N",
         "items that take part in EASE, the most popular; 0: all", false},
        {"neighbours", 0, SOUK_OPTION_INT, &o->neighbours, "1000", 0, 2147483647, NULL, "N",
         "neighbours kept of each item and source; 0: all", false},
        {"candidates", 0, SOUK_OPTION_INT, &o->quota, "100", 1, SOUK_QUOTA_MAX, NULL, "N",
         "items that each source names for a user", false},
        {"include-seen", 0, SOUK_OPTION_FLAG, &o->include_seen, "false", 0, 0, NULL, NULL,
         "for lists that offer again what visitors had: they are wanted again, too", false},
        {"popular-candidates", 0, SOUK_OPTION_INT, &o->popular_quota, "50", 0, SOUK_QUOTA_MAX, NULL,
         "N", "popular items beside them", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "ranker", false},
        {"label-windows", 0, SOUK_OPTION_INT, &o->windows, "4", 1, 100, NULL, "N",
         "stretches of training whose wishes the ranker learns from", false},
        {"label-window", 0, SOUK_OPTION_DURATION, &o->window_ms, "0s", 0, 0, NULL, "DURATION",
         "length of each; 0s: a tenth of training", false},
        {"objective", 0, SOUK_OPTION_TEXT, &o->objective, "auto", 0, 0, NULL, "NAME",
         "what the trees descend, as in souk-train ranker; auto: trees of logistic and trees of "
         "lambdarank, added up",
         false},
        {"trees", 0, SOUK_OPTION_INT, &o->trees, "160", 1, 100000, NULL, "N",
         "trees of each objective at most; how many is chosen on users held out", false},
        {"leaves", 0, SOUK_OPTION_INT, &o->leaves, "15", 2, 4096, NULL, "N", "leaves of a tree",
         false},
        {"learning-rate", 0, SOUK_OPTION_REAL, &o->rate, "0.1", 1e-6, 10, NULL, "R",
         "shrinkage of each tree", false},
        {"min-data", 0, SOUK_OPTION_INT, &o->min_data, "50", 1, 1e9, NULL, "N",
         "rows of a leaf at least", false},
        {"negatives", 0, SOUK_OPTION_INT, &o->negatives, "80", 0, 1e9, NULL, "N",
         "candidates that a user did not want, to learn from; 0: all", false},
        {"column-share", 0, SOUK_OPTION_REAL, &o->column_share, ".7", .001, 1, NULL, "S",
         "features that a tree sees", false},
        {"row-share", 0, SOUK_OPTION_REAL, &o->row_share, ".7", .001, 1, NULL, "S",
         "rows that a tree sees", false},
        {"seed", 0, SOUK_OPTION_INT, &o->seed, "1", 0, 1e15, NULL, "N", "of all draws", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "running", false},
        {"threads", 0, SOUK_OPTION_INT, &o->threads, "0", 0, 4096, NULL, "N",
         "threads of a rank; 0: OMP_NUM_THREADS, else its share of the node's cores", false},
        SOUK_TRACK_OPTION_ROWS(o->tracking),
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-train all",
        .summary = "candidate sources and the ranker above them, one model (an MPI program)",
        .examples = "  mpirun -n 2 souk-train all --dataset shop.ds --out shop.model\n"
                    "  mpirun -n 16 souk-train all --dataset shop.ds --items-limit 50k \\\n"
                    "      --objective yetirank --out shop.model\n",
        .options = table,
    };
    return souk_options_parse(&program, argc, argv, speak, done, &o->parsed, err);
}

/* ---- the ranker's rows ---- */

/* @param visitors of users who come with given items, else NULL */
static souk_status add_rows_all(struct job *j, const struct souk_evaluation *asked,
                                const struct souk_visitors *visitors,
                                const struct souk_model *model, int window)
{
    const struct souk_part_source source = {.model = model};
    const struct souk_sampling sampling = {j->options->negatives, (uint64_t)j->options->seed};
    struct souk_candidates candidates = {0};
    souk_status status = souk_candidates_find_all(j->comm, &source, &asked->cases, visitors,
                                                  j->options->include_seen, &candidates, j->err);
    if (!status)
        status = souk_training_rows_add_all(&j->rows, j->comm, &source, &candidates, window,
                                            &sampling, j->err);
    souk_candidates_fini(&candidates);
    return status;
}

static souk_status make_window(struct job *j, int index, struct souk_label_window *out)
{
    return souk_label_window_make(j->dataset, &j->training, j->options->window_ms, index,
                                  j->options->include_seen, out, j->err);
}

/* Users who came in the window, with their first items given: what the ranker knows of visitors
 * with a short history comes from those who stayed, else. */
static souk_status add_newcomers_all(struct job *j, const struct souk_question *question,
                                     const struct souk_model *model, int window)
{
    const struct souk_part_source source = {.model = model};
    struct souk_evaluation asked = {.quiet = true, .question = *question};
    asked.question.protocol = SOUK_PROTOCOL_COLD_USERS;
    asked.question.cold_history = NEWCOMER_ITEMS;
    asked.question.weighing = souk_interaction_rule_default(j->dataset);
    souk_status status =
        souk_evaluation_ask_all(&asked, j->comm, j->dataset, j->dataset->parts, j->err);
    if (status == SOUK_ENOTFOUND) /* nobody came */
        return SOUK_OK;
    if (!status)
        status = souk_visitors_load_all(j->comm, &source, &asked.cases, &asked.visitors, j->err);
    if (!status)
        status = souk_given_tell_all(j->comm, &source, &asked.cases, &asked.visitors, j->err);
    if (!status)
        status = add_rows_all(j, &asked, &asked.visitors, model, window);
    souk_evaluation_fini(&asked);
    return status;
}

static souk_status learn_window_all(struct job *j, int index)
{
    struct souk_label_window window;
    struct souk_evaluation asked = {.quiet = true};
    struct souk_model *model = NULL;
    const char *path = j->scratch[index == 0 ? LATEST : OLDER].path;
    souk_status status = make_window(j, index, &window);
    if (!status)
        status = souk_version_make_all(j->comm, j->dataset, &window.rule, &j->plan, &j->shape, path,
                                       NULL, j->err);
    if (!status)
        status = souk_status_agree_all(j->comm, souk_model_open(path, &model, j->err), j->err);
    asked.question = window.question;
    if (!status)
        status = souk_evaluation_ask_all(&asked, j->comm, j->dataset, j->dataset->parts, j->err);
    if (!status)
        status = add_rows_all(j, &asked, NULL, model, index);
    if (!status && j->rows.is_temporal)
        status = add_newcomers_all(j, &window.question, model, index);
    if (!status)
        souk_log(SOUK_LOG_INFO, "labels",
                 "window=%d wanted=%" PRId64 " among_candidates=%" PRId64 " recall=%.4f", index + 1,
                 j->rows.wanted, j->rows.found,
                 (double)j->rows.found / (double)(j->rows.wanted > 0 ? j->rows.wanted : 1));
    souk_evaluation_fini(&asked);
    souk_model_free(model);
    return status;
}

/* A shop too young for all of the windows learns from those that there are. */
static souk_status learn_all(struct job *j)
{
    souk_status status = SOUK_OK;
    j->rows.is_temporal = souk_labels_are_temporal(&j->training);
    for (int w = 0; w < j->options->windows && !status; w++) {
        status = learn_window_all(j, w);
        if (w > 0 &&
            (status == SOUK_EUSAGE || status == SOUK_EFORMAT || status == SOUK_ENOTFOUND)) {
            souk_log(SOUK_LOG_WARN, "labels", "windows=%d reason=\"%s\"", w, j->err->msg);
            return SOUK_OK;
        }
    }
    return status;
}

static void tell_segment(const struct job *j, const struct souk_ranker_training *trained,
                         enum souk_segment segment)
{
    const struct souk_blend *blend = &trained->fusion.blend[segment];
    const struct souk_fusion_figures *f = &trained->fusion.figures[segment];
    char name[64];
    souk_log(SOUK_LOG_INFO, "blend",
             "segment=%s users=%" PRId64 " source=%s%s weight=%g ndcg_source=%.4f ndcg_forest=%.4f "
             "ndcg_both=%.4f",
             souk_segment_name(segment), f->groups,
             souk_stage_source_name(j->shape.sources.kind[blend->source]), blend->lifted ? "*" : "",
             (double)blend->weight, f->source, f->forest, f->both);
    snprintf(name, sizeof name, "ndcg_%s", souk_segment_name(segment));
    if (f->groups > 0)
        souk_run_metric(j->run, name, f->both, 0);
}

static souk_status train_ranker_all(struct job *j, struct souk_ranker_training *trained)
{
    struct souk_model *model = NULL;
    struct souk_stage_rules rules;
    souk_status status = souk_model_open(j->scratch[LATEST].path, &model, j->err);
    if (!status)
        status = souk_stage_rules_of(model, &rules, j->err);
    status = souk_status_agree_all(j->comm, status, j->err);
    if (!status)
        status = souk_ranker_training_all(j->comm, &j->rows, &model->stages, &rules, &j->boosting,
                                          j->objectives, j->objective_count, trained, j->err);
    souk_model_free(model);
    if (!status)
        souk_log(SOUK_LOG_INFO, "ranker", "objectives=%d trees=%d", j->objective_count,
                 trained->trees);
    for (int s = 0; s < SOUK_SEGMENTS && !status; s++)
        tell_segment(j, trained, s);
    return status;
}

static souk_status calibrate_all(struct job *j, const struct souk_ranker_training *trained,
                                 struct souk_confidence *confidence)
{
    struct souk_label_window window;
    struct souk_evaluation asked = {.quiet = true};
    struct souk_model *model = NULL;
    souk_status status = make_window(j, 0, &window);
    if (!status)
        status = souk_status_agree_all(
            j->comm, souk_model_open(j->scratch[LATEST].path, &model, j->err), j->err);
    asked.question = window.question;
    if (!status)
        status = souk_evaluation_ask_all(&asked, j->comm, j->dataset, j->dataset->parts, j->err);
    if (!status)
        status = souk_calibration_make_all(j->comm, &asked, model, &j->rows, trained,
                                           (uint64_t)j->options->seed, confidence, j->err);
    souk_evaluation_fini(&asked);
    souk_model_free(model);
    return status;
}

/* ---- the model ---- */

static souk_status find_objectives(struct job *j)
{
    static const char *const automatic[OBJECTIVES_MAX] = {"logistic", "lambdarank"};
    const bool is_automatic = strcmp(j->options->objective, "auto") == 0;
    souk_status status = SOUK_OK;
    j->objective_count = is_automatic ? OBJECTIVES_MAX : 1;
    for (int i = 0; i < j->objective_count && !status; i++)
        status = souk_rankobjective_find(is_automatic ? automatic[i] : j->options->objective,
                                         &j->objectives[i], j->err);
    return status;
}

/* The place is free, or holds what a killed run left there: a model of stages without a ranker. */
static souk_status claim_scratch(struct job *j, struct scratch *s, const char *suffix)
{
    struct souk_model *model = NULL;
    struct souk_error ignored;
    const size_t size = strlen(j->options->train.out) + strlen(suffix) + 1;
    s->path = souk_alloc_array(size, 1);
    if (!s->path)
        return souk_fail(j->err, SOUK_ENOMEM, "out of memory");
    snprintf(s->path, size, "%s%s", j->options->train.out, suffix);
    s->is_ours = access(s->path, F_OK) != 0;
    if (!s->is_ours && souk_model_open(s->path, &model, &ignored) == SOUK_OK)
        s->is_ours = model->stages.source_count > 0 && !model->stages.forest_text;
    souk_model_free(model);
    if (s->is_ours)
        return SOUK_OK;
    return souk_fail(j->err, SOUK_EEXIST,
                     "%s is in the way of the models that labels are taken with: move it, or give "
                     "another --out",
                     s->path);
}

static souk_status prepare(struct job *j)
{
    const struct all_options *o = j->options;
    souk_status status = souk_dataset_open(o->train.dataset, &j->dataset, j->err);
    if (!status)
        status = souk_train_rule(&o->train, j->dataset, &j->training, j->err);
    j->boosting = souk_boosting_defaults();
    if (!status)
        status = find_objectives(j);
    j->boosting.trees = (int)o->trees;
    j->boosting.learning_rate = o->rate;
    j->boosting.growing.leaves = (int)o->leaves;
    j->boosting.growing.split.min_rows = o->min_data;
    j->boosting.row_share = o->row_share;
    j->boosting.column_share = o->column_share;
    j->boosting.seed = (uint64_t)o->seed;
    j->plan = (struct souk_version_plan){.sources = {o->lambda, o->items_limit, o->neighbours},
                                         .quota = (int)o->quota,
                                         .popular_quota = (int)o->popular_quota,
                                         .repeat_quota = o->include_seen ? (int)o->quota : 0,
                                         .parameters_json = "{}"};
    for (int i = 0; i < SCRATCHES && !status; i++)
        status = claim_scratch(j, &j->scratch[i], suffixes[i]);
    return status ? status : souk_boosting_check(&j->boosting, j->err);
}

static souk_status save_all(struct job *j, const struct souk_ranker_training *trained,
                            struct souk_confidence *confidence)
{
    char *parameters = NULL, id[SOUK_MODEL_ID_BYTES + 1] = "";
    souk_status status = souk_status_agree_all(
        j->comm, souk_densecommand_parameters(j->options->parsed, &parameters, j->err), j->err);
    j->plan.forest_text = trained->forest_text;
    j->plan.confidence = confidence;
    memcpy(j->plan.blend, trained->fusion.blend, sizeof j->plan.blend);
    j->plan.parameters_json = parameters;
    if (!status)
        status = souk_version_make_all(j->comm, j->dataset, &j->training, &j->plan, &j->shape,
                                       j->options->train.out, id, j->err);
    if (!status) {
        souk_log(SOUK_LOG_INFO, "trained", "model=%s id=%s", j->options->train.out, id);
        souk_run_tag(j->run, "souk.model", j->options->train.out);
        souk_run_tag(j->run, "souk.model_id", id);
    }
    free(parameters);
    return status;
}

static void remove_scratch(const struct job *j)
{
    struct souk_error err = {0};
    for (int i = 0; i < SCRATCHES && j->comm->rank == 0; i++)
        if (j->scratch[i].is_ours && souk_remove_tree(j->scratch[i].path, &err) != SOUK_OK)
            souk_log(SOUK_LOG_WARN, "scratch", "reason=\"%s\"", err.msg);
}

static souk_status train_all(const struct souk_comm *comm, const struct all_options *o,
                             struct souk_run *run, struct souk_error *err)
{
    struct job j = {.comm = comm, .options = o, .run = run, .err = err};
    struct souk_ranker_training trained = {0};
    struct souk_confidence confidence = {0};
    souk_status status = souk_status_agree_all(comm, prepare(&j), err);
    if (!status)
        status = learn_all(&j);
    if (!status)
        status = train_ranker_all(&j, &trained);
    if (!status)
        status = calibrate_all(&j, &trained, &confidence);
    if (!status)
        status = save_all(&j, &trained, &confidence);
    remove_scratch(&j);
    souk_training_rows_fini(&j.rows);
    souk_dataset_free(j.dataset);
    souk_ranker_training_fini(&trained);
    souk_confidence_fini(&confidence);
    for (int i = 0; i < SCRATCHES; i++)
        free(j.scratch[i].path);
    return status;
}

static souk_status track_all(const struct souk_comm *comm, void *context, struct souk_error *err)
{
    const struct all_options *o = context;
    struct souk_tracker *tracker = NULL;
    souk_status status = souk_status_agree_all(
        comm, souk_tracker_open(&o->tracking, comm->rank, "souk-train all", &tracker, err), err);
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
    struct all_options o = {0};
    bool done = false;
    souk_status status = parse(argc, argv, comm->rank == 0, &done, &o, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status && !done)
        status = souk_densecommand_run_all(comm, o.threads, track_all, &o, err);
    souk_options_free(o.parsed);
    return status;
}

const struct souk_command souk_command_all = {
    .name = "all",
    .summary = "two stages: candidates of several sources, ordered by a ranker",
    .run = run_all,
};
