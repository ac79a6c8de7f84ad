#include "train/evaluate/svg.h"

#include "train/evaluate/svgscale.h"

#include <math.h>
#include <string.h>

/* Of a chart, in units of its own; the page stretches it to the width that there is. */
enum { WIDTH = 350, HEIGHT = 235, LEFT = 48, RIGHT = 10, TOP = 10, BOTTOM = 40 };
/* Of bars. */
enum { NAME_WIDTH_MAX = 140, LETTER_WIDTH = 7, VALUE_WIDTH = 54, BAR = 13, GAP = 9 };
enum { NAME_LETTERS_MAX = 23 }; /* longer names are squeezed into the width */

void souk_html_text(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            fputs("&amp;", f);
        else if (*text == '<')
            fputs("&lt;", f);
        else if (*text == '>')
            fputs("&gt;", f);
        else if (*text == '"')
            fputs("&quot;", f);
        else
            fputc(*text, f);
    }
}

static void open_figure(FILE *f, const char *title, const char *about)
{
    fputs("<figure><figcaption>", f);
    souk_html_text(f, title);
    if (about) {
        fputs(" <small>", f);
        souk_html_text(f, about);
        fputs("</small>", f);
    }
    fputs("</figcaption>\n", f);
}

static void open_svg(FILE *f, int height, const char *title)
{
    fprintf(f, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, height);
    souk_html_text(f, title);
    fputs("\">\n", f);
}

static void close_figure(FILE *f, const struct souk_series *series, int count)
{
    fputs("</svg>\n", f);
    bool open = false;
    for (int s = 0; s < count; s++) {
        if (!series[s].name)
            continue;
        if (!open)
            fputs("<p class=\"key\">", f);
        open = true;
        fprintf(f, "<span><svg viewBox=\"0 0 24 8\"><path class=\"s%d%s\" d=\"M0 4H24\"/></svg>",
                series[s].colour, series[s].dashed ? " dash" : "");
        souk_html_text(f, series[s].name);
        fputs("</span> ", f);
    }
    fputs(open ? "</p></figure>\n" : "</figure>\n", f);
}

static void text_at(FILE *f, double x, double y, const char *class, const char *text)
{
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
    souk_html_text(f, text);
    fputs("</text>\n", f);
}

static void line_at(FILE *f, double x1, double y1, double x2, double y2, const char *class)
{
    fprintf(f, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, x1, y1, x2, y2);
}

/* ---- curves ---- */

struct frame {
    FILE *f;
    struct souk_scale x, y;
};

static bool is_drawn(const struct souk_series *s, int i)
{
    return isfinite(s->x[i]) && isfinite(s->y[i]);
}

/* Ends of an axis that the caller left to the data. */
static void fit(const struct souk_chart *c, bool vertical, struct souk_scale *scale)
{
    double low = INFINITY, high = -INFINITY;
    for (int s = 0; s < c->series_count; s++) {
        const struct souk_series *series = &c->series[s];
        for (int i = 0; i < series->count; i++) {
            if (!is_drawn(series, i))
                continue;
            const double value = vertical ? series->y[i] : series->x[i];
            low = fmin(low, vertical && series->low ? series->low[i] : value);
            high = fmax(high, vertical && series->high ? series->high[i] : value);
        }
    }
    if (vertical && !scale->is_log)
        low = fmin(low, 0);
    if (!isfinite(low) || !isfinite(high))
        low = scale->is_log ? 1 : 0, high = low + 1;
    if (!(high > low))
        high = low != 0 ? low + fabs(low) : 1;
    scale->low = low;
    scale->high = high;
}

static struct souk_scale scale_of(const struct souk_chart *c, bool vertical)
{
    const struct souk_axis *axis = vertical ? &c->y : &c->x;
    struct souk_scale s = {.low = axis->low, .high = axis->high, .is_log = axis->is_log};
    s.from = vertical ? HEIGHT - BOTTOM : LEFT;
    s.to = vertical ? TOP : WIDTH - RIGHT;
    if (axis->low == 0 && axis->high == 0)
        fit(c, vertical, &s);
    return s;
}

