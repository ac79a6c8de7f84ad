#include "train/evaluate/report.h"

#include "shared/base/clock.h"
#include "shared/base/staging.h"
#include "train/evaluate/stagereport.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

/* jansson's _new functions refuse NULL, and take over a value even where they fail: a function here
 * returns NULL when any allocation failed, and its caller notices when it stores that. */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *time_text(int64_t ms)
{
    char text[25];
    if (ms == SOUK_TIME_NONE || ms == SOUK_TIME_MAX)
        return json_null();
    souk_time_format(ms, text);
    return json_string(text);
}

static json_t *describe_model(const struct souk_report *r)
{
    return json_pack("{s:s, s:s, s:i}", "id", r->model->id, "kind", r->model->kind, "factors",
                     r->model->factors);
}

static json_t *describe_protocol(const struct souk_question *q)
{
    json_t *o = json_pack("{s:s, s:b, s:b}", "name", souk_protocol_name(q->protocol), "discovery",
                          q->discovery, "include_seen", q->include_seen);
    int failed = 0;
    if (souk_protocol_has_split(q->protocol)) {
        failed |= json_object_set_new(o, "split", time_text(q->split_ms));
        failed |= json_object_set_new(o, "until", time_text(q->until_ms));
    }
    if (q->protocol == SOUK_PROTOCOL_PER_USER)
        failed |= json_object_set_new(o, "holdout", json_real(q->share));
    if (q->protocol == SOUK_PROTOCOL_STRONG)
        failed |= json_object_set_new(o, "target_share", json_real(q->share));
    if (q->protocol == SOUK_PROTOCOL_COLD_USERS)
        failed |= json_object_set_new(o, "given_items", json_integer(q->cold_history));
    if (q->sold_only)
        failed |= json_object_set_new(o, "sold_only", json_true());
    if (q->hiding.users > 0 || q->hiding.items > 0)
        failed |=
            json_object_set_new(o, "hidden",
                                json_pack("{s:f, s:f, s:I}", "users", q->hiding.users, "items",
                                          q->hiding.items, "seed", (json_int_t)q->hiding.seed));
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *list_cutoffs(const struct souk_cutoffs *cutoffs)
{
    json_t *list = json_array();
    int failed = 0;
    for (int c = 0; c < cutoffs->count; c++)
        failed |= json_array_append_new(list, json_integer(cutoffs->k[c]));
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *metrics_at(const struct souk_set_summary *s, int cutoff)
{
    json_t *o = json_object();
    int failed = 0;
    for (int m = 0; m < SOUK_METRICS; m++)
        failed |= json_object_set_new(o, souk_metric_key((enum souk_metric)m),
                                      number(s->figures[cutoff * SOUK_METRICS + m].mean));
    if (s->coverage)
        failed |= json_object_set_new(o, "coverage", number(s->coverage[cutoff]));
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *intervals_at(const struct souk_set_summary *s, int cutoff)
{
    json_t *o = json_object();
    int failed = 0;
    for (int m = 0; m < SOUK_METRICS; m++) {
        const struct souk_figure *f = &s->figures[cutoff * SOUK_METRICS + m];
        json_t *bounds = isfinite(f->low) ? json_pack("[f, f]", f->low, f->high) : json_null();
        failed |= json_object_set_new(o, souk_metric_key((enum souk_metric)m), bounds);
    }
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *by_cutoff(const struct souk_set_summary *s, const struct souk_cutoffs *cutoffs,
                         json_t *(*at)(const struct souk_set_summary *, int))
{
    json_t *o = json_object();
    int failed = 0;
    for (int c = 0; c < cutoffs->count; c++) {
        char key[16];
        snprintf(key, sizeof key, "%d", cutoffs->k[c]);
        failed |= json_object_set_new(o, key, at(s, c));
    }
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *figures_of(const struct souk_report *r, const struct souk_answer *a, int set)
{
    const struct souk_set_summary *s = &a->summary.sets[set];
    json_t *o =
        json_pack("{s:I, s:I}", "users", (json_int_t)s->users, "targets", (json_int_t)s->targets);
    int failed = json_object_set_new(o, "metrics", by_cutoff(s, r->cutoffs, metrics_at));
    if (s->coverage && r->bootstrap->replicates > 0)
        failed |= json_object_set_new(o, "intervals", by_cutoff(s, r->cutoffs, intervals_at));
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *slices_of(const struct souk_report *r)
{
    json_t *slices = json_object();
    int failed = 0;
    for (int set = SOUK_SETS_MAIN; set < SOUK_SETS; set++) {
        const char *group = souk_sets[set].group;
        if (!json_object_get(slices, group))
            failed |= json_object_set_new(slices, group, json_object());
        failed |= json_object_set_new(json_object_get(slices, group), souk_sets[set].name,
                                      figures_of(r, r->answer, set));
    }
    if (!failed)
        return slices;
    json_decref(slices);
    return NULL;
}

static json_t *operating_point(const struct souk_operating_point *p)
{
    return json_pack("{s:f, s:I, s:I}", "threshold", p->threshold, "hits", (json_int_t)p->hits,
                     "false_alarms", (json_int_t)p->false_alarms);
}

static json_t *describe_candidates(const struct souk_discrimination *d)
{
    json_t *o = json_pack("{s:I, s:I, s:I}", "users", (json_int_t)d->users, "targets",
                          (json_int_t)d->positives, "others", (json_int_t)d->negatives);
    int failed = json_object_set_new(o, "roc_auc", number(d->roc_auc));
    failed |= json_object_set_new(o, "average_precision", number(d->average_precision));
    failed |= json_object_set_new(o, "user_auc", number(d->user_auc));
    if (d->point_count > 0) {
        failed |= json_object_set_new(o, "best_f1", operating_point(&d->best_f1));
        failed |= json_object_set_new(o, "best_youden", operating_point(&d->best_youden));
    }
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

/* As a set's figures, with differences in the place of means. */
static json_t *describe_difference(const struct souk_report *r, int set)
{
    const struct souk_set_difference *d = &r->against->sets[set];
    const struct souk_set_summary as_set = {.figures = d->figures};
    json_t *o = json_pack("{s:b}", "paired", d->is_paired);
    int failed = json_object_set_new(o, "differences", by_cutoff(&as_set, r->cutoffs, metrics_at));
    if (r->bootstrap->replicates > 0)
        failed |= json_object_set_new(o, "intervals", by_cutoff(&as_set, r->cutoffs, intervals_at));
    failed |= json_object_set_new(o, "other", figures_of(r, r->other, set));
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *describe_against(const struct souk_report *r)
{
    json_t *o = json_pack("{s:s}", "name", r->other_name);
    int failed = json_object_set_new(o, "headline", describe_difference(r, SOUK_SET_HEADLINE));
    failed |= json_object_set_new(o, "all", describe_difference(r, SOUK_SET_ALL));
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

/* The figures of the headline stand at the top level. */
static json_t *build(const struct souk_report *r)
{
    json_t *root = json_object(), *headline = figures_of(r, r->answer, SOUK_SET_HEADLINE);
    int failed = json_object_set_new(root, "model", describe_model(r));
    failed |= json_object_set_new(root, "protocol", describe_protocol(r->question));
    failed |= json_object_set_new(root, "k", list_cutoffs(r->cutoffs));
    failed |= json_object_set_new(root, "bootstrap",
                                  json_pack("{s:i, s:I}", "replicates", r->bootstrap->replicates,
                                            "seed", (json_int_t)r->bootstrap->seed));
    failed |= json_object_set_new(
        root, "training",
        json_pack("{s:I, s:I, s:I}", "users", (json_int_t)souk_model_users(r->model), "items",
                  (json_int_t)r->answer->items, "events", (json_int_t)r->answer->events));
    failed |= json_object_update(root, headline);
    failed |= json_object_set_new(root, "all", figures_of(r, r->answer, SOUK_SET_ALL));
    failed |= json_object_set_new(root, "slices", slices_of(r));
    if (souk_reorder_is_wanted(r->reorder))
        failed |= json_object_set_new(
            root, "reordered",
            json_pack("{s:f, s:I, s:I, s:s?}", "mmr", 1 - r->reorder->diversity, "cap_per_category",
                      (json_int_t)r->reorder->cap, "depth", (json_int_t)r->reorder->depth, "rules",
                      r->reorder->rules));
    if (r->min_confidence > 0)
        failed |= json_object_set_new(root, "min_confidence", json_real(r->min_confidence));
    if (r->by->order != SOUK_ORDER_MODEL)
        failed |= json_object_set_new(root, "order", json_string(r->by->name));
    if (r->answer->curves.depth > 0)
        failed |= json_object_set_new(root, "candidates",
                                      describe_candidates(&r->answer->discrimination));
    failed |= souk_stage_report_add(r->answer, root);
    if (r->against)
        failed |= json_object_set_new(root, "against", describe_against(r));
    json_decref(headline);
    if (!failed)
        return root;
    json_decref(root);
    return NULL;
}

souk_status souk_report_write_json(const struct souk_report *report, const char *path,
                                   struct souk_error *err)
{
    struct souk_staging staging = {0};
    FILE *f = NULL;
    json_t *root = build(report);
    souk_status status = SOUK_OK;
    if (!root) {
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for the JSON");
        goto out;
    }
    status = souk_staging_begin(&staging, path, false, NULL, true, err);
    if (status != SOUK_OK)
        goto out;
    souk_staging_guard(&staging);
    f = fopen(staging.partial, "w");
    if (!f) {
        status = souk_fail_errno(err, "cannot create %s", staging.partial);
        goto out;
    }
    const int failed = json_dumpf(root, f, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
    if (failed || fputc('\n', f) == EOF || fflush(f) != 0)
        status = souk_fail_errno(err, "cannot write %s", path);
    else
        status = souk_staging_commit(&staging, err);
out:
    if (f)
        fclose(f);
    souk_staging_end(&staging, true);
    json_decref(root);
    return status;
}
