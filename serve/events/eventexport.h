/** @file
 *  Stored events as CSV (RFC 4180), as `souk-ingest --format csv --event-column event
 * --value-column value --time-unit ms` reads it.
 *
 *      user,item,event,timestamp,value,event_id,request_id,model,arm,stored,seq
 *
 *  Times are milliseconds since 1970; a value is the shortest number that is read back as the same.
 */
#ifndef SOUK_SERVE_EVENTEXPORT_H
#define SOUK_SERVE_EVENTEXPORT_H

#include "shared/events/eventstore.h"

#include <stdio.h>

struct souk_event_export {
    int64_t after;              /**< events with a seq above it */
    int64_t since_ms, until_ms; /**< that happened from the one to before the other */
    bool quiet;                 /**< no progress */
    int64_t events;             /**< written, out */
};

/** Write to a stream. @return SOUK_OK, SOUK_EIO, and as souk_event_store_scan() */
souk_status souk_event_export_write(struct souk_event_export *e, struct souk_event_store *store,
                                    FILE *out, struct souk_error *err) SOUK_MUST_CHECK;

/** Write to a file, which appears when it is whole; "-": standard output. */
souk_status souk_event_export_file(struct souk_event_export *e, struct souk_event_store *store,
                                   const char *path, struct souk_error *err) SOUK_MUST_CHECK;

#endif
