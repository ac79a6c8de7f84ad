/** @file
 *  Charts as inline SVG, one <figure> each: curves over two axes, and horizontal bars.
 *
 *  Colours come from the page's style sheet (classes s0 to s3), so that a chart is right in the
 *  light, in the dark and on paper; series differ in their dashes as well. Text is escaped. Nothing
 *  is checked here for errors of the stream: the caller asks ferror() at the end.
 */
#ifndef SOUK_EVALUATE_SVG_H
#define SOUK_EVALUATE_SVG_H

#include <stdbool.h>
#include <stdio.h>

enum souk_mark {
    SOUK_MARK_LINE,
    SOUK_MARK_AREA, /**< steps between x and the next x, filled: a histogram */
    SOUK_MARK_POINTS,
};

enum { SOUK_SERIES_MAX = 4 };

struct souk_series {
    const char *name; /**< in the key; NULL: not there */
    enum souk_mark mark;
    int colour; /**< 0 to 3 */
    bool dashed;
    int count;
    const double *x, *y;      /**< [count], x ascending; what is not finite is left out */
    const double *low, *high; /**< [count] a band, or error bars of points; NULL: none */
};

struct souk_axis {
    const char *label;
    double low, high; /**< both 0: as the data */
    bool is_log;
};

struct souk_chart {
    const char *title, *about; /**< about: one sentence below the title; may be NULL */
    struct souk_axis x, y;
    const struct souk_series *series;
    int series_count;
    bool has_rule; /**< a vertical line at rule_x */
    double rule_x;
    const char *rule_name;
    bool has_diagonal; /**< from one corner to the other: chance, or perfect calibration */
};

void souk_svg_chart(FILE *f, const struct souk_chart *chart);

/** Horizontal bars from 0, one group a name. */
struct souk_bars {
    const char *title, *about;
    int count;
    const char *const *names;         /**< [count] */
    const struct souk_series *series; /**< x is not read; y >= 0; NaN leaves a gap; low and high are
                                           error bars */
    int series_count;
    bool as_percent; /**< y is a share */
};

void souk_svg_bars(FILE *f, const struct souk_bars *bars);

/** Text for HTML, with &, <, > and quotes escaped. */
void souk_html_text(FILE *f, const char *text);

#endif
