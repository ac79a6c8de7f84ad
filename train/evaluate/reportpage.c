#include "train/evaluate/reportpage.h"

#include "shared/base/clock.h"
#include "shared/base/staging.h"
#include "train/evaluate/reportfigures.h"
#include "train/evaluate/reportsections.h"
#include "train/evaluate/reportstyle.h"
#include "train/evaluate/svg.h"

#include <inttypes.h>
#include <math.h>

/* ---- head ---- */

static void say_protocol(const struct souk_report *r, FILE *f)
{
    const struct souk_question *q = r->question;
    char split[25];
    fprintf(f, "<p>Protocol <b>%s</b>", souk_protocol_name(q->protocol));
    if (souk_protocol_has_split(q->protocol)) {
        souk_time_format(q->split_ms, split);
        fprintf(f, ": targets from %s on", split);
    }
    if (q->protocol == SOUK_PROTOCOL_COLD_USERS)
        fprintf(f, ", of new users whose first %" PRId64 " items are given", q->cold_history);
    if (q->protocol == SOUK_PROTOCOL_PER_USER || q->protocol == SOUK_PROTOCOL_STRONG)
        fprintf(f, ", the last %g of a user's events", q->share);
    fprintf(f, "; %s; %s the lists. Full catalogue, nothing sampled.</p>\n",
            q->discovery ? "only items new to the user count" : "repeated items count",
            q->include_seen ? "a user's own items stay in" : "a user's own items are left out of");
}

static void tile(FILE *f, const char *name, double value, const struct souk_figure *interval)
{
    fprintf(f, "<div><dt>%s</dt><dd>", name);
    if (isfinite(value))
        fprintf(f, "%.4f", value);
    else
        fputs("-", f);
    if (interval && isfinite(interval->low))
        fprintf(f, "<small>%.4f to %.4f</small>", interval->low, interval->high);
    fputs("</dd></div>\n", f);
}

static void draw_tiles(const struct souk_report *r, FILE *f)
{
    const struct souk_set_summary *s = &r->answer->summary.sets[SOUK_SET_HEADLINE];
    const struct souk_discrimination *d = &r->answer->discrimination;
    const int last = r->cutoffs->count - 1;
    char name[48];
    fprintf(f,
            "<dl>\n<div><dt>users</dt><dd>%" PRId64 "<small>with %" PRId64
            " targets</small></dd></div>\n",
            s->users, s->targets);
    for (int m = SOUK_METRIC_RECALL; m <= SOUK_METRIC_NDCG; m++) {
        const struct souk_figure *figure = &s->figures[last * SOUK_METRICS + m];
        snprintf(name, sizeof name, "%s@%d", m == SOUK_METRIC_RECALL ? "Recall" : "NDCG",
                 r->cutoffs->k[last]);
        tile(f, name, figure->mean, figure);
    }
    tile(f, "ROC-AUC", d->roc_auc, NULL);
    tile(f, "average precision", d->average_precision, NULL);
    fputs("</dl>\n", f);
}

static void draw_head(const struct souk_report *r, FILE *f)
{
    const struct souk_model *m = r->model;
    fputs("<header><h1>Evaluation of <code>", f);
    souk_html_text(f, m->kind);
    fprintf(f, "</code> <small>%s</small></h1>\n", m->id);
    if (r->by->order != SOUK_ORDER_MODEL)
        fprintf(f, "<p><b>Its items in %s order</b>, not by the model's scores.</p>\n",
                r->by->name);
    if (r->min_confidence > 0)
        fprintf(f, "<p><b>Lists end where confidence does not exceed %g.</b></p>\n",
                r->min_confidence);
    say_protocol(r, f);
    fprintf(
        f, "<p class=\"soft\">Trained on %" PRId64 " users, %" PRId64 " items, %" PRId64 " events.",
        souk_model_users(m), r->answer->items, r->answer->events);
    if (r->other) {
        fputs(" Compared with <b>", f);
        souk_html_text(f, r->other_name);
        fputs("</b>.", f);
    }
    fputs("</p>\n", f);
    draw_tiles(r, f);
    fputs("</header>\n", f);
}

/* ---- tables ---- */

static void cell(FILE *f, const struct souk_figure *v, bool is_difference)
{
    const char *class = "";
    if (is_difference && isfinite(v->low) && v->low > 0)
        class = " class=\"better\"";
    if (is_difference && isfinite(v->high) && v->high < 0)
        class = " class=\"worse\"";
    if (!isfinite(v->mean)) {
        fputs("<td>-</td>", f);
        return;
    }
    fprintf(f, is_difference ? "<td><span%s>%+.4f</span>" : "<td><span%s>%.4f</span>", class,
            v->mean);
    if (isfinite(v->low))
        fprintf(f, is_difference ? "<small>%+.4f to %+.4f</small>" : "<small>%.4f to %.4f</small>",
                v->low, v->high);
    fputs("</td>", f);
}

/* A metric that the model has at no length, such as diversity by factors. */
static bool is_absent(const struct souk_cutoffs *cutoffs, const struct souk_figure *figures,
                      int metric)
{
    for (int c = 0; c < cutoffs->count; c++)
        if (isfinite(figures[c * SOUK_METRICS + metric].mean))
            return false;
    return true;
}

