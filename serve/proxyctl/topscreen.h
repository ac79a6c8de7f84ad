/** @file
 *  The terminal of `souk-proxyctl top`: the other screen while it runs, the user's own afterwards,
 *  however it ends. Without a terminal frames follow each other as plain text.
 */
#ifndef SOUK_PROXYCTL_TOPSCREEN_H
#define SOUK_PROXYCTL_TOPSCREEN_H

#include <stdbool.h>
#include <stdint.h>

struct souk_top_screen {
    bool is_terminal;
    int width, height; /**< of the last look; height 0: no end */
};

/** Block the signals that souk_top_screen_wait() waits for; before any thread is made. */
void souk_top_screen_prepare(void);

/** Take the screen. */
void souk_top_screen_open(struct souk_top_screen *s);

/** Look how large it is now: 80 columns where nobody says. */
void souk_top_screen_measure(struct souk_top_screen *s);

/** Show a frame in place of the one before. @return false: it cannot be written */
bool souk_top_screen_show(const struct souk_top_screen *s, const char *frame);

enum souk_top_event { SOUK_TOP_TIME, SOUK_TOP_RESIZED, SOUK_TOP_END };

/** Wait so long, or until the window changes, or a signal ends the program. */
enum souk_top_event souk_top_screen_wait(int64_t ms);

/** Give it back. */
void souk_top_screen_close(const struct souk_top_screen *s);

#endif
