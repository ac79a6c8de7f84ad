/* souk-tune: what to search, who trains, and what is said of it.
 *
 *      options, dataset -> validation windows -> space -> search -> best.ini, table, JSON, runs
 */
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/progress.h"
#include "shared/base/staging.h"
#include "train/tune/outcome.h"
#include "train/tune/tunable.h"

#include <inttypes.h>
#include <math.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void openblas_set_num_threads(int threads);

/* Rank 0's account of the search. */
struct account {
    struct souk_tracker *tracker;
    struct souk_run *run;
    struct souk_run **trials; /* [trials], NULL: not begun */
    const char *objective;
    char metric[64]; /* the objective as a key: ndcg_at_10 */
    int value_count;
    int64_t results;
    double best;
    struct souk_progress progress;
};

struct program {
    struct souk_tune_options options;
    struct souk_comm world, ranks; /* ranks: those that train a trial together */
    int group, groups;
    struct souk_dataset *dataset;
    struct souk_validation validation;
    struct souk_space space;
    struct souk_sampler sampler;
    struct souk_halving halving;
    struct souk_journal *journal;
    struct souk_search search;
    struct account account;
};

/* Ranks left over help the last group. */
static souk_status form_groups_all(struct program *p, struct souk_error *err)
{
    const int64_t wanted = p->options.ranks_per_trial;
    const int per_trial = wanted < p->world.size ? (int)wanted : p->world.size;
    p->groups = p->world.size / per_trial;
    p->group = p->world.rank / per_trial;
    p->group = p->group < p->groups ? p->group : p->groups - 1;
    return souk_comm_split_all(&p->world, p->group, &p->ranks, err);
}