static void draw_axes(const struct frame *d, const struct souk_chart *c)
{
    double ticks[SOUK_TICKS_MAX];
    char text[24];
    int count = souk_scale_ticks(&d->y, 6, ticks);
    for (int i = 0; i < count; i++) {
        const double y = souk_scale_place(&d->y, ticks[i]);
        line_at(d->f, d->x.from, y, d->x.to, y, "grid");
        souk_scale_number(ticks[i], 4, text);
        text_at(d->f, d->x.from - 5, y + 4, "end", text);
    }
    count = souk_scale_ticks(&d->x, 7, ticks);
    for (int i = 0; i < count; i++) {
        const double x = souk_scale_place(&d->x, ticks[i]);
        line_at(d->f, x, d->y.from, x, d->y.from + 4, "axis");
        souk_scale_number(ticks[i], 4, text);
        text_at(d->f, x, d->y.from + 16, "mid", text);
    }
    line_at(d->f, d->x.from, d->y.from, d->x.to, d->y.from, "axis");
    if (c->x.label)
        text_at(d->f, (d->x.from + d->x.to) / 2, HEIGHT - 6, "mid label", c->x.label);
    if (c->y.label) {
        fprintf(d->f, "<text transform=\"translate(11 %.1f) rotate(-90)\" class=\"mid label\">",
                (d->y.from + d->y.to) / 2);
        souk_html_text(d->f, c->y.label);
        fputs("</text>\n", d->f);
    }
}

static void draw_band(const struct frame *d, const struct souk_series *s)
{
    if (s->count < 2)
        return;
    fprintf(d->f, "<path class=\"f%d\" d=\"", s->colour);
    for (int i = 0; i < s->count; i++)
        fprintf(d->f, "%c%.1f %.1f", i ? 'L' : 'M', souk_scale_place(&d->x, s->x[i]),
                souk_scale_place(&d->y, s->high[i]));
    for (int i = s->count; i-- > 0;)
        fprintf(d->f, "L%.1f %.1f", souk_scale_place(&d->x, s->x[i]),
                souk_scale_place(&d->y, s->low[i]));
    fputs("Z\"/>\n", d->f);
}

static void draw_line(const struct frame *d, const struct souk_series *s)
{
    bool pen_down = false;
    if (s->low && s->high)
        draw_band(d, s);
    fprintf(d->f, "<path class=\"s%d%s\" d=\"", s->colour, s->dashed ? " dash" : "");
    for (int i = 0; i < s->count; i++) {
        if (!is_drawn(s, i)) {
            pen_down = false;
            continue;
        }
        fprintf(d->f, "%c%.1f %.1f", pen_down ? 'L' : 'M', souk_scale_place(&d->x, s->x[i]),
                souk_scale_place(&d->y, s->y[i]));
        pen_down = true;
    }
    fputs("\"/>\n", d->f);
}

/* A histogram: y[i] holds from x[i] to x[i + 1], the last as wide as the one before. */
static void draw_area(const struct frame *d, const struct souk_series *s)
{
    if (s->count < 2)
        return;
    for (int fill = 1; fill >= 0; fill--) {
        fprintf(d->f, "<path class=\"%c%d%s\" d=\"M%.1f %.1f", fill ? 'f' : 's', s->colour,
                !fill && s->dashed ? " dash" : "", souk_scale_place(&d->x, s->x[0]), d->y.from);
        for (int i = 0; i < s->count; i++) {
            const double next = i + 1 < s->count ? s->x[i + 1] : s->x[i] + (s->x[i] - s->x[i - 1]);
            fprintf(d->f, "V%.1fH%.1f", souk_scale_place(&d->y, s->y[i]),
                    souk_scale_place(&d->x, next));
        }
        fprintf(d->f, "V%.1f\"/>\n", d->y.from);
    }
}

static void draw_points(const struct frame *d, const struct souk_series *s)
{
    for (int i = 0; i < s->count; i++) {
        if (!is_drawn(s, i))
            continue;
        const double x = souk_scale_place(&d->x, s->x[i]);
        if (s->low && s->high)
            fprintf(d->f, "<path class=\"s%d\" d=\"M%.1f %.1fV%.1f\"/>\n", s->colour, x,
                    souk_scale_place(&d->y, s->low[i]), souk_scale_place(&d->y, s->high[i]));
        fprintf(d->f, "<circle class=\"p%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n", s->colour, x,
                souk_scale_place(&d->y, s->y[i]));
    }
}

static void draw_rule(const struct frame *d, const struct souk_chart *c)
{
    const double x = souk_scale_place(&d->x, c->rule_x);
    const bool is_left = x < (d->x.from + d->x.to) / 2;
    line_at(d->f, x, d->y.from, x, d->y.to, "rule");
    text_at(d->f, is_left ? x + 4 : x - 4, d->y.to + 10, is_left ? "start" : "end",
            c->rule_name ? c->rule_name : "");
}