/* @param coverage [cutoffs], NULL: no such row */
static void table_of_figures(const struct souk_report *r, FILE *f, const char *title,
                             const struct souk_figure *figures, const double *coverage,
                             bool is_difference)
{
    fprintf(f, "<div><h3>%s</h3><div class=\"wide\"><table><thead><tr><th>metric</th>", title);
    for (int c = 0; c < r->cutoffs->count; c++)
        fprintf(f, "<th>@%d</th>", r->cutoffs->k[c]);
    fputs("</tr></thead><tbody>\n", f);
    for (int m = 0; m < SOUK_METRICS; m++) {
        if (is_absent(r->cutoffs, figures, m))
            continue;
        fprintf(f, "<tr><th>%s</th>", souk_metric_key((enum souk_metric)m));
        for (int c = 0; c < r->cutoffs->count; c++)
            cell(f, &figures[c * SOUK_METRICS + m], is_difference);
        fputs("</tr>\n", f);
    }
    if (coverage) {
        fputs("<tr><th>coverage</th>", f);
        for (int c = 0; c < r->cutoffs->count; c++)
            cell(f, &(struct souk_figure){coverage[c], NAN, NAN}, false);
        fputs("</tr>\n", f);
    }
    fputs("</tbody></table></div></div>\n", f);
}

static void draw_tables(const struct souk_report *r, FILE *f)
{
    static const char *const titles[] = {"Users and items in training", "All users and items"};
    const char *about =
        "Below a figure: its 95 % interval, by resampling the users. It says how much the figure "
        "would move with other users of the same kind, not in another week.";
    souk_section_open(f, "Figures", r->bootstrap->replicates > 0 ? about : NULL);
    for (int set = 0; set < SOUK_SETS_MAIN; set++) {
        const struct souk_set_summary *s = &r->answer->summary.sets[set];
        char title[96];
        snprintf(title, sizeof title, "%s <small>(%" PRId64 " users)</small>", titles[set],
                 s->users);
        table_of_figures(r, f, title, s->figures, s->coverage, false);
    }
    souk_section_close(f);
}

static void draw_differences(const struct souk_report *r, FILE *f)
{
    static const char *const titles[] = {"Users and items in training", "All users and items"};
    if (!r->against)
        return;
    souk_section_open(
        f, "Differences",
        "This model minus the other, over the same users in every resample. Where the "
        "interval leaves 0 out, the figure is coloured.");
    for (int set = 0; set < SOUK_SETS_MAIN; set++) {
        const struct souk_set_difference *d = &r->against->sets[set];
        char title[96];
        snprintf(title, sizeof title, "%s%s", titles[set],
                 d->is_paired ? "" : " <small>(not the same users: not a pair)</small>");
        table_of_figures(r, f, title, d->figures, NULL, true);
    }
    souk_section_close(f);
}

/* ---- foot ---- */

static void draw_foot(FILE *f)
{
    fputs(
        "<section><h2>How to read it</h2>\n"
        "<p><b>Recall@k</b>: share of what a user wanted that is in the first k. "
        "<b>Precision@k</b>: share of the first k that was wanted. <b>NDCG@k</b>: hits count less "
        "the lower they stand; 1 is the best order. <b>MAP</b>, <b>MRR</b>: precision at the hits, "
        "and 1 / position of the first. <b>Novelty</b>: how rare the items are, in bits. "
        "<b>Serendipity</b>: share of the hits that are not among the k most popular items. "
        "<b>Coverage</b>: share of the items in training that are in anybody's list.</p>\n"
        "<p><b>ROC-AUC</b>: how often a wanted item scores above one that is not, over all "
        "candidates of all users, ties half. <b>Average precision</b> is over the same "
        "candidates.</p></section>\n",
        f);
}

void souk_report_draw_page(const struct souk_report *r, FILE *f)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
          "'unsafe-inline'; img-src data:\"/>\n"
          "<link rel=\"icon\" href=\"data:,\"/>\n<title>Evaluation of ",
          f);
    souk_html_text(f, r->model->kind);
    fprintf(f, " %s</title>\n<style>\n%s</style></head>\n<body>\n", r->model->id,
            souk_report_style);
    draw_head(r, f);
    draw_tables(r, f);
    draw_differences(r, f);
    souk_figures_of_lengths(r, f);
    souk_figures_of_candidates(r, f);
    souk_figures_of_scores(r, f);
    souk_figures_of_slices(r, f);
    souk_figures_of_popularity(r, f);
    souk_section_extras(f, r->extras);
    draw_foot(f);
    fputs("</body></html>\n", f);
}

souk_status souk_report_write_page(const struct souk_report *report, const char *path,
                                   struct souk_error *err)
{
    struct souk_staging staging = {0};
    FILE *f = NULL;
    souk_status status = souk_staging_begin(&staging, path, false, NULL, true, err);
    if (status != SOUK_OK)
        goto out;
    souk_staging_guard(&staging);
    f = fopen(staging.partial, "w");
    if (!f) {
        status = souk_fail_errno(err, "cannot create %s", staging.partial);
        goto out;
    }
    souk_report_draw_page(report, f);
    if (fflush(f) != 0 || ferror(f))
        status = souk_fail_errno(err, "cannot write %s", path);
    else
        status = souk_staging_commit(&staging, err);
out:
    if (f)
        fclose(f);
    souk_staging_end(&staging, true);
    return status;
}
