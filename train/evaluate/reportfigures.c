#include "train/evaluate/reportfigures.h"

#include "train/evaluate/reportsections.h"
#include "train/evaluate/svg.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *name_of(const struct souk_report *r, bool is_other)
{
    return is_other ? r->other_name : r->other ? "this model" : NULL;
}

/* ---- at every length ---- */

static void draw_length(const struct souk_report *r, FILE *f, const char *title, const char *about,
                        const double *mine, const double *its)
{
    double k[SOUK_K_MAX];
    const int depth = r->answer->curves.depth;
    for (int i = 0; i < depth; i++)
        k[i] = i + 1;
    const struct souk_series series[] = {
        {.name = name_of(r, false), .count = depth, .x = k, .y = mine},
        {.name = name_of(r, true), .count = depth, .colour = 1, .dashed = true, .x = k, .y = its}};
    souk_svg_chart(f, &(struct souk_chart){.title = title,
                                           .about = about,
                                           .x = {"k, length of the list", 1, fmax(depth, 2), false},
                                           .series = series,
                                           .series_count = its ? 2 : 1});
}

void souk_figures_of_lengths(const struct souk_report *r, FILE *f)
{
    const struct souk_curves *a = &r->answer->curves, *b = r->other ? &r->other->curves : NULL;
    souk_section_open(f, "Lists by length",
                      "Means over users and items in training, for lists of every length.");
    souk_section_open_charts(f);
    draw_length(r, f, "Recall at k", "share of what a user wanted", a->recall,
                b ? b->recall : NULL);
    draw_length(r, f, "Precision at k", "share of the list that was wanted", a->precision,
                b ? b->precision : NULL);
    draw_length(r, f, "NDCG at k", "order of the list, 1 is best", a->ndcg, b ? b->ndcg : NULL);
    draw_length(r, f, "Hit rate at k", "share of users with a hit", a->hit_rate,
                b ? b->hit_rate : NULL);
    souk_section_close_charts(f);
    souk_section_close(f);
}

/* ---- over all candidates ---- */

/* Rates at the operating points, from nothing recommended on. */
struct rates {
    int count;
    double recall[SOUK_OPERATING_POINTS_MAX + 1], precision[SOUK_OPERATING_POINTS_MAX + 1];
    double false_alarms[SOUK_OPERATING_POINTS_MAX + 2], roc_recall[SOUK_OPERATING_POINTS_MAX + 2];
    double threshold[SOUK_OPERATING_POINTS_MAX + 1], f1[SOUK_OPERATING_POINTS_MAX + 1];
};

static void rates_of(const struct souk_discrimination *d, struct rates *out)
{
    *out = (struct rates){.count = d->point_count};
    for (int i = 0; i < d->point_count; i++) {
        const struct souk_operating_point *p = &d->points[i];
        out->recall[i] = (double)p->hits / (double)d->positives;
        out->precision[i] = (double)p->hits / (double)(p->hits + p->false_alarms);
        out->f1[i] = souk_operating_f1(p, d->positives);
        out->threshold[i] = p->threshold;
        out->false_alarms[i + 1] = (double)p->false_alarms / (double)d->negatives;
        out->roc_recall[i + 1] = out->recall[i];
    }
    out->false_alarms[d->point_count + 1] = out->roc_recall[d->point_count + 1] = 1;
}

static void draw_roc(const struct souk_report *r, FILE *f, const struct rates *a,
                     const struct rates *b)
{
    char about[96];
    const struct souk_series series[] = {{.name = name_of(r, false),
                                          .count = a->count + 2,
                                          .x = a->false_alarms,
                                          .y = a->roc_recall},
                                         {.name = name_of(r, true),
                                          .colour = 1,
                                          .dashed = true,
                                          .count = b->count + 2,
                                          .x = b->false_alarms,
                                          .y = b->roc_recall}};
    snprintf(about, sizeof about, "area %.4f; the dashed diagonal is chance",
             r->answer->discrimination.roc_auc);
    souk_svg_chart(f, &(struct souk_chart){.title = "ROC",
                                           .about = about,
                                           .x = {"share of the others above", 0, 1, false},
                                           .y = {"recall", 0, 1, false},
                                           .series = series,
                                           .series_count = r->other ? 2 : 1,
                                           .has_diagonal = true});
}

/* The first hundredth of recall is a matter of few hits, and would set the scale for all. */
static void skip_first(struct souk_series *s)
{
    while (s->count > 20 && s->x[0] < .01) {
        s->x++;
        s->y++;
        s->count--;
    }
}

static void draw_pr(const struct souk_report *r, FILE *f, const struct rates *a,
                    const struct rates *b)
{
    const struct souk_discrimination *d = &r->answer->discrimination;
    char about[96];
    struct souk_series series[] = {
        {.name = name_of(r, false), .count = a->count, .x = a->recall, .y = a->precision},
        {.name = name_of(r, true),
         .colour = 1,
         .dashed = true,
         .count = b->count,
         .x = b->recall,
         .y = b->precision}};
    skip_first(&series[0]);
    skip_first(&series[1]);
    snprintf(about, sizeof about, "average precision %.4f; chance %.4f", d->average_precision,
             (double)d->positives / (double)(d->positives + d->negatives));
    souk_svg_chart(f, &(struct souk_chart){.title = "Precision and recall",
                                           .about = about,
                                           .x = {"recall", 0, 1, false},
                                           .y = {.label = "precision"},
                                           .series = series,
                                           .series_count = r->other ? 2 : 1});
}

