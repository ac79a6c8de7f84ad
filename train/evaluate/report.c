#include "train/evaluate/report.h"

#include "shared/base/clock.h"
#include "train/evaluate/stagereport.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void print_question(const struct souk_report *r, FILE *f)
{
    const struct souk_question *q = r->question;
    char split[25];
    fprintf(f, "protocol   %s", souk_protocol_name(q->protocol));
    if (souk_protocol_has_split(q->protocol)) {
        souk_time_format(q->split_ms, split);
        fprintf(f, ", targets from %s", split);
    }
    if (q->protocol == SOUK_PROTOCOL_COLD_USERS)
        fprintf(f, ", new users with their first %" PRId64 " items given", q->cold_history);
    if (q->protocol == SOUK_PROTOCOL_SESSION)
        fprintf(f, ", the next item of each user's latest session");
    if (q->protocol == SOUK_PROTOCOL_ITEM_HOLDOUT)
        fprintf(f, ", hidden items%s only (a share of %g, seed %" PRIu64 ")",
                q->sold_only ? " that were sold" : "", q->hiding.items, q->hiding.seed);
    if (q->protocol == SOUK_PROTOCOL_STRONG)
        fprintf(f, ", the last %g of hidden users' events (a share of %g, seed %" PRIu64 ")",
                q->share, q->hiding.users, q->hiding.seed);
    if (q->protocol == SOUK_PROTOCOL_PER_USER)
        fprintf(f, ", the last %g of each user's events", q->share);
    if (q->protocol == SOUK_PROTOCOL_FILE)
        fprintf(f, ", targets from %s", q->targets);
    fprintf(f, "%s, training items %s the lists\n",
            q->discovery ? ", only items new to the user" : "",
            q->include_seen ? "stay in" : "are left out of");
    fprintf(f,
            "model      %s (%s, %d factors), trained on %" PRId64 " users, %" PRId64
            " items, %" PRId64 " events\n",
            r->model->id, r->model->kind, r->model->factors, souk_model_users(r->model),
            r->answer->items, r->answer->events);
    if (r->min_confidence > 0)
        fprintf(f, "lists      end where confidence does not exceed %g\n", r->min_confidence);
    if (r->by->order != SOUK_ORDER_MODEL)
        fprintf(f, "lists      its items by %s order, not by the model's scores\n", r->by->name);
    if (souk_reorder_is_wanted(r->reorder)) {
        fprintf(f, "reordered  the best %" PRId64 " of each list, relevance %g", r->reorder->depth,
                1 - r->reorder->diversity);
        if (r->reorder->cap > 0)
            fprintf(f, ", at most %" PRId64 " of a category", r->reorder->cap);
        fprintf(f, "%s%s\n", r->reorder->rules ? ", rules of " : "",
                r->reorder->rules ? r->reorder->rules : "");
    }
}

static void print_value(double value, FILE *f)
{
    if (isfinite(value))
        fprintf(f, "%9.5f", value);
    else
        fprintf(f, "%9s", "-");
}

static void print_figure(const struct souk_figure *figure, FILE *f)
{
    print_value(figure->mean, f);
    if (isfinite(figure->low))
        fprintf(f, " [%8.5f,%9.5f]", figure->low, figure->high);
    else
        fprintf(f, "%21s", "");
}

static void print_main_set(const struct souk_report *r, int set, const char *title, FILE *f)
{
    const struct souk_set_summary *s = &r->answer->summary.sets[set];
    fprintf(f, "\n%s: %" PRId64 " users, %" PRId64 " targets\n%-18s", title, s->users, s->targets,
            r->bootstrap->replicates > 0 ? "[95 % interval]" : "");
    for (int c = 0; c < r->cutoffs->count; c++)
        fprintf(f, "       @%-22d", r->cutoffs->k[c]);
    for (int m = 0; m < SOUK_METRICS; m++) {
        fprintf(f, "\n%-18s", souk_metric_key((enum souk_metric)m));
        for (int c = 0; c < r->cutoffs->count; c++)
            print_figure(&s->figures[c * SOUK_METRICS + m], f);
    }
    fprintf(f, "\n%-18s", "coverage");
    for (int c = 0; c < r->cutoffs->count; c++)
        print_figure(&(struct souk_figure){s->coverage[c], NAN, NAN}, f);
    fprintf(f, "\n");
}

static void print_slices(const struct souk_report *r, FILE *f)
{
    static const enum souk_metric shown[] = {SOUK_METRIC_RECALL, SOUK_METRIC_NDCG,
                                             SOUK_METRIC_HIT_RATE, SOUK_METRIC_MRR};
    const int last = r->cutoffs->count - 1;
    fprintf(f, "\n%-27s%9s%10s", "slice", "users", "targets");
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        fprintf(f, "  %9s@%-4d", souk_metric_key(shown[i]), r->cutoffs->k[last]);
    for (int set = SOUK_SETS_MAIN; set < SOUK_SETS; set++) {
        const struct souk_set_summary *s = &r->answer->summary.sets[set];
        fprintf(f, "\n%-11s%-16s%9" PRId64 "%10" PRId64, souk_sets[set].group, souk_sets[set].name,
                s->users, s->targets);
        for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
            fprintf(f, "  ");
            print_value(s->figures[last * SOUK_METRICS + shown[i]].mean, f);
            fprintf(f, "%5s", "");
        }
    }
    fprintf(f, "\n");
}

static void print_discrimination(const struct souk_report *r, FILE *f)
{
    const struct souk_discrimination *d = &r->answer->discrimination;
    if (r->answer->curves.depth == 0)
        return;
    fprintf(f, "\nall candidates: %" PRId64 " targets, %" PRId64 " others\n%-18s", d->positives,
            d->negatives, "roc_auc");
    print_value(d->roc_auc, f);
    fprintf(f, "\n%-18s", "average_precision");
    print_value(d->average_precision, f);
    fprintf(f, "\n%-18s", "user_auc");
    print_value(d->user_auc, f);
    fprintf(f, "\n");
}

static void print_difference(const struct souk_report *r, int set, const char *title, FILE *f)
{
    const struct souk_set_difference *d = &r->against->sets[set];
    fprintf(f, "\n%s: difference to %s, paired\n", title, r->other_name);
    if (!d->is_paired)
        fprintf(f, "(not the same users and targets: the intervals are not those of a pair)\n");
    fprintf(f, "%-18s", "");
    for (int c = 0; c < r->cutoffs->count; c++)
        fprintf(f, "       @%-22d", r->cutoffs->k[c]);
    for (int m = 0; m < SOUK_METRICS; m++) {
        fprintf(f, "\n%-18s", souk_metric_key((enum souk_metric)m));
        for (int c = 0; c < r->cutoffs->count; c++)
            print_figure(&d->figures[c * SOUK_METRICS + m], f);
    }
    fprintf(f, "\n");
}

souk_status souk_report_print(const struct souk_report *r, FILE *f, struct souk_error *err)
{
    print_question(r, f);
    print_main_set(r, SOUK_SET_HEADLINE, "users and items in training", f);
    print_main_set(r, SOUK_SET_ALL, "all users and items", f);
    print_slices(r, f);
    print_discrimination(r, f);
    souk_stage_report_print(r->answer, f);
    if (r->against) {
        print_difference(r, SOUK_SET_HEADLINE, "users and items in training", f);
        print_difference(r, SOUK_SET_ALL, "all users and items", f);
    }
    if (fflush(f) != 0 || ferror(f))
        return souk_fail_errno(err, "cannot write the table");
    return SOUK_OK;
}
