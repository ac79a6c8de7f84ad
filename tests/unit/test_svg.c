#include "train/evaluate/catalogue.h"
#include "train/evaluate/reportsections.h"
#include "train/evaluate/svg.h"
#include "train/evaluate/svgscale.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Test(svgscale, writes_round_numbers_within_the_axis)
{
    static const struct souk_scale scales[] = {{.low = 0, .high = 1},
                                               {.low = 0, .high = .0937},
                                               {.low = -3, .high = 17},
                                               {.low = 990, .high = 1010},
                                               {.low = 0, .high = 3.2e7},
                                               {.low = 1e-9, .high = 3e-9},
                                               {.low = 1, .high = 1000, .is_log = true},
                                               {.low = .002, .high = .9, .is_log = true}};
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        double ticks[SOUK_TICKS_MAX];
        const int count = souk_scale_ticks(&scales[i], 7, ticks);
        cr_expect(count >= 2 && count <= 7, "%zu: %d ticks", i, count);
        for (int t = 0; t < count; t++) {
            const double slack = 1e-9 * (scales[i].high - scales[i].low);
            cr_expect(ticks[t] >= scales[i].low - slack && ticks[t] <= scales[i].high + slack);
            cr_expect(t == 0 || ticks[t] > ticks[t - 1]);
        }
    }
    double ticks[SOUK_TICKS_MAX];
    cr_assert_eq(souk_scale_ticks(&scales[0], 6, ticks), 6);
    for (int t = 0; t < 6; t++)
        cr_expect_float_eq(ticks[t], .2 * t, 1e-12);
}

Test(svgscale, places_values_and_keeps_them_inside)
{
    const struct souk_scale linear = {.low = 0, .high = 10, .from = 100, .to = 0};
    const struct souk_scale log = {.low = 1, .high = 100, .from = 0, .to = 50, .is_log = true};
    cr_expect_float_eq(souk_scale_place(&linear, 5), 50, 1e-9);
    cr_expect_float_eq(souk_scale_place(&linear, -5), 100, 1e-9);
    cr_expect_float_eq(souk_scale_place(&linear, 50), 0, 1e-9);
    cr_expect_float_eq(souk_scale_place(&log, 10), 25, 1e-9);
    cr_expect_float_eq(souk_scale_place(&log, 0), 0, 1e-9);
}

Test(svgscale, writes_short_numbers)
{
    static const struct {
        double value;
        const char *text;
    } want[] = {{.05, "0.05"}, {12000, "12k"}, {2500000, "2.5M"}, {-3, "-3"}, {0, "0"}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        char text[24];
        souk_scale_number(want[i].value, 4, text);
        cr_expect_str_eq(text, want[i].text);
    }
}

/* Tags close in order; no number that is none reached a coordinate. */
static void expect_well_formed(const char *html)
{
    char open[64][16];
    int depth = 0;
    for (const char *at = strchr(html, '<'); at; at = strchr(at + 1, '<')) {
        const char *end = strchr(at, '>');
        char name[16] = "";
        cr_assert_not_null(end);
        sscanf(at + (at[1] == '/' ? 2 : 1), "%15[a-z0-9]", name);
        if (at[1] == '/') {
            cr_assert(depth > 0 && strcmp(open[depth - 1], name) == 0, "</%s> is not open", name);
            depth--;
        } else if (end[-1] != '/') {
            cr_assert(depth < 64);
            strcpy(open[depth++], name);
        }
    }
    cr_expect_eq(depth, 0);
    cr_expect_null(strstr(html, "nan"));
    cr_expect_null(strstr(html, "inf"));
}

