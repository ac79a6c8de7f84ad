/* souk-proxyctl top: the fleet, live. */
#include "serve/proxyctl/proxyctl.h"
#include "serve/proxyctl/topframe.h"
#include "serve/proxyctl/topscreen.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ask a proxy anew. One that does not answer says why in its place, and is asked again. */
static void look(struct souk_proxies *p, int i, int64_t timeout_ms, struct souk_watched_proxy *w)
{
    struct souk_error err = {0};
    souk_fleet_status_fini(&w->before);
    w->before = w->now;
    w->error[0] = '\0';
    if (souk_proxies_status(p, i, "status", timeout_ms, &w->now, &err) != SOUK_OK)
        snprintf(w->error, sizeof w->error, "%s", err.msg);
    else if (!w->now.has_figures)
        snprintf(w->error, sizeof w->error, "it sends no figures");
}

static void look_at_all(struct souk_proxies *p, int64_t timeout_ms, struct souk_watched_proxy *w)
{
    for (int i = 0; i < p->count; i++)
        look(p, i, timeout_ms, &w[i]);
}

static souk_status show(struct souk_top_screen *screen, const struct souk_watched_proxy *w,
                        int count, const struct souk_proxyctl *o, struct souk_error *err)
{
    char title[128], now[25];
    souk_time_format(souk_wall_ms(), now);
    snprintf(title, sizeof title, "souk-proxyctl top  %d %s, every %g s  %.19sZ%s", count,
             count == 1 ? "proxy" : "proxies", (double)o->interval_ms / 1000, now,
             screen->is_terminal ? "  Ctrl-C ends" : "");
    souk_top_screen_measure(screen);
    char *frame = souk_top_frame(w, count, title, screen->width, screen->height);
    const bool shown = frame && souk_top_screen_show(screen, frame);
    free(frame);
    return shown ? SOUK_OK : souk_fail(err, SOUK_EIO, "cannot write the frame");
}

/* Rates need two looks: --once waits for the second one. */
static souk_status watch(struct souk_proxies *p, struct souk_watched_proxy *w,
                         const struct souk_proxyctl *o, struct souk_top_screen *screen,
                         struct souk_error *err)
{
    enum souk_top_event event = SOUK_TOP_TIME;
    souk_status status = SOUK_OK;
    for (int looks = 0; event != SOUK_TOP_END && !status; looks += event == SOUK_TOP_TIME) {
        if (event == SOUK_TOP_TIME)
            look_at_all(p, o->timeout_ms, w);
        if (!o->once || looks > 0)
            status = show(screen, w, p->count, o, err);
        if (o->once && looks > 0)
            break;
        event = souk_top_screen_wait(o->interval_ms);
    }
    return status;
}

static souk_status all_answered(const struct souk_watched_proxy *w, int count,
                                struct souk_error *err)
{
    for (int i = 0; i < count; i++)
        if (w[i].error[0])
            return souk_fail(err, SOUK_EUNAVAILABLE, "%s", w[i].error);
    return SOUK_OK;
}

souk_status souk_proxyctl_top(const struct souk_proxyctl *o, struct souk_error *err)
{
    struct souk_top_screen screen = {.width = SOUK_FRAME_WIDTH_MIN};
    struct souk_proxies proxies = {0};
    struct souk_watched_proxy *w = souk_zalloc_array(SOUK_PROXYCTL_PROXIES_MAX, sizeof *w);
    souk_status status;
    souk_top_screen_prepare();
    status = w ? souk_proxies_open(o, &proxies, err)
               : souk_fail(err, SOUK_ENOMEM, "no memory for the proxies");
    for (int i = 0; i < proxies.count; i++)
        w[i].url = proxies.peers[i].caller.url;
    if (!status) {
        if (!o->once)
            souk_top_screen_open(&screen);
        status = watch(&proxies, w, o, &screen, err);
        souk_top_screen_close(&screen);
    }
    if (!status && o->once)
        status = all_answered(w, proxies.count, err);
    for (int i = 0; i < proxies.count; i++) {
        souk_fleet_status_fini(&w[i].before);
        souk_fleet_status_fini(&w[i].now);
    }
    souk_proxies_close(&proxies);
    free(w);
    return status;
}
