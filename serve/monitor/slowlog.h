/** @file
 *  Which slow requests get a line in the log: those that took a threshold or longer, the first ten
 *  of a second. The next line says how many had none: a storm must not be written down request by
 *  request. Thread-safe; the time comes as a parameter.
 */
#ifndef SOUK_MONITOR_SLOWLOG_H
#define SOUK_MONITOR_SLOWLOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOUK_SLOW_LOG_LINES = 10 };

/** Zeroed: none. */
struct souk_slow_log {
    int64_t threshold_us; /**< 0: none */
    pthread_mutex_t lock; /**< of all below */
    int64_t second;       /**< that `lines` were written in */
    int lines;
    int64_t skipped; /**< since the last line */
};

/** @param threshold_ms 0: none. Nothing needs to be freed */
void souk_slow_log_init(struct souk_slow_log *l, int64_t threshold_ms);

/** Whether a request that took so long gets a line.
 *  @param skipped out, with true: slow ones without a line since the one before */
bool souk_slow_log_takes(struct souk_slow_log *l, int64_t took_us, int64_t now_us,
                         int64_t *skipped);

/** Copy an id that a caller chose for key="value": what would end the value becomes a `?`.
 *  @param to [size], ended by NUL, cut where it is too short */
void souk_slow_log_copy_id(char *to, size_t size, const char *id, size_t len);

#endif
