/** @file
 *  A line for each request: when, what, how it ended, how long it took. Never an id of a user, an
 *  item or a token: paths are those of routes.h.
 *
 *      2026-11-26T12:00:00.000Z GET /recommend/{user_id} 200 1432 1.874ms 4bf92f3577b34da6...
 */
#ifndef SOUK_HTTP_ACCESSLOG_H
#define SOUK_HTTP_ACCESSLOG_H

#include "shared/base/status.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct souk_access_log {
    const char *path; /**< NULL: none */
    atomic_int fd;
};

/** @param path FILE, or "-": standard output; NULL: no log. Outlives the log
 *  @return SOUK_OK, SOUK_EIO, SOUK_ENOTFOUND */
souk_status souk_access_log_open(struct souk_access_log *log, const char *path,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** Once more, by name; while others write. On failure the old file stays. */
souk_status souk_access_log_reopen(struct souk_access_log *log,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Write one line, at once and whole. Thread-safe. What cannot be written is lost.
 *  @param route a template, or "-" */
void souk_access_log_write(struct souk_access_log *log, int64_t wall_ms, const char *method,
                           const char *route, unsigned code, size_t bytes, int64_t took_us,
                           const char *id);
void souk_access_log_close(struct souk_access_log *log);

#endif
