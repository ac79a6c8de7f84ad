#include "serve/proxyctl/topframe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns that do not grow: those of a proxy, those of a replica, with the blanks between. */
enum { FIXED_COLUMNS = 57, MODEL_CHARACTERS = 8 };

/* ---- lines ---- */

struct frame {
    FILE *text;
    int width; /* that columns are laid out for */
    int cut;   /* that no line exceeds */
    int height, lines, lost;
};

/* One line, cut to the width; beyond the height it is only counted. */
static void put(struct frame *f, const char *fmt, ...) SOUK_PRINTF(2, 3);
static void put(struct frame *f, const char *fmt, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(line, sizeof line, fmt, arguments);
    va_end(arguments);
    size_t len = strnlen(line, (size_t)f->cut);
    while (len > 0 && line[len - 1] == ' ')
        len--;
    for (size_t i = 0; i < len; i++) /* nothing that comes from elsewhere may steer the terminal */
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    if (f->height > 0 && f->lines >= f->height - 1) { /* the last line says what is lost */
        f->lost++;
        return;
    }
    fprintf(f->text, "%.*s\n", (int)len, line);
    f->lines++;
}

/* The end of an address that is too long says more than its beginning. */
static const char *fit(const char *address, int width, char *text, size_t size)
{
    const int len = (int)strlen(address);
    if (len <= width)
        return address;
    snprintf(text, size, "<%s", address + len - width + 1);
    return text;
}

/* ---- numbers ---- */

void souk_top_duration(int64_t us, char text[16])
{
    if (us < 0)
        snprintf(text, 16, "-");
    else if (us == INT64_MAX)
        snprintf(text, 16, ">10s");
    else if (us < 1000)
        snprintf(text, 16, "%dus", (int)us);
    else if (us < 9950)
        snprintf(text, 16, "%.1fms", (double)us / 1e3);
    else if (us < 999500)
        snprintf(text, 16, "%.0fms", (double)us / 1e3);
    else if (us < 100000000)
        snprintf(text, 16, "%.1fs", (double)us / 1e6);
    else
        snprintf(text, 16, "%.0fs", (double)us / 1e6 < 1e5 ? (double)us / 1e6 : 99999.);
}

/* Per second between two counts; "-" where the proxy has started anew or was not seen before. */
static void rate(const struct souk_watched_proxy *p, int64_t before, int64_t now, char text[16])
{
    const double seconds = (double)(p->now.at_us - p->before.at_us) / 1e6;
    const double value = seconds > 0 ? (double)(now - before) / seconds : -1;
    if (!p->before.has_figures || value < 0)
        snprintf(text, 16, "-");
    else
        snprintf(text, 16, value < 9999.95 ? "%.1f" : "%.0f", value < 1e8 ? value : 1e8);
}

/* ---- proxies ---- */

/* What was before is of this process: its counts have not gone back. */
static bool is_of_one_process(const struct souk_watched_proxy *p)
{
    return p->before.has_figures && p->before.at_us < p->now.at_us &&
           p->before.requests <= p->now.requests && p->before.buckets == p->now.buckets;
}

static void put_proxy(struct frame *f, const struct souk_watched_proxy *p)
{
    const struct souk_fleet_status *a = &p->before, *b = &p->now;
    const int w = f->width - FIXED_COLUMNS;
    const bool known = is_of_one_process(p);
    char address[SOUK_FRAME_WIDTH_MAX + 1], text[7][16];
    if (p->error[0]) {
        put(f, "%s", p->url);
        put(f, "  %s", p->error);
        return;
    }
    rate(p, a->requests, b->requests, text[0]);
    rate(p, a->errors + a->refused, b->errors + b->refused, text[1]);
    souk_top_duration(known ? souk_fleet_status_quantile(a, b, .5) : -1, text[2]);
    souk_top_duration(known ? souk_fleet_status_quantile(a, b, .99) : -1, text[3]);
    rate(p, a->hedged, b->hedged, text[4]);
    rate(p, a->retried, b->retried, text[5]);
    rate(p, a->partial, b->partial, text[6]);
    put(f, "%-*s %8s %7s %7s %7s %7s %7s %7s", w, fit(p->url, w, address, sizeof address), text[0],
        text[1], text[2], text[3], text[4], text[5], text[6]);
    put(f, "  %s%s%s, model %s; %lld busy, %lld waiting, %lld connections", b->state,
        b->reason[0] ? ": " : "", b->reason, b->model[0] ? b->model : "-", (long long)b->busy,
        (long long)b->waiting, (long long)b->connections);
}

/* ---- replicas ---- */

static void put_models(const struct souk_replica_status *r, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    for (int i = 0; i < r->model_count && len + MODEL_CHARACTERS + 2 < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%s%.*s", i > 0 ? " " : "",
                                MODEL_CHARACTERS, r->model[i]);
}

static void put_replica(struct frame *f, const struct souk_replica_status *r)
{
    const int w = f->width - FIXED_COLUMNS;
    char address[SOUK_FRAME_WIDTH_MAX + 1], latency[16], out[16], models[64];
    souk_top_duration(r->latency_us, latency);
    souk_top_duration(r->out_us > 0 ? r->out_us : -1, out);
    put_models(r, models, sizeof models);
    put(f, "%5lld %-*s %-8s %5lld %8s %8s %s", (long long)r->shard, w,
        fit(r->address, w, address, sizeof address), r->state, (long long)r->outstanding, latency,
        out, models);
    if (r->reason[0])
        put(f, "      %s", r->reason);
}

/* ---- the whole ---- */

static void put_all(struct frame *f, const struct souk_watched_proxy *proxies, int count)
{
    const int w = f->width - FIXED_COLUMNS;
    put(f, "%-*s %8s %7s %7s %7s %7s %7s %7s", w, "proxy", "req/s", "err/s", "p50", "p99",
        "hedge/s", "retry/s", "part/s");
    for (int i = 0; i < count; i++)
        put_proxy(f, &proxies[i]);
    for (int i = 0; i < count; i++) {
        if (proxies[i].error[0])
            continue;
        put(f, "%s", "");
        put(f, "replicas as %s sees them", proxies[i].url);
        put(f, "%5s %-*s %-8s %5s %8s %8s %s", "shard", w, "replica", "state", "open", "latency",
            "back in", "models");
        for (int r = 0; r < proxies[i].now.count; r++)
            put_replica(f, &proxies[i].now.replicas[r]);
    }
}

char *souk_top_frame(const struct souk_watched_proxy *proxies, int count, const char *title,
                     int width, int height)
{
    char *text = NULL;
    size_t size = 0;
    struct frame f = {
        .text = open_memstream(&text, &size), .cut = width > 1 ? width : 1, .height = height};
    if (!f.text)
        return NULL;
    f.width = width < SOUK_FRAME_WIDTH_MIN   ? SOUK_FRAME_WIDTH_MIN
              : width > SOUK_FRAME_WIDTH_MAX ? SOUK_FRAME_WIDTH_MAX
                                             : width;
    put(&f, "%s", title);
    put(&f, "%s", "");
    put_all(&f, proxies, count);
    if (f.lost > 0) {
        char line[32];
        snprintf(line, sizeof line, "... %d more lines", f.lost);
        fprintf(f.text, "%.*s\n", f.cut, line);
    }
    if (fclose(f.text) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