Test(svg, draws_what_is_there_and_leaves_gaps)
{
    const double x[] = {1, 2, 3, 4}, y[] = {.1, NAN, .3, .2}, low[] = {0, 0, .2, .1},
                 high[] = {.2, .2, .4, .3}, empty[] = {NAN, NAN, NAN, NAN};
    const char *const names[] = {"a < b & \"c\"", "a name that is far too long for its place", "c",
                                 "d"};
    const struct souk_series series[] = {
        {.name = "one & two", .count = 4, .x = x, .y = y},
        {.name = "points",
         .mark = SOUK_MARK_POINTS,
         .colour = 1,
         .count = 4,
         .x = x,
         .y = y,
         .low = low,
         .high = high},
        {.mark = SOUK_MARK_AREA, .colour = 2, .count = 4, .x = x, .y = high},
        {.count = 4, .x = x, .y = empty}};
    char *html = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&html, &size);
    souk_svg_chart(f, &(struct souk_chart){.title = "<title>",
                                           .series = series,
                                           .series_count = 4,
                                           .has_rule = true,
                                           .rule_x = 2,
                                           .rule_name = "here"});
    souk_svg_chart(f, &(struct souk_chart){.title = "nothing"});
    souk_svg_chart(
        f, &(struct souk_chart){
               .title = "log", .x = {.is_log = true}, .series = &series[3], .series_count = 1});
    souk_svg_bars(
        f, &(struct souk_bars){
               .title = "bars", .count = 4, .names = names, .series = series, .series_count = 2});
    souk_svg_bars(f, &(struct souk_bars){.title = "no bars"});
    fclose(f);
    expect_well_formed(html);
    cr_expect_not_null(strstr(html, "&lt;title&gt;"));
    cr_expect_not_null(strstr(html, "a &lt; b &amp; &quot;c&quot;"));
    free(html);
}

Test(sections, show_what_they_are_given_and_nothing_else)
{
    const double rising[] = {.05, .1, .4}, recall[] = {.1, .2, .3, .4, .35, .6},
                 gap[] = {.1, .2, NAN};
    const int64_t cases[] = {100, 50, 7};
    const int size[] = {50, 500};
    const char *const names[] = {"als:score", "last seen", "price"};
    const struct souk_report_importance importance = {3, names, rising, rising, NULL, NULL};
    const bool guaranteed[] = {false, true, true};
    const struct souk_calibration_curve calibration = {
        .name = "<warm>", .count = 3, .predicted = rising, .observed = rising, .cases = cases};
    const struct souk_coverage_curve coverage = {.about = "of <them>",
                                                 .count = 3,
                                                 .alpha = rising,
                                                 .coverage = rising,
                                                 .kept = rising,
                                                 .guaranteed = guaranteed};
    const struct souk_coverage_curve nobody = {.name = "nobody"};
    const struct souk_candidate_recall candidates = {
        .sources = 3, .names = names, .sizes = 2, .size = size, .recall = recall, .added = gap};
    const struct souk_report_extras all = {
        &importance, {&calibration, NULL}, {&coverage, &nobody}, &candidates};
    char *html = NULL;
    size_t size_bytes = 0;
    FILE *f = open_memstream(&html, &size_bytes);
    souk_section_extras(f, NULL);
    souk_section_extras(f, &(struct souk_report_extras){0});
    fflush(f);
    cr_expect_eq(size_bytes, 0);
    souk_section_extras(f, &all);
    fclose(f);
    expect_well_formed(html);
    static const char *const titles[] = {"Candidates", "Features", "Probability", "Confidence"};
    for (int i = 0; i < 4; i++)
        cr_expect_not_null(strstr(html, titles[i]), "%s", titles[i]);
    cr_expect_not_null(strstr(html, "not guaranteed"));
    cr_expect_null(strstr(html, "nobody"));
    free(html);
}

Test(catalogue, deciles_keep_equal_items_together)
{
    int64_t many[100], min[10];
    const int64_t few[] = {9, 7, 7, 0, 0};
    for (int i = 0; i < 100; i++)
        many[i] = 1000 - i;
    souk_catalogue_deciles(many, 100, min);
    for (int d = 0; d < 10; d++)
        cr_expect_eq(min[d], 1000 - (10 * d + 9));
    souk_catalogue_deciles(few, 5, min);
    cr_expect_eq(min[0], 9);
    cr_expect_eq(min[9], 7, "hidden items are in no decile");
    souk_catalogue_deciles(NULL, 0, min);
    cr_expect_eq(min[0], 0);
}
