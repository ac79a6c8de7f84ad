/** @file
 *  What a serving process tells systemd (sd_notify(3), Type=notify): that it can answer, what it is
 *  at, that it stops; and, for the watchdog, that it gets on. Without a NOTIFY_SOCKET nothing is
 *  told.
 *
 *      ready -> beat, beat, ... -> reloading, ready -> beat, ... -> stopping -> beat, ...
 *
 *  The beat is the main thread's, between its other duties: one that is stuck does not send it. Nor
 *  does one whose workers are (progresswatch.h): after half of WATCHDOG_USEC the beats cease, and
 *  after another whole one systemd ends the process. One thread.
 */
#ifndef SOUK_NET_SERVICESTATE_H
#define SOUK_NET_SERVICESTATE_H

#include "serve/net/progresswatch.h"
#include "serve/net/workforce.h"
#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_service_state {
    int64_t beat_us;              /**< from one to the next; 0: there is no watchdog */
    int64_t beaten_us;            /**< when the last one was */
    struct souk_workforce *force; /**< that must get on */
    struct souk_progress_watch watch;
    bool is_ready, is_stuck;
    char text[128]; /**< told last */
};

/** Read what systemd wants. @param force outlives it; NULL: only the main thread is watched */
void souk_service_state_init(struct souk_service_state *s, struct souk_workforce *force,
                             int64_t now_us);

/** It takes requests and can answer them; again after souk_service_state_reloading(). */
void souk_service_state_ready(struct souk_service_state *s);

/** One line for `systemctl status`; told where it has changed. */
void souk_service_state_tell(struct souk_service_state *s, const char *fmt, ...) SOUK_PRINTF(2, 3);

void souk_service_state_reloading(struct souk_service_state *s, int64_t now_us);
void souk_service_state_stopping(struct souk_service_state *s);

/** To be called at least every souk_service_state_pause_ms(). */
void souk_service_state_beat(struct souk_service_state *s, int64_t now_us);

/** @param longest that the caller would wait otherwise, milliseconds */
int64_t souk_service_state_pause_ms(const struct souk_service_state *s, int64_t longest_ms);

#endif
