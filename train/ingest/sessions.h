/** @file
 *  Sessions: a user's events with no gap longer than --session-gap between one and the next.
 */
#ifndef SOUK_INGEST_SESSIONS_H
#define SOUK_INGEST_SESSIONS_H

#include "train/ingest/placement.h"

#include <stdbool.h>
#include <stdint.h>

/** Whether a user's event begins another session than the event before it. */
static inline bool souk_session_begins(const struct souk_placed_event *before,
                                       const struct souk_placed_event *event, int64_t gap_ms)
{
    return event->time_ms - before->time_ms > gap_ms;
}

/** Number the sessions of one user's events, 0, 1, ..., in the order of time.
 *  @param events  [count]
 *  @param session [count], filled in */
void souk_sessions_number(const struct souk_placed_event *events, int64_t count, int64_t gap_ms,
                          int32_t *session);

#endif