/* Long work should not end in a path that could never be written. */
static souk_status check_outputs(const struct souk_tune_options *o, struct souk_error *err)
{
    const char *const paths[] = {o->train.out, o->json};
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

static souk_status open_data_all(struct program *p, struct souk_error *err)
{
    struct souk_validation_rule rule = {.length_ms = p->options.validation_ms,
                                        .windows = (int)p->options.windows,
                                        .seeds = (int)p->options.model_seeds,
                                        .goal = p->options.goal};
    souk_status status = p->world.rank == 0 ? check_outputs(&p->options, err) : SOUK_OK;
    if (status == SOUK_OK)
        status = souk_dataset_open(p->options.train.dataset, &p->dataset, err);
    if (status == SOUK_OK)
        status = souk_train_rule(&p->options.train, p->dataset, &rule.ratings, err);
    rule.ratings.item_columns = NULL; /* its models answer nobody */
    status = souk_status_agree_all(&p->world, status, err);
    if (status == SOUK_OK)
        status = souk_validation_init_all(&p->validation, &p->ranks, p->dataset, &rule, err);
    return souk_status_agree_all(&p->world, status, err);
}

/* Both ends and the middle of every range, so that a wrong option is found out at once. */
static souk_status check_space(const struct program *p, int *epochs, struct souk_error *err)
{
    static const double corners[] = {0, 1, .5};
    double point[SOUK_DIMENSIONS_MAX];
    souk_status status = SOUK_OK;
    for (size_t i = 0; i < sizeof corners / sizeof corners[0] && status == SOUK_OK; i++) {
        struct souk_assignment a;
        struct souk_assignment_line line;
        for (int d = 0; d < p->space.count; d++)
            point[d] = corners[i];
        souk_assignment_make(&a, &p->space, point);
        souk_assignment_line(&a, -1, &line);
        status = souk_tunables[p->options.model]->check(line.argc, line.argv, epochs, err);
    }
    return status == SOUK_OK ? SOUK_OK : souk_error_prefix(err, status, "--space");
}

static souk_status lay_out_search(struct program *p, struct souk_error *err)
{
    const struct souk_tune_options *o = &p->options;
    char text[512];
    int epochs = 0;
    const struct souk_validation_window *last = &p->validation.windows[0];
    const int64_t from_ms = last->training.from_ms > p->dataset->first_ms ? last->training.from_ms
                                                                          : p->dataset->first_ms;
    souk_tunables[o->model]->write_space(&last->ratings, last->training.until_ms - from_ms,
                                         !o->halving, text, sizeof text);
    souk_status status = souk_space_parse(o->space ? o->space : text, &p->space, err);
    if (status != SOUK_OK)
        return status;
    const struct souk_dimension *searched = souk_space_find(&p->space, "epochs");
    if (o->halving && searched && !souk_dimension_is_constant(searched))
        return souk_fail(err, SOUK_EUSAGE,
                         "--halving decides on the epochs: give --space one number of them");
    if (souk_space_find(&p->space, "seed"))
        return souk_fail(err, SOUK_EUSAGE, "--space: the seed is not searched: see --model-seeds");
    status = check_space(p, &epochs, err);
    if (status == SOUK_OK)
        status = souk_halving_init(&p->halving, o->halving, (int)o->min_epochs, epochs, (int)o->eta,
                                   err);
    if (status == SOUK_OK)
        status = souk_sampler_init(&p->sampler, (enum souk_sampler_kind)o->sampler, &p->space,
                                   (uint64_t)o->seed, o->trials, err);
    return status;
}

static json_t *space_json(const struct souk_space *s)
{
    json_t *all = json_object();
    for (int d = 0; d < s->count; d++) {
        const struct souk_dimension *dimension = &s->dimensions[d];
        json_t *choices = json_array();
        for (int c = 0; c < dimension->choice_count; c++)
            json_array_append_new(choices, json_string(dimension->choices[c]));
        json_object_set_new(all, dimension->name,
                            json_pack("[i, b, f, f, s, o]", (int)dimension->scale, dimension->whole,
                                      dimension->low, dimension->high, dimension->unit, choices));
    }
    return all;
}

/* What decides on the trials and their values: a journal goes on only where it is the same. */
static json_t *fingerprint(const struct program *p)
{
    const struct souk_tune_options *o = &p->options;
    char digest[17];
    json_t *windows = json_array(), *rungs = json_array();
    snprintf(digest, sizeof digest, "%016" PRIx64, p->dataset->digest);
    for (int w = 0; w < p->validation.count; w++)
        json_array_append_new(
            windows, json_pack("[I, I, I]", (json_int_t)p->validation.windows[w].training.from_ms,
                               (json_int_t)p->validation.windows[w].training.until_ms,
                               (json_int_t)p->validation.windows[w].until_ms));
    for (int r = 0; r < p->halving.rungs; r++)
        json_array_append_new(rungs, json_integer(p->halving.epochs[r]));
    json_t *all = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:s, s:b, s:i, s:i, s:I, s:I, s:i, s:s, s:I, s:I}", "model",
        souk_tunables[o->model]->name, "dataset", digest, "windows", windows, "space",
        space_json(&p->space), "rungs", rungs, "objective", o->objective, "discovery",
        o->goal.discovery, "model-seeds", p->validation.seeds, "sampler", o->sampler, "seed",
        (json_int_t)o->seed, "batch", (json_int_t)o->batch, "eta", p->halving.eta, "event-weights",
        o->train.event_weights ? o->train.event_weights : "", "min-user-items",
        (json_int_t)o->train.min_user_items, "min-item-users", (json_int_t)o->train.min_item_users);
    if (o->sampler == SOUK_SAMPLER_GRID) /* lays the grid */
        json_object_set_new(all, "trials", json_integer(o->trials));
    return all;
}

