#include "serve/net/servicestate.h"

#include "shared/base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

enum { BEATS_IN_PATIENCE = 4 };

/* Whoever asked to be told is away: that is no reason to stop serving. */
static void notify(const char *message)
{
    const int result = sd_notify(0, message);
    if (result < 0)
        souk_log(SOUK_LOG_WARN, "not_notified", "reason=\"%s\"", strerror(-result));
}

void souk_service_state_init(struct souk_service_state *s, struct souk_workforce *force,
                             int64_t now_us)
{
    uint64_t watchdog_us = 0;
    *s = (struct souk_service_state){.force = force};
    if (sd_watchdog_enabled(0, &watchdog_us) <= 0)
        return;
    s->beat_us = (int64_t)(watchdog_us / 2 / BEATS_IN_PATIENCE);
    s->beaten_us = now_us - s->beat_us; /* the first look beats */
    souk_progress_watch_init(&s->watch, (int64_t)(watchdog_us / 2), now_us);
}

void souk_service_state_ready(struct souk_service_state *s)
{
    if (s->is_ready)
        return;
    s->is_ready = true;
    notify("READY=1");
}

void souk_service_state_tell(struct souk_service_state *s, const char *fmt, ...)
{
    char text[sizeof s->text], message[sizeof s->text + 16];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    text[strcspn(text, "\n")] = '\0'; /* what follows would be another assignment */
    if (strcmp(text, s->text) == 0)
        return;
    memcpy(s->text, text, sizeof text);
    snprintf(message, sizeof message, "STATUS=%s", text);
    notify(message);
}

void souk_service_state_reloading(struct souk_service_state *s, int64_t now_us)
{
    char message[64];
    if (!s->is_ready)
        return;
    s->is_ready = false;
    snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, now_us);
    notify(message);
}

void souk_service_state_stopping(struct souk_service_state *s)
{
    s->is_ready = false;
    notify("STOPPING=1");
}

void souk_service_state_beat(struct souk_service_state *s, int64_t now_us)
{
    if (s->beat_us == 0 || now_us - s->beaten_us < s->beat_us)
        return;
    const bool gets_on =
        !s->force || souk_progress_watch_look(&s->watch, souk_workforce_waiting(s->force),
                                              souk_workforce_begun(s->force), now_us);
    if (!gets_on && !s->is_stuck)
        souk_log(SOUK_LOG_ERROR, "stuck",
                 "waiting=%d way_out=\"the watchdog will end the process\"",
                 souk_workforce_waiting(s->force));
    s->is_stuck = !gets_on;
    s->beaten_us = now_us;
    if (gets_on)
        notify("WATCHDOG=1");
}

int64_t souk_service_state_pause_ms(const struct souk_service_state *s, int64_t longest_ms)
{
    const int64_t beat_ms = s->beat_us / 1000 > 0 ? s->beat_us / 1000 : 1;
    return s->beat_us > 0 && beat_ms < longest_ms ? beat_ms : longest_ms;
}