void souk_svg_chart(FILE *f, const struct souk_chart *c)
{
    const struct frame d = {f, scale_of(c, false), scale_of(c, true)};
    open_figure(f, c->title, c->about);
    open_svg(f, HEIGHT, c->title);
    draw_axes(&d, c);
    if (c->has_diagonal)
        line_at(f, d.x.from, d.y.from, d.x.to, d.y.to, "rule");
    for (int s = 0; s < c->series_count; s++) {
        const struct souk_series *series = &c->series[s];
        if (series->mark == SOUK_MARK_AREA)
            draw_area(&d, series);
        else if (series->mark == SOUK_MARK_POINTS)
            draw_points(&d, series);
        else
            draw_line(&d, series);
    }
    if (c->has_rule)
        draw_rule(&d, c);
    close_figure(f, c->series, c->series_count);
}

/* ---- bars ---- */

static double largest_bar(const struct souk_bars *b)
{
    double largest = 0;
    for (int s = 0; s < b->series_count; s++)
        for (int i = 0; i < b->count; i++) {
            const double top = b->series[s].high ? b->series[s].high[i] : b->series[s].y[i];
            if (isfinite(top) && top > largest)
                largest = top;
        }
    return largest > 0 ? largest : 1;
}

static void draw_bar(FILE *f, const struct souk_bars *b, const struct souk_series *s, int i,
                     double y, const struct souk_scale *scale)
{
    char text[24];
    double end = scale->from;
    if (isfinite(s->y[i])) {
        end = souk_scale_place(scale, s->y[i]);
        fprintf(f, "<rect class=\"b%d%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"/>\n",
                s->colour, s->dashed ? " pale" : "", scale->from, y, end - scale->from, BAR);
    }
    if (s->low && isfinite(s->low[i]) && isfinite(s->high[i])) {
        const double high = souk_scale_place(scale, s->high[i]);
        line_at(f, souk_scale_place(scale, s->low[i]), y + BAR / 2.0, high, y + BAR / 2.0,
                "whisker");
        end = high;
    }
    if (!isfinite(s->y[i]))
        snprintf(text, sizeof text, "-");
    else if (b->as_percent)
        snprintf(text, sizeof text, "%.1f %%", 100 * s->y[i]);
    else if (s->y[i] < 1)
        snprintf(text, sizeof text, "%.4f", s->y[i]);
    else
        souk_scale_number(s->y[i], 4, text);
    text_at(f, end + 4, y + BAR - 2.5, "start", text);
}

/* Room for the longest name; a longer one is squeezed. */
static int width_of_names(const struct souk_bars *b)
{
    int width = 0;
    for (int i = 0; i < b->count; i++) {
        const size_t letters = strlen(b->names[i]);
        const int own = letters < NAME_WIDTH_MAX ? (int)letters * LETTER_WIDTH : NAME_WIDTH_MAX;
        width = own > width ? own : width;
    }
    return (width < NAME_WIDTH_MAX ? width : NAME_WIDTH_MAX) + 8;
}

static void draw_name(FILE *f, const char *name, double x, double y)
{
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" class=\"end\"", x, y);
    if (strlen(name) > NAME_LETTERS_MAX)
        fprintf(f, " textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\"", NAME_WIDTH_MAX);
    fputc('>', f);
    souk_html_text(f, name);
    fputs("</text>\n", f);
}

void souk_svg_bars(FILE *f, const struct souk_bars *b)
{
    const int group = b->series_count * (BAR + 1) + GAP, left = width_of_names(b);
    const struct souk_scale scale = {
        .high = largest_bar(b), .from = left, .to = WIDTH - VALUE_WIDTH};
    open_figure(f, b->title, b->about);
    open_svg(f, b->count * group + 4, b->title);
    for (int i = 0; i < b->count; i++) {
        const double top = 4 + (double)i * group;
        draw_name(f, b->names[i], left - 6, top + (group - GAP) / 2.0 + 4);
        for (int s = 0; s < b->series_count; s++)
            draw_bar(f, b, &b->series[s], i, top + s * (BAR + 1), &scale);
    }
    line_at(f, left, 0, left, b->count * group, "axis");
    close_figure(f, b->series, b->series_count);
}