static souk_status open_journal(struct program *p, struct souk_error *err)
{
    const struct souk_tune_options *o = &p->options;
    char *path = NULL;
    json_t *search = fingerprint(p);
    souk_status status = SOUK_OK;
    if (!search || asprintf(&path, "%s%s", o->journal ? o->journal : o->train.out,
                            o->journal ? "" : ".journal") < 0)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the journal");
    if (status == SOUK_OK)
        status = souk_journal_open(path, o->resume, search, &p->journal, err);
    if (status == SOUK_OK && souk_journal_count(p->journal) > 0)
        souk_log(SOUK_LOG_INFO, "resuming", "journal=%s results=%" PRId64, path,
                 souk_journal_count(p->journal));
    json_decref(search);
    free(path);
    return status;
}

static void track_result(struct account *a, const struct souk_result *r,
                         const struct souk_assignment *assignment)
{
    char name[32];
    double sum = 0;
    if (!a->trials || r->is_from_disk)
        return;
    if (!a->trials[r->trial]) {
        snprintf(name, sizeof name, "trial-%04" PRId64, r->trial);
        a->trials[r->trial] = souk_run_start(a->tracker, name, a->run);
        for (int d = 0; d < assignment->space->count; d++)
            souk_run_param(a->trials[r->trial], assignment->space->dimensions[d].name,
                           assignment->text[d]);
    }
    struct souk_run *run = a->trials[r->trial];
    for (int i = 0; i < a->value_count; i++)
        sum += r->values[i];
    if (r->failed)
        souk_run_tag(run, "souk.failed", r->reason);
    else
        souk_run_metric(run, a->metric, sum / a->value_count, r->epochs);
    souk_run_metric(run, "seconds", r->seconds, r->epochs);
}

static void take_result(void *context, const struct souk_result *r,
                        const struct souk_assignment *assignment)
{
    struct account *a = context;
    char note[64];
    double sum = 0;
    if (a->results == 0) /* training has said once how much memory it takes */
        souk_log_setup("souk-tune", 0, SOUK_LOG_WARN);
    for (int i = 0; i < a->value_count; i++)
        sum += r->values[i];
    if (!r->failed && !(sum / a->value_count <= a->best))
        a->best = sum / a->value_count;
    track_result(a, r, assignment);
    snprintf(note, sizeof note, "best %s %.5f", a->objective, a->best);
    souk_progress_update(&a->progress, ++a->results, note);
}

static souk_status open_account(struct program *p, struct souk_error *err)
{
    struct account *a = &p->account;
    const struct souk_goal *goal = &p->options.goal;
    const int64_t trials = souk_sampler_trials(&p->sampler);
    a->objective = p->options.objective;
    a->value_count = souk_validation_values(&p->validation);
    a->best = NAN;
    snprintf(a->metric, sizeof a->metric, "%s_at_%d", souk_metric_key(goal->metric), goal->k);
    souk_progress_init(&a->progress, "tune", p->halving.rungs > 1 ? 0 : trials, "trainings",
                       p->world.rank != 0);
    if (!a->tracker)
        return SOUK_OK;
    a->trials = souk_zalloc_array((size_t)trials, sizeof *a->trials);
    return a->trials ? SOUK_OK
                     : souk_fail(err, SOUK_ENOMEM, "no memory for %" PRId64 " trials", trials);
}

static void close_account(struct program *p, souk_status status)
{
    struct account *a = &p->account;
    for (int64_t t = 0; a->trials && t < souk_sampler_trials(&p->sampler); t++)
        souk_run_end(a->trials[t], souk_run_status_of(status));
    free(a->trials);
    souk_run_end(a->run, souk_run_status_of(status));
    souk_tracker_close(a->tracker);
}

/* On rank 0. */
static souk_status write_outcome(struct program *p, struct souk_error *err)
{
    const struct souk_tune_options *o = &p->options;
    const struct souk_outcome outcome = {
        .options = o,
        .search = &p->search,
        .validation = &p->validation,
        .best = souk_halving_best(&p->halving, p->search.trials, p->search.count)};
    souk_status status = souk_outcome_write_config(&outcome, o->train.out, err);
    if (status == SOUK_OK && o->json)
        status = souk_outcome_write_json(&outcome, o->json, err);
    if (status == SOUK_OK)
        status = souk_outcome_print(&outcome, stdout, err);
    if (status != SOUK_OK)
        return status;
    char *text = souk_outcome_config(&outcome);
    souk_run_metric(p->account.run, p->account.metric, souk_search_value(&p->search, outcome.best),
                    0);
    if (text)
        souk_run_artifact(p->account.run, "tuned.ini", text);
    free(text);
    return SOUK_OK;
}

