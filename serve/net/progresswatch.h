/** @file
 *  Whether a process gets on with its work: while requests wait for a worker, some must begin.
 * Pure.
 */
#ifndef SOUK_NET_PROGRESSWATCH_H
#define SOUK_NET_PROGRESSWATCH_H

#include <stdbool.h>
#include <stdint.h>

struct souk_progress_watch {
    int64_t patience_us;
    int64_t begun;    /**< when it was looked at last */
    int64_t moved_us; /**< when it last got on, or had nothing to do */
};

/** @param now_us monotonic, here and below */
void souk_progress_watch_init(struct souk_progress_watch *w, int64_t patience_us, int64_t now_us);

/** Look at a workforce: requests that wait, and those that were begun since the start.
 *  @return false: for longer than the patience requests have waited and none was begun */
bool souk_progress_watch_look(struct souk_progress_watch *w, int64_t waiting, int64_t begun,
                              int64_t now_us);

#endif