/* Thresholds descend in the points, and must ascend on the axis. */
static void reverse(double *values, int count)
{
    for (int i = 0; i < count / 2; i++) {
        const double value = values[i];
        values[i] = values[count - 1 - i];
        values[count - 1 - i] = value;
    }
}

static void draw_thresholds(const struct souk_report *r, FILE *f, struct rates *a)
{
    const struct souk_discrimination *d = &r->answer->discrimination;
    reverse(a->threshold, a->count);
    reverse(a->precision, a->count);
    reverse(a->recall, a->count);
    reverse(a->f1, a->count);
    const struct souk_series series[] = {
        {.name = "recall", .count = a->count, .x = a->threshold, .y = a->recall},
        {.name = "precision",
         .colour = 1,
         .dashed = true,
         .count = a->count,
         .x = a->threshold,
         .y = a->precision},
        {.name = "F1", .colour = 2, .count = a->count, .x = a->threshold, .y = a->f1}};
    souk_svg_chart(f, &(struct souk_chart){.title = "Where to set a threshold",
                                           .about = "of what scores at least this much",
                                           .x = {.label = "score"},
                                           .y = {NULL, 0, 1, false},
                                           .series = series,
                                           .series_count = 3,
                                           .has_rule = true,
                                           .rule_x = d->best_f1.threshold,
                                           .rule_name = "best F1"});
}

static void row_of_confusion(FILE *f, const char *name, const struct souk_operating_point *p,
                             const struct souk_discrimination *d)
{
    fprintf(f,
            "<tr><th>%s</th><td>%.4g</td><td>%" PRId64 "</td><td>%" PRId64 "</td><td>%" PRId64
            "</td><td>%" PRId64 "</td><td>%.4f</td><td>%.4f</td><td>%.4f</td></tr>\n",
            name, p->threshold, p->hits, p->false_alarms, d->positives - p->hits,
            d->negatives - p->false_alarms, (double)p->hits / (double)(p->hits + p->false_alarms),
            (double)p->hits / (double)d->positives, souk_operating_f1(p, d->positives));
}

/* The point of least recall that is at least `recall`. */
static const struct souk_operating_point *point_of_recall(const struct souk_discrimination *d,
                                                          double recall)
{
    int i = 0;
    while (i + 1 < d->point_count && (double)d->points[i].hits < recall * (double)d->positives)
        i++;
    return &d->points[i];
}

static void table_of_confusion(const struct souk_discrimination *d, FILE *f)
{
    fputs("<div class=\"wide\"><h3>Confusion by threshold</h3><table><thead><tr><th>threshold</th>"
          "<th>score</th><th>hits</th><th>false alarms</th><th>misses</th><th>correct "
          "rejections</th><th>precision</th><th>recall</th><th>F1</th></tr></thead><tbody>\n",
          f);
    row_of_confusion(f, "best F1", &d->best_f1, d);
    row_of_confusion(f, "best Youden's J", &d->best_youden, d);
    for (int percent = 10; percent <= 90; percent += 20) {
        char name[32];
        snprintf(name, sizeof name, "recall of %d %%", percent);
        row_of_confusion(f, name, point_of_recall(d, percent / 100.0), d);
    }
    fputs("</tbody></table></div>\n", f);
}

void souk_figures_of_candidates(const struct souk_report *r, FILE *f)
{
    const struct souk_discrimination *d = &r->answer->discrimination;
    struct rates a, b = {0};
    char about[256];
    if (d->point_count == 0)
        return;
    rates_of(d, &a);
    if (r->other)
        rates_of(&r->other->discrimination, &b);
    snprintf(about, sizeof about,
             "Every candidate of every user, pooled: %" PRId64 " wanted, %" PRId64
             " others. Within a user the area under the ROC is %.4f in the mean.",
             d->positives, d->negatives, d->user_auc);
    souk_section_open(f, "All candidates", about);
    souk_section_open_charts(f);
    draw_roc(r, f, &a, &b);
    draw_pr(r, f, &a, &b);
    draw_thresholds(r, f, &a);
    souk_section_close_charts(f);
    table_of_confusion(d, f);
    souk_section_close(f);
}

/* ---- scores ---- */