static souk_status search_all(struct program *p, struct souk_error *err)
{
    const int64_t start_us = souk_monotonic_us();
    const struct souk_search_plan plan = {.world = &p->world,
                                          .group = p->group,
                                          .groups = p->groups,
                                          .validation = &p->validation,
                                          .tunable = souk_tunables[p->options.model],
                                          .sampler = &p->sampler,
                                          .halving = &p->halving,
                                          .batch = (int)p->options.batch,
                                          .journal = p->journal,
                                          .tell = take_result,
                                          .context = &p->account};
    souk_status status = souk_search_run_all(&plan, &p->search, err);
    souk_log_setup("souk-tune", p->world.rank, SOUK_LOG_INFO);
    souk_progress_finish(&p->account.progress, p->account.results, NULL);
    if (status == SOUK_OK && p->world.rank == 0)
        status = write_outcome(p, err);
    status = souk_status_agree_all(&p->world, status, err);
    if (status == SOUK_OK)
        souk_log(SOUK_LOG_INFO, "tuned", "trials=%" PRId64 " groups=%d seconds=%.2f out=%s",
                 p->search.count, p->groups, (double)(souk_monotonic_us() - start_us) * 1e-6,
                 p->options.train.out);
    return status;
}

static souk_status run_all(struct program *p, struct souk_error *err)
{
    souk_status status = form_groups_all(p, err);
    status = souk_status_agree_all(&p->world, status, err);
    if (status == SOUK_OK)
        status = open_data_all(p, err);
    if (status == SOUK_OK)
        status = lay_out_search(p, err);
    if (status == SOUK_OK && p->world.rank == 0)
        status = open_journal(p, err);
    if (status == SOUK_OK)
        status = open_account(p, err);
    status = souk_status_agree_all(&p->world, status, err);
    return status == SOUK_OK ? search_all(p, err) : status;
}

static souk_status track_all(struct program *p, struct souk_error *err)
{
    struct account *a = &p->account;
    souk_status status = souk_status_agree_all(
        &p->world,
        souk_tracker_open(&p->options.tracking, p->world.rank, "souk-tune", &a->tracker, err), err);
    if (status != SOUK_OK)
        return status;
    a->run = souk_run_start(a->tracker, NULL, NULL);
    souk_run_params_json(a->run, souk_options_json(p->options.parsed));
    status = run_all(p, err);
    close_account(p, status);
    return status;
}

int main(int argc, char **argv)
{
    struct souk_error err = {0};
    struct program p = {.ranks = {.mpi = MPI_COMM_NULL}};
    bool done = false;
    souk_status status = souk_comm_start(&argc, &argv, "souk-tune", &p.world, &err);
    if (status == SOUK_OK)
        status = souk_status_agree_all(
            &p.world, souk_tune_parse(argc, argv, p.world.rank == 0, &done, &p.options, &err),
            &err);
    openblas_set_num_threads(1); /* blocks run side by side in our own threads */
#ifdef _OPENMP
    if (p.options.threads > 0)
        omp_set_num_threads((int)p.options.threads);
#endif
    if (status == SOUK_OK && !done)
        status = track_all(&p, &err);
    souk_search_fini(&p.search);
    souk_journal_close(p.journal);
    souk_space_fini(&p.space);
    souk_validation_fini(&p.validation);
    souk_dataset_free(p.dataset);
    if (status != SOUK_ECOMM)
        souk_comm_release(&p.ranks);
    souk_options_free(p.options.parsed);
    return souk_comm_finish(&p.world, status, &err);
}
