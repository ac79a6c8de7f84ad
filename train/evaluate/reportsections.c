#include "train/evaluate/reportsections.h"

#include "train/evaluate/svg.h"

#include <inttypes.h>
#include <stdbool.h>

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
        "What the ranker's trees gained from each feature, how often they split on it, "
        "and what the lists lose when its values are shuffled.");
    souk_section_open_charts(f);
    draw_importance(f, s, "Share of the gain", s->gain, true);
    draw_importance(f, s, "Share of the splits", s->splits, true);
    snprintf(title, sizeof title, "Loss of %.60s when shuffled",
             s->metric ? s->metric : "the metric");
    draw_importance(f, s, title, s->permutation, false);
    souk_section_close_charts(f);
    souk_section_close(f);
}

static void table_of_bins(FILE *f, const struct souk_calibration_curve *s)
{
    fputs("<div class=\"wide\"><table><thead><tr><th>probability</th><th>true</th><th>cases</th>"
          "</tr></thead><tbody>\n",
          f);
    for (int i = 0; i < s->count; i++)
        fprintf(f, "<tr><th>%.4f</th><td>%.4f</td><td>%" PRId64 "</td></tr>\n", s->predicted[i],
                s->observed[i], s->cases[i]);
    fputs("</tbody></table></div>\n", f);
}

void souk_section_calibration(FILE *f, const struct souk_calibration_curve *s)
{
    if (!s || s->count == 0)
        return;
    const struct souk_series series[] = {
        {.name = "observed",
         .mark = SOUK_MARK_POINTS,
         .count = s->count,
         .x = s->predicted,
         .y = s->observed,
         .low = s->low,
         .high = s->high},
        {.mark = SOUK_MARK_LINE, .count = s->count, .x = s->predicted, .y = s->observed}};
    double top = 0;
    for (int i = 0; i < s->count; i++) {
        top = s->predicted[i] > top ? s->predicted[i] : top;
        top = s->observed[i] > top ? s->observed[i] : top;
        top = s->high && s->high[i] > top ? s->high[i] : top;
    }
    souk_section_open(f, "Calibration",
                      "Of the items with a stated probability of p, a share of p should be wanted: "
                      "points on the dashed line. Above it the model is too careful, below it too "
                      "sure.");
    souk_section_open_charts(f);
    souk_svg_chart(f, &(struct souk_chart){.title = "Stated and observed",
                                           .x = {"stated probability", 0, top, false},
                                           .y = {"share that was wanted", 0, top, false},
                                           .series = series,
                                           .series_count = 2,
                                           .has_diagonal = true});
    souk_section_close_charts(f);
    table_of_bins(f, s);
    souk_section_close(f);
}

void souk_section_coverage(FILE *f, const struct souk_coverage_curve *s)
{
    double promised[64];
    if (!s || s->count == 0)
        return;
    const int count = s->count < 64 ? s->count : 64;
    for (int i = 0; i < count; i++)
        promised[i] = 1 - s->alpha[i];
    const struct souk_series coverage[] = {{.name = "observed",
                                            .mark = SOUK_MARK_POINTS,
                                            .count = count,
                                            .x = s->alpha,
                                            .y = s->coverage,
                                            .low = s->low,
                                            .high = s->high},
                                           {.name = "promised",
                                            .mark = SOUK_MARK_LINE,
                                            .colour = 1,
                                            .dashed = true,
                                            .count = count,
                                            .x = s->alpha,
                                            .y = promised}};
    const struct souk_series kept = {.count = count, .x = s->alpha, .y = s->kept};
    souk_section_open(f, "Confidence", s->guarantee);
    souk_section_open_charts(f);
    souk_svg_chart(f, &(struct souk_chart){.title = "Coverage",
                                           .about = "share of the wanted candidates that are kept",
                                           .x = {.label = "alpha"},
                                           .y = {"coverage", 0, 1, false},
                                           .series = coverage,
                                           .series_count = 2});
    if (s->kept)
        souk_svg_chart(f, &(struct souk_chart){.title = "Size of the kept set",
                                               .about = "items of a user, mean",
                                               .x = {.label = "alpha"},
                                               .y = {.label = "items"},
                                               .series = &kept,
                                               .series_count = 1});
    souk_section_close_charts(f);
    souk_section_close(f);
}

/* A source a row, since they may be more than there are colours. */
static void table_of_sources(FILE *f, const struct souk_candidate_recall *s)
{
    fputs("<div class=\"wide\"><table><thead><tr><th>source</th>", f);
    for (int k = 0; k < s->sizes; k++)
        fprintf(f, "<th>@%d</th>", s->size[k]);
    fputs(s->added ? "<th>adds</th></tr></thead><tbody>\n" : "</tr></thead><tbody>\n", f);
    for (int i = 0; i < s->sources; i++) {
        fputs("<tr><th>", f);
        souk_html_text(f, s->names[i]);
        fputs("</th>", f);
        for (int k = 0; k < s->sizes; k++)
            fprintf(f, "<td>%.4f</td>", s->recall[i * s->sizes + k]);
        if (s->added)
            fprintf(f, "<td>%.4f</td>", s->added[i]);
        fputs("</tr>\n", f);
    }
    fputs("</tbody></table></div>\n", f);
}

void souk_section_candidates(FILE *f, const struct souk_candidate_recall *s)
{
    double largest[64];
    if (!s || s->sources == 0 || s->sizes == 0)
        return;
    const int count = s->sources < 64 ? s->sources : 64;
    for (int i = 0; i < count; i++)
        largest[i] = s->recall[i * s->sizes + s->sizes - 1];
    const struct souk_series series = {.count = count, .y = largest};
    souk_section_open(f, "Candidates",
                      "Share of what users wanted that is among the candidates of each source: the "
                      "ranker cannot recommend what no source brings.");
    souk_section_open_charts(f);
    souk_svg_bars(f, &(struct souk_bars){.title = "Recall of the largest set",
                                         .count = count,
                                         .names = s->names,
                                         .series = &series,
                                         .series_count = 1,
                                         .as_percent = true});
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
    souk_section_calibration(f, extras->calibration);
    souk_section_coverage(f, extras->coverage);
}
