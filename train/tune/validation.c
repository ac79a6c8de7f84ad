#include "train/tune/validation.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

souk_status souk_goal_parse(const char *text, struct souk_goal *goal, struct souk_error *err)
{
    struct souk_cutoffs cutoffs = {0};
    const char *at = strchr(text, '@');
    for (int m = 0; at && m < SOUK_METRICS; m++) {
        const char *key = souk_metric_key((enum souk_metric)m);
        if (strlen(key) != (size_t)(at - text) || strncmp(key, text, strlen(key)) != 0)
            continue;
        if (souk_cutoffs_parse(at + 1, &cutoffs, NULL) != SOUK_OK || cutoffs.count != 1)
            break;
        goal->metric = (enum souk_metric)m;
        goal->k = cutoffs.k[0];
        return SOUK_OK;
    }
    return souk_fail(err, SOUK_EUSAGE,
                     "--objective '%s' is not METRIC@K such as ndcg@10, recall@20, map@10, "
                     "precision@5, hit_rate@5 or mrr@20, with K from 1 to %d",
                     text, SOUK_K_MAX);
}

/* The window without its open ends: events that there are. */
static struct souk_window close_window(const struct souk_dataset *d, struct souk_window w)
{
    if (w.from_ms == SOUK_TIME_NONE || w.from_ms < d->first_ms)
        w.from_ms = d->first_ms;
    if (w.until_ms == SOUK_TIME_MAX)
        w.until_ms = d->last_ms + 1;
    return w;
}

/* A tenth of training, in whole days where it has ten of them. */
static int64_t default_length(struct souk_window training)
{
    const int64_t tenth = (training.until_ms - training.from_ms) / 10;
    return tenth >= SOUK_MS_PER_DAY ? tenth / SOUK_MS_PER_DAY * SOUK_MS_PER_DAY : tenth;
}

static souk_status cut_windows(struct souk_validation *v, const struct souk_validation_rule *rule,
                               struct souk_error *err)
{
    const struct souk_window all = close_window(v->dataset, rule->ratings.window);
    const int64_t length = rule->length_ms > 0 ? rule->length_ms : default_length(all);
    const int64_t span = all.until_ms - all.from_ms;
    if (length < 1 || length > span / rule->windows || span <= length * rule->windows)
        return souk_fail(err, SOUK_EUSAGE,
                         "%d windows of %.4g days leave nothing to train on of %.4g days: give a "
                         "shorter --validation, or fewer --windows",
                         rule->windows, (double)length / (double)SOUK_MS_PER_DAY,
                         (double)span / (double)SOUK_MS_PER_DAY);
    for (int w = 0; w < v->count; w++) {
        v->windows[w].until_ms = all.until_ms - w * length;
        v->windows[w].training =
            (struct souk_window){rule->ratings.window.from_ms, all.until_ms - (w + 1) * length};
    }
    return SOUK_OK;
}

static void window_fini(struct souk_validation_window *w)
{
    souk_evaluation_fini(&w->evaluation);
    souk_ratings_fini(&w->ratings);
    *w = (struct souk_validation_window){0};
}

static souk_status load_window_all(const struct souk_validation *v,
                                   const struct souk_validation_rule *rule,
                                   struct souk_validation_window *w, struct souk_error *err)
{
    char from[25];
    struct souk_ratings_rule ratings = rule->ratings;
    ratings.window = w->training;
    w->evaluation = (struct souk_evaluation){
        .question = {.protocol = SOUK_PROTOCOL_TEMPORAL,
                     .split_ms = w->training.until_ms,
                     .until_ms = w->until_ms,
                     .discovery = v->goal.discovery},
        .cutoffs = {.count = 1, .k = {v->goal.k}},
        .quiet = true,
    };
    souk_status status = souk_ratings_load_all(v->comm, v->dataset, &ratings, &w->ratings, err);
    if (status == SOUK_OK)
        status =
            souk_evaluation_ask_all(&w->evaluation, v->comm, v->dataset, v->dataset->parts, err);
    if (status == SOUK_OK)
        return SOUK_OK;
    souk_time_format(w->training.until_ms, from);
    return souk_error_prefix(err, status, "the validation window from %s", from);
}

/* A window in which nobody wanted anything says nothing: the others do without it. */
static souk_status load_windows_all(struct souk_validation *v,
                                    const struct souk_validation_rule *rule, struct souk_error *err)
{
    const int count = v->count;
    int kept = 0;
    souk_status status = SOUK_OK;
    for (int w = 0; w < count && status == SOUK_OK; w++) {
        struct souk_validation_window *window = &v->windows[w];
        status = load_window_all(v, rule, window, err);
        if (status == SOUK_ENOTFOUND && (w + 1 < count || kept > 0)) {
            souk_log(SOUK_LOG_WARN, "empty_window", "reason=\"%s\"", err->msg);
            window_fini(window);
            status = SOUK_OK;
            continue;
        }
        if (kept != w) {
            v->windows[kept] = *window;
            *window = (struct souk_validation_window){0};
        }
        kept++;
    }
    v->count = status == SOUK_OK ? kept : count;
    return status;
}

souk_status souk_validation_init_all(struct souk_validation *v, const struct souk_comm *comm,
                                     const struct souk_dataset *dataset,
                                     const struct souk_validation_rule *rule,
                                     struct souk_error *err)
{
    *v = (struct souk_validation){.comm = comm,
                                  .dataset = dataset,
                                  .goal = rule->goal,
                                  .count = rule->windows,
                                  .seeds = rule->seeds};
    v->windows = souk_zalloc_array((size_t)v->count, sizeof *v->windows);
    souk_status status = v->windows ? cut_windows(v, rule, err)
                                    : souk_fail(err, SOUK_ENOMEM, "no memory for the windows");
    status = souk_status_agree_all(comm, status, err);
    return status == SOUK_OK ? load_windows_all(v, rule, err) : status;
}

void souk_validation_fini(struct souk_validation *v)
{
    for (int w = 0; w < v->count && v->windows; w++)
        window_fini(&v->windows[w]);
    free(v->windows);
    *v = (struct souk_validation){0};
}

static souk_status measure_model_all(const struct souk_validation *v,
                                     struct souk_validation_window *w,
                                     const struct souk_trained *trained, double *value,
                                     struct souk_error *err)
{
    const struct souk_model model = souk_model_view(v->dataset, &w->ratings, trained->content);
    const struct souk_part_source source = {
        .model = &model, .ratings = &w->ratings, .content = trained->content};
    const souk_status status = souk_evaluation_answer_all(&w->evaluation, v->comm, &source, err);
    if (status == SOUK_OK)
        *value = w->evaluation.summary.sets[SOUK_SET_HEADLINE].figures[v->goal.metric].mean;
    souk_evaluation_forget(&w->evaluation);
    return status;
}

souk_status souk_validation_measure_all(struct souk_validation *v,
                                        const struct souk_tunable *tunable,
                                        const struct souk_assignment *assignment, int epochs,
                                        double *values, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < souk_validation_values(v) && status == SOUK_OK; i++) {
        struct souk_validation_window *w = &v->windows[i / v->seeds];
        struct souk_trained trained = {0};
        struct souk_assignment_line line;
        souk_assignment_line(assignment, 1 + i % v->seeds, &line);
        status =
            tunable->train_all(v->comm, &w->ratings, line.argc, line.argv, epochs, &trained, err);
        if (status == SOUK_OK)
            status = measure_model_all(v, w, &trained, &values[i], err);
        if (trained.free_model)
            trained.free_model(trained.model);
    }
    return status;
}
