#include "train/tune/outcome.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/base/staging.h"
#include "train/tune/tunable.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_SHOWN = 20 };

/* Higher rungs first, then by value: values of different rungs do not compare. */
static int compare_trials(const void *a, const void *b, void *context)
{
    const struct souk_search *s = context;
    const int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
    const double x = souk_search_value(s, i), y = souk_search_value(s, j);
    if (isnan(x) != isnan(y))
        return isnan(x) ? 1 : -1;
    if (s->trials[i].finished != s->trials[j].finished)
        return s->trials[i].finished > s->trials[j].finished ? -1 : 1;
    if (x != y && !isnan(x))
        return x > y ? -1 : 1;
    return (i > j) - (i < j);
}

static void print_windows(const struct souk_outcome *o, FILE *f)
{
    const struct souk_validation *v = o->validation;
    for (int w = 0; w < v->count; w++) {
        char from[25], until[25];
        souk_time_format(v->windows[w].training.until_ms, from);
        souk_time_format(v->windows[w].until_ms, until);
        fprintf(f, "window     targets from %s until %s, training before them: %" PRId64 " pairs\n",
                from, until, v->windows[w].ratings.pairs);
    }
    fprintf(f, "objective  %s%s, mean of %d seed%s\n\n", o->options->objective,
            v->goal.discovery ? ", only items new to the user" : "", v->seeds,
            v->seeds > 1 ? "s" : "");
}

souk_status souk_outcome_print(const struct souk_outcome *o, FILE *f, struct souk_error *err)
{
    const struct souk_search *s = o->search;
    int64_t *order = souk_alloc_array((size_t)s->count, sizeof *order);
    if (!order)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the table");
    for (int64_t t = 0; t < s->count; t++)
        order[t] = t;
    qsort_r(order, (size_t)s->count, sizeof *order, compare_trials, (void *)(uintptr_t)s);
    print_windows(o, f);
    fprintf(f, "%8s%8s%12s  parameters\n", "trial", "epochs", o->options->objective);
    for (int64_t i = 0; i < s->count && i < ROWS_SHOWN; i++) {
        char text[1024];
        struct souk_assignment a;
        souk_search_assignment(s, order[i], &a);
        souk_assignment_format(&a, false, text, sizeof text);
        fprintf(f, "%8" PRId64 "%8d", order[i], s->trials[order[i]].epochs);
        if (isnan(souk_search_value(s, order[i])))
            fprintf(f, "%12s  %s\n", "failed", text);
        else
            fprintf(f, "%12.5f  %s\n", souk_search_value(s, order[i]), text);
    }
    if (s->count > ROWS_SHOWN)
        fprintf(f, "%" PRId64 " more\n", s->count - ROWS_SHOWN);
    free(order);
    if (fflush(f) != 0 || ferror(f))
        return souk_fail_errno(err, "cannot write the table");
    return SOUK_OK;
}

static json_t *trial_json(const struct souk_outcome *o, int64_t trial)
{
    const struct souk_search *s = o->search;
    const bool failed = isnan(souk_search_value(s, trial));
    struct souk_assignment a;
    souk_search_assignment(s, trial, &a);
    json_t *values = json_array();
    for (int i = 0; i < s->value_count && !failed; i++)
        json_array_append_new(values, json_real(s->values[trial * s->value_count + i]));
    return json_pack("{s:I, s:i, s:o, s:o, s:o}", "trial", (json_int_t)trial, "epochs",
                     s->trials[trial].epochs, "value",
                     failed ? json_null() : json_real(souk_search_value(s, trial)), "values",
                     values, "parameters", souk_assignment_json(&a));
}

static json_t *windows_json(const struct souk_validation *v)
{
    json_t *windows = json_array();
    for (int w = 0; w < v->count; w++) {
        char from[25], until[25];
        souk_time_format(v->windows[w].training.until_ms, from);
        souk_time_format(v->windows[w].until_ms, until);
        json_array_append_new(windows, json_pack("{s:s, s:s, s:I}", "from", from, "until", until,
                                                 "pairs", (json_int_t)v->windows[w].ratings.pairs));
    }
    return windows;
}

/* A file that appears whole. */
static souk_status write_text(const char *path, const char *text, struct souk_error *err)
{
    struct souk_staging staging;
    if (!text)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %s", path);
    souk_status status = souk_staging_begin(&staging, path, false, NULL, true, err);
    if (status != SOUK_OK)
        return status;
    FILE *f = fopen(staging.partial, "we");
    if (!f || fputs(text, f) < 0 || fflush(f) != 0)
        status = souk_fail_errno(err, "%s", path);
    if (f && fclose(f) != 0 && status == SOUK_OK)
        status = souk_fail_errno(err, "%s", path);
    if (status == SOUK_OK)
        status = souk_staging_commit(&staging, err);
    souk_staging_end(&staging, true);
    return status;
}

souk_status souk_outcome_write_json(const struct souk_outcome *o, const char *path,
                                    struct souk_error *err)
{
    json_t *trials = json_array();
    for (int64_t t = 0; t < o->search->count; t++)
        json_array_append_new(trials, trial_json(o, t));
    json_t *all = json_pack(
        "{s:s, s:s, s:b, s:i, s:o, s:o, s:o}", "model", souk_tunables[o->options->model]->name,
        "objective", o->options->objective, "discovery", o->validation->goal.discovery,
        "model_seeds", o->validation->seeds, "windows", windows_json(o->validation), "best",
        trial_json(o, o->best), "trials", trials);
    char *text = all ? json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) : NULL;
    const souk_status status = write_text(path, text, err);
    free(text);
    json_decref(all);
    return status;
}

/* Options of the data that the search was told and training must be told too. */
static void add_data_options(const struct souk_tune_options *o, FILE *f)
{
    const struct {
        const char *name, *text;
    } rows[] = {{"from", o->train.from},
                {"until", o->train.until},
                {"event-weights", o->train.event_weights}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].text)
            fprintf(f, "%s = %s\n", rows[i].name, rows[i].text);
    if (o->train.min_user_items > 1)
        fprintf(f, "min-user-items = %" PRId64 "\n", o->train.min_user_items);
    if (o->train.min_item_users > 1)
        fprintf(f, "min-item-users = %" PRId64 "\n", o->train.min_item_users);
}

char *souk_outcome_config(const struct souk_outcome *o)
{
    char *text = NULL;
    size_t size = 0;
    struct souk_assignment a;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return NULL;
    const int epochs = o->search->trials[o->best].epochs;
    souk_search_assignment(o->search, o->best, &a);
    fprintf(f, "; souk-train %s: trial %" PRId64 " of %" PRId64 ", %s %.6f on validation\n",
            souk_tunables[o->options->model]->name, o->best, o->search->count,
            o->options->objective, souk_search_value(o->search, o->best));
    for (int d = 0; d < a.space->count; d++)
        if (strcmp(a.space->dimensions[d].name, "epochs") != 0)
            fprintf(f, "%s = %s\n", a.space->dimensions[d].name, a.text[d]);
    fprintf(f, "epochs = %d\n", epochs);
    add_data_options(o->options, f);
    const bool is_bad = ferror(f);
    if (fclose(f) != 0 || is_bad) {
        free(text);
        return NULL;
    }
    return text;
}

souk_status souk_outcome_write_config(const struct souk_outcome *o, const char *path,
                                      struct souk_error *err)
{
    char *text = souk_outcome_config(o);
    const souk_status status = write_text(path, text, err);
    free(text);
    return status;
}
