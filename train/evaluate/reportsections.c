#include "train/evaluate/reportsections.h"

#include "train/evaluate/svg.h"

#include <inttypes.h>
#include <math.h>

void souk_section_open(FILE *f, const char *title, const char *about)
{
    fputs("<section><h2>", f);
    souk_html_text(f, title);
    fputs("</h2>\n", f);
    if (about) {
        fputs("<p>", f);
        souk_html_text(f, about);
        fputs("</p>\n", f);
    }
}

void souk_section_close(FILE *f)
{
    fputs("</section>\n", f);
}

void souk_section_open_charts(FILE *f)
{
    fputs("<div class=\"charts\">\n", f);
}

void souk_section_close_charts(FILE *f)
{
    fputs("</div>\n", f);
}

enum { FEATURES_SHOWN = 25 };

static void draw_importance(FILE *f, const struct souk_report_importance *s, const char *title,
                            const double *values, bool as_percent)
{
    if (!values)
        return;
    const int count = s->count < FEATURES_SHOWN ? s->count : FEATURES_SHOWN;
    const struct souk_series series = {.count = count, .y = values};
    souk_svg_bars(f, &(struct souk_bars){.title = title,
                                         .about = count < s->count ? "the first 25" : NULL,
                                         .count = count,
                                         .names = s->names,
                                         .series = &series,
                                         .series_count = 1,
                                         .as_percent = as_percent});
}

void souk_section_importance(FILE *f, const struct souk_report_importance *s)
{
    char title[96];
    if (!s || s->count == 0)
        return;
    souk_section_open(
        f, "Features",
        s->permutation
            ? "What the ranker's trees gained from each feature, how often they split on it, and "
              "what the lists of some users lose when its values are shuffled: small losses, "
              "and gains, are chance."
            : "What the ranker's trees gained from each feature, and how often they split on it.");
    souk_section_open_charts(f);
    draw_importance(f, s, "Share of the gain", s->gain, true);
    draw_importance(f, s, "Share of the splits", s->splits, true);
    snprintf(title, sizeof title, "Loss of %.60s when shuffled",
             s->metric ? s->metric : "the metric");
    draw_importance(f, s, title, s->permutation, false);
    souk_section_close_charts(f);
    souk_section_close(f);
}

static void title_of_audience(char *text, size_t size, const char *what, const char *name)
{
    if (name)
        snprintf(text, size, "%s: %.40s", what, name);
    else
        snprintf(text, size, "%s", what);
}

static void open_table(FILE *f, const char *title, const char *const *columns, int count)
{
    fputs("<div class=\"wide\"><h3>", f);
    souk_html_text(f, title);
    fputs("</h3><table><thead><tr>", f);
    for (int i = 0; i < count; i++)
        fprintf(f, "<th>%s</th>", columns[i]);
    fputs("</tr></thead><tbody>\n", f);
}

static void close_table(FILE *f)
{
    fputs("</tbody></table></div>\n", f);
}

/* A figure of four digits, or a dash. */
static void put_figure(FILE *f, double value)
{
    if (isfinite(value))
        fprintf(f, "<td>%.4f</td>", value);
    else
        fputs("<td>-</td>", f);
}

/* ---- calibration ---- */

static void draw_bins(FILE *f, const struct souk_calibration_curve *s)
{
    char title[64];
    double top = 0;
    const struct souk_series series[] = {
        {.name = "observed",
         .mark = SOUK_MARK_POINTS,
         .count = s->count,
         .x = s->predicted,
         .y = s->observed,
         .low = s->low,
         .high = s->high},
        {.mark = SOUK_MARK_LINE, .count = s->count, .x = s->predicted, .y = s->observed}};
    for (int i = 0; i < s->count; i++) {
        top = s->predicted[i] > top ? s->predicted[i] : top;
        top = s->observed[i] > top ? s->observed[i] : top;
        top = s->high && s->high[i] > top ? s->high[i] : top;
    }
    title_of_audience(title, sizeof title, "Stated and observed", s->name);
    souk_svg_chart(f, &(struct souk_chart){.title = title,
                                           .x = {"stated probability", 0, top, false},
                                           .y = {"share that was wanted", 0, top, false},
                                           .series = series,
                                           .series_count = 2,
                                           .has_diagonal = true});
}

