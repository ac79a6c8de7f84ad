#include "shared/base/progress.h"

#include "shared/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    REDRAW_US = 100000, /* on a terminal */
    LINE_US = 10000000, /* elsewhere */
    BAR_CELLS = 24,
    LINE_MAX_BYTES = 240,
};

/* "950", "12.3k", "4.56M": four figures at most, so that the bar does not jump. */
static void format_amount(double amount, char text[16])
{
    static const char *const suffixes[] = {"", "k", "M", "G", "T", "P"};
    int i = 0;
    while (amount >= (i == 0 ? 9999.5 : 999.5) && i < 5) {
        amount /= 1000;
        i++;
    }
    const int decimals = i == 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
    snprintf(text, 16, "%.*f%s", decimals, amount, suffixes[i]);
}

static void format_span(double seconds, char text[24])
{
    const long s = (long)(seconds + 0.5);
    if (s < 60)
        snprintf(text, 24, "%lds", s);
    else if (s < 3600)
        snprintf(text, 24, "%ldm%02lds", s / 60, s % 60);
    else
        snprintf(text, 24, "%ldh%02ldm", s / 3600, s / 60 % 60);
}

static void format_bar(double share, char text[BAR_CELLS + 4])
{
    const int full = (int)(share * BAR_CELLS);
    text[0] = '[';
    for (int i = 0; i < BAR_CELLS; i++)
        text[1 + i] = i < full ? '#' : '.';
    memcpy(text + 1 + BAR_CELLS, "] ", 3);
}

/* "epochs [####....]  40%  6/15 epochs, 1.2/s, 7s left, loss 0.5" */
static void format_line(const struct souk_progress *p, int64_t done, int64_t now, bool finished,
                        const char *note, char text[LINE_MAX_BYTES])
{
    char bar[BAR_CELLS + 4] = "", percent[8] = "", of[20] = "", amount[16], total[16], rate[16],
                         span[24];
    const double seconds = (double)(now - p->start_us) * 1e-6;
    const double per_second = seconds > 0 ? (double)done / seconds : 0;
    const double share = p->total > 0 ? (double)done / (double)p->total : 0;
    format_amount((double)done, amount);
    format_amount(per_second >= 9.95 ? per_second : 0, rate);
    if (per_second < 9.95)
        snprintf(rate, sizeof rate, "%.2g", per_second);
    if (p->total > 0) {
        format_amount((double)p->total, total);
        snprintf(of, sizeof of, "/%s", total);
        snprintf(percent, sizeof percent, "%3d%%  ", share >= 1 ? 100 : (int)(share * 100));
        if (p->terminal)
            format_bar(share < 1 ? share : 1, bar);
    }
    const bool shows_left = !finished && p->total > 0 && done > 0;
    format_span(shows_left ? (double)(p->total - done) / per_second : seconds, span);
    snprintf(text, LINE_MAX_BYTES, "%s %s%s%s%s %s, %s/s, %s%s%s%s", p->title, bar, percent, amount,
             of, p->unit, rate, span, shows_left ? " left" : "", note ? ", " : "",
             note ? note : "");
}

static void draw(struct souk_progress *p, int64_t done, bool finished, const char *note)
{
    char line[LINE_MAX_BYTES];
    const int64_t now = souk_monotonic_us();
    format_line(p, done, now, finished, note, line);
    /* On a terminal: back to the start of the line, and clear what a longer line left. */
    fprintf(stderr, "%s%s%s%s", p->terminal ? "\r" : "", line, p->terminal ? "\033[K" : "",
            p->terminal && !finished ? "" : "\n");
    fflush(stderr);
    p->shown_us = now;
}

void souk_progress_init(struct souk_progress *p, const char *title, int64_t total, const char *unit,
                        bool quiet)
{
    const int64_t now = souk_monotonic_us();
    *p = (struct souk_progress){
        .title = title,
        .unit = unit,
        .total = total,
        .start_us = now,
        .shown_us = now,
        .terminal = isatty(STDERR_FILENO),
        .quiet = quiet,
    };
}

void souk_progress_update(struct souk_progress *p, int64_t done, const char *note)
{
    if (!p || p->quiet)
        return;
    if (souk_monotonic_us() - p->shown_us >= (p->terminal ? REDRAW_US : LINE_US))
        draw(p, done, false, note);
}

void souk_progress_finish(struct souk_progress *p, int64_t done, const char *note)
{
    if (p && !p->quiet)
        draw(p, done, true, note);
}
