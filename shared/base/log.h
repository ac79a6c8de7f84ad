/** @file
 *  Logs on stderr, one line each: time, level, event name, then key=value.
 *
 *      2026-11-25T18:00:00.000Z INFO ready program=souk-replica listen=tcp://127.0.0.1:7101
 *
 *  Thread-safe: a line is one write(). In an MPI program rank 0 logs INFO, and every rank WARN and
 *  up. User ids appear at DEBUG only.
 */
#ifndef SOUK_BASE_LOG_H
#define SOUK_BASE_LOG_H

#include "shared/base/status.h"

#include <stdbool.h>

enum souk_log_level { SOUK_LOG_DEBUG, SOUK_LOG_INFO, SOUK_LOG_WARN, SOUK_LOG_ERROR };

/** Set once at the start of main. @param rank of an MPI program, else 0 */
void souk_log_setup(const char *program, int rank, enum souk_log_level lowest);

/** Whether lines of this level are written: for who would have to prepare one. */
bool souk_log_shows(enum souk_log_level level);

/** @param event one word; @param fmt the key=value pairs. Control characters are replaced by `?`.
 */
void souk_log(enum souk_log_level level, const char *event, const char *fmt, ...) SOUK_PRINTF(3, 4);

/** `program: message` on stderr: what a user of a command line reads when it failed. */
void souk_complain(const struct souk_error *err);

#endif