void souk_figures_of_scores(const struct souk_report *r, FILE *f)
{
    const struct souk_curves *c = &r->answer->curves;
    double score[SOUK_SCORE_BINS], hits[SOUK_SCORE_BINS], others[SOUK_SCORE_BINS];
    int64_t all_hits = 0, all_others = 0;
    for (int b = 0; b < SOUK_SCORE_BINS; b++) {
        all_hits += c->hits[b];
        all_others += c->others[b];
        score[b] = c->low + (c->high - c->low) * b / SOUK_SCORE_BINS;
    }
    for (int b = 0; b < SOUK_SCORE_BINS; b++) {
        hits[b] = all_hits > 0 ? (double)c->hits[b] / (double)all_hits : 0;
        others[b] = all_others > 0 ? (double)c->others[b] / (double)all_others : 0;
    }
    const struct souk_series series[] = {
        {.name = "hits", .mark = SOUK_MARK_AREA, .count = SOUK_SCORE_BINS, .x = score, .y = hits},
        {.name = "others",
         .mark = SOUK_MARK_AREA,
         .colour = 1,
         .dashed = true,
         .count = SOUK_SCORE_BINS,
         .x = score,
         .y = others}};
    char about[128];
    snprintf(about, sizeof about, "%" PRId64 " hits and %" PRId64 " others, each scaled to 1",
             all_hits, all_others);
    souk_section_open(
        f, "Scores",
        "Of the recommended items: the further right the hits stand of the others, the "
        "more a score says.");
    souk_section_open_charts(f);
    souk_svg_chart(f, &(struct souk_chart){.title = "Scores of hits and of others",
                                           .about = about,
                                           .x = {"score", c->low, c->high, false},
                                           .y = {.label = "share"},
                                           .series = series,
                                           .series_count = 2});
    souk_section_close_charts(f);
    souk_section_close(f);
}

/* ---- slices ---- */

/* A slice's NDCG; NaN where it has no user, so that it leaves a gap. */
static double ndcg_of(const struct souk_report *r, const struct souk_answer *a, int set)
{
    const int last = r->cutoffs->count - 1;
    return a->summary.sets[set].figures[last * SOUK_METRICS + SOUK_METRIC_NDCG].mean;
}

static void draw_group(const struct souk_report *r, FILE *f, const char *group, const char *title)
{
    const char *names[SOUK_SETS];
    char text[SOUK_SETS][48];
    double mine[SOUK_SETS], its[SOUK_SETS];
    int count = 0;
    for (int set = SOUK_SETS_MAIN; set < SOUK_SETS; set++) {
        if (strcmp(souk_sets[set].group, group) != 0 || r->answer->summary.sets[set].users == 0)
            continue;
        snprintf(text[count], sizeof text[count], "%s (%" PRId64 ")", souk_sets[set].name,
                 r->answer->summary.sets[set].users);
        names[count] = text[count];
        mine[count] = ndcg_of(r, r->answer, set);
        its[count++] = r->other ? ndcg_of(r, r->other, set) : NAN;
    }
    const struct souk_series series[] = {
        {.name = name_of(r, false), .count = count, .y = mine},
        {.name = name_of(r, true), .colour = 1, .count = count, .y = its}};
    if (count > 0)
        souk_svg_bars(f, &(struct souk_bars){.title = title,
                                             .count = count,
                                             .names = names,
                                             .series = series,
                                             .series_count = r->other ? 2 : 1});
}

void souk_figures_of_slices(const struct souk_report *r, FILE *f)
{
    char title[48];
    snprintf(title, sizeof title, "NDCG@%d by slice", r->cutoffs->k[r->cutoffs->count - 1]);
    souk_section_open(f, title,
                      "Behind a name: the users in the slice. A slice of items counts only targets "
                      "of that kind.");
    souk_section_open_charts(f);
    draw_group(r, f, "users", "Users, in training or not");
    draw_group(r, f, "items", "Targets, in training or not");
    draw_group(r, f, "history", "Items in the user's history");
    draw_group(r, f, "popularity", "Training events of the target");
    draw_group(r, f, "decile", "Popularity decile of the target, 1 the most popular");
    souk_section_close_charts(f);
    souk_section_close(f);
}

void souk_figures_of_popularity(const struct souk_report *r, FILE *f)
{
    static const char *const names[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"};
    const struct souk_curves *c = &r->answer->curves;
    const struct souk_series series[] = {
        {.name = "recommended", .count = SOUK_DECILES, .y = c->recommended},
        {.name = "wanted", .colour = 1, .count = SOUK_DECILES, .y = c->wanted},
        {.name = "in training", .colour = 2, .count = SOUK_DECILES, .y = c->trained}};
    const struct souk_series other = {
        .colour = 0, .count = SOUK_DECILES, .y = r->other ? r->other->curves.recommended : NULL};
    char title[128];
    souk_section_open(f, "Popularity",
                      "Tenths of the items by their training events, 1 the most popular: how the "
                      "recommendations, the targets and the training events spread over them.");
    souk_section_open_charts(f);
    souk_svg_bars(f, &(struct souk_bars){.title = "Share by popularity decile",
                                         .count = SOUK_DECILES,
                                         .names = names,
                                         .series = series,
                                         .series_count = 3,
                                         .as_percent = true});
    snprintf(title, sizeof title, "Recommended by %.80s", r->other_name ? r->other_name : "");
    if (r->other)
        souk_svg_bars(f, &(struct souk_bars){.title = title,
                                             .count = SOUK_DECILES,
                                             .names = names,
                                             .series = &other,
                                             .series_count = 1,
                                             .as_percent = true});
    souk_section_close_charts(f);
    souk_section_close(f);
}