static void table_of_bins(FILE *f, const struct souk_calibration_curve *s)
{
    static const char *const columns[] = {"stated", "observed", "candidates"};
    char title[64];
    title_of_audience(title, sizeof title, "By stated probability", s->name);
    open_table(f, title, columns, 3);
    for (int i = 0; i < s->count; i++)
        fprintf(f, "<tr><th>%.4f</th><td>%.4f</td><td>%" PRId64 "</td></tr>\n", s->predicted[i],
                s->observed[i], s->cases[i]);
    close_table(f);
}

void souk_section_calibration(FILE *f, const struct souk_calibration_curve *const *curves,
                              int count)
{
    int drawn = 0;
    for (int i = 0; i < count; i++)
        drawn += curves[i] && curves[i]->count > 0;
    if (drawn == 0)
        return;
    souk_section_open(f, "Probability",
                      "Of the candidates with a stated probability of p, a share of p should be "
                      "wanted: points on the dashed line. Above it the model is too careful, below "
                      "it too sure. Each point stands for about as many wanted candidates.");
    souk_section_open_charts(f);
    for (int i = 0; i < count; i++)
        if (curves[i] && curves[i]->count > 0)
            draw_bins(f, curves[i]);
    souk_section_close_charts(f);
    for (int i = 0; i < count; i++)
        if (curves[i] && curves[i]->count > 0)
            table_of_bins(f, curves[i]);
    souk_section_close(f);
}

/* ---- coverage ---- */

static void draw_coverage(FILE *f, const struct souk_coverage_curve *s)
{
    char title[64];
    const double last = s->alpha[s->count - 1];
    const struct souk_series coverage[] = {{.name = "observed",
                                            .mark = SOUK_MARK_POINTS,
                                            .count = s->count,
                                            .x = s->alpha,
                                            .y = s->coverage,
                                            .low = s->low,
                                            .high = s->high},
                                           {.name = "1 - min_confidence",
                                            .mark = SOUK_MARK_LINE,
                                            .colour = 1,
                                            .dashed = true,
                                            .count = 2,
                                            .x = (const double[]){0, last},
                                            .y = (const double[]){1, 1 - last}}};
    const struct souk_series kept = {.count = s->count, .x = s->alpha, .y = s->kept};
    title_of_audience(title, sizeof title, "Coverage", s->name);
    souk_svg_chart(f, &(struct souk_chart){.title = title,
                                           .about = "share of the wanted candidates that are kept",
                                           .x = {"min_confidence", 0, last, false},
                                           .y = {"coverage", 0, 1, false},
                                           .series = coverage,
                                           .series_count = 2});
    title_of_audience(title, sizeof title, "Kept", s->name);
    souk_svg_chart(f, &(struct souk_chart){.title = title,
                                           .about = "candidates of a user that are kept, mean",
                                           .x = {"min_confidence", 0, last, false},
                                           .y = {.label = "candidates"},
                                           .series = &kept,
                                           .series_count = 1});
}

static void table_of_coverage(FILE *f, const struct souk_coverage_curve *s)
{
    static const char *const columns[] = {"min_confidence", "coverage", "kept"};
    char title[64];
    title_of_audience(title, sizeof title, "Kept sets", s->name);
    open_table(f, title, columns, 3);
    for (int i = 0; i < s->count; i++) {
        fprintf(f, "<tr><th>%g%s</th><td>%.4f", s->alpha[i],
                s->guaranteed[i] ? "" : " <small>not guaranteed</small>", s->coverage[i]);
        if (s->low && isfinite(s->low[i]))
            fprintf(f, "<small>%.4f to %.4f</small>", s->low[i], s->high[i]);
        fprintf(f, "</td><td>%.1f</td></tr>\n", s->kept[i]);
    }
    close_table(f);
    if (s->about) {
        fputs("<p class=\"soft\">", f);
        souk_html_text(f, s->about);
        fputs("</p>\n", f);
    }
}

