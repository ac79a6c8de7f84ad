/** @file
 *  Progress of long work, on stderr: a bar with rate and time left on a terminal, else one line
 *  every 10 s. Not thread-safe: one thread of one rank owns it; the others pass NULL.
 */
#ifndef SOUK_BASE_PROGRESS_H
#define SOUK_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct souk_progress {
    const char *title;
    const char *unit;
    int64_t total; /**< 0: not known */
    int64_t start_us;
    int64_t shown_us; /**< when it was drawn last */
    bool terminal;
    bool quiet;
};

/** Start. @param total of `unit`s, 0 when not known; @param quiet draw nothing */
void souk_progress_init(struct souk_progress *p, const char *title, int64_t total, const char *unit,
                        bool quiet);

/** `done` of total are done; draws at most 10 times a second. `note` (may be NULL) is shown behind.
 *  p may be NULL. */
void souk_progress_update(struct souk_progress *p, int64_t done, const char *note);

/** Draw the last state and end the line. p may be NULL. */
void souk_progress_finish(struct souk_progress *p, int64_t done, const char *note);

#endif