void souk_section_coverage(FILE *f, const struct souk_coverage_curve *const *curves, int count)
{
    int drawn = 0;
    for (int i = 0; i < count; i++)
        drawn += curves[i] && curves[i]->count > 0;
    if (drawn == 0)
        return;
    souk_section_open(
        f, "Confidence",
        "What min_confidence keeps. To users exchangeable with those of the "
        "calibration, 1 - min_confidence of the wanted candidates are promised; users "
        "of a later month are not, and their coverage is measured here.");
    souk_section_open_charts(f);
    for (int i = 0; i < count; i++)
        if (curves[i] && curves[i]->count > 0)
            draw_coverage(f, curves[i]);
    souk_section_close_charts(f);
    for (int i = 0; i < count; i++)
        if (curves[i] && curves[i]->count > 0)
            table_of_coverage(f, curves[i]);
    souk_section_close(f);
}

/* ---- candidates ---- */

/* A source a row, since they may be more than there are colours. */
static void table_of_sources(FILE *f, const struct souk_candidate_recall *s)
{
    fputs("<div class=\"wide\"><table><thead><tr><th>source</th>", f);
    for (int k = 0; k < s->sizes; k++)
        fprintf(f, "<th>@%d</th>", s->size[k]);
    fprintf(f, "%s%s%s</tr></thead><tbody>\n", s->items ? "<th>items</th>" : "",
            s->asked ? "<th>as asked</th>" : "", s->added ? "<th>adds</th>" : "");
    for (int i = 0; i < s->sources; i++) {
        fputs("<tr><th>", f);
        souk_html_text(f, s->names[i]);
        fputs("</th>", f);
        for (int k = 0; k < s->sizes; k++)
            put_figure(f, s->recall[i * s->sizes + k]);
        if (s->items)
            fprintf(f, "<td>%.1f</td>", s->items[i]);
        if (s->asked)
            put_figure(f, s->asked[i]);
        if (s->added)
            put_figure(f, s->added[i]);
        fputs("</tr>\n", f);
    }
    close_table(f);
}

static void draw_sources(FILE *f, const struct souk_candidate_recall *s, const char *title,
                         const char *about, const double *values, int count)
{
    const struct souk_series series = {.count = count, .y = values};
    if (values)
        souk_svg_bars(f, &(struct souk_bars){.title = title,
                                             .about = about,
                                             .count = count,
                                             .names = s->names,
                                             .series = &series,
                                             .series_count = 1,
                                             .as_percent = true});
}

void souk_section_candidates(FILE *f, const struct souk_candidate_recall *s)
{
    if (!s || s->sources == 0 || s->sizes == 0)
        return;
    souk_section_open(
        f, "Candidates",
        "Share of what users wanted that is among the candidates of each source: the ranker cannot "
        "recommend what no source brings. Sets of k: the first k items of a source's lists, taken "
        "in turn. As asked: what the model takes of it, which is what is ranked.");
    souk_section_open_charts(f);
    draw_sources(f, s, "Recall as asked", NULL, s->asked, s->sources);
    draw_sources(f, s, "What a source adds", "recall that would be lost without it", s->added,
                 s->sources - 1);
    souk_section_close_charts(f);
    table_of_sources(f, s);
    souk_section_close(f);
}

void souk_section_extras(FILE *f, const struct souk_report_extras *extras)
{
    if (!extras)
        return;
    souk_section_candidates(f, extras->candidates);
    souk_section_importance(f, extras->importance);
    souk_section_coverage(f, extras->coverage, SOUK_REPORT_AUDIENCES);
    souk_section_calibration(f, extras->calibration, SOUK_REPORT_AUDIENCES);
}
