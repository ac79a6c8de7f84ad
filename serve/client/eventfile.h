/** @file
 *  Events in a CSV file: a header line that names the columns `user`, `item`, `type`, and, where
 *  there are any, `ms`, `value`, `event_id`, `request_id`; others are ignored. `event` and
 * `timestamp`, as `souk-events export` writes them, are other names of `type` and `ms`.
 */
#ifndef SOUK_CLIENT_EVENTFILE_H
#define SOUK_CLIENT_EVENTFILE_H

#include "serve/client/souk_client.h"

#include <stdint.h>

struct souk_event_file {
    struct souk_visitor_event *events; /**< [count] */
    int64_t count;
    char *texts; /**< that they point into */
};

/** Read a file whole. An event without an id gets one that says `prefix` and its line.
 *  @param out free with souk_event_file_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EIO, SOUK_EFORMAT (names the line), SOUK_ENOMEM */
souk_status souk_event_file_read(const char *path, const char *prefix, struct souk_event_file *out,
                                 struct souk_error *err) SOUK_MUST_CHECK;
void souk_event_file_fini(struct souk_event_file *f);

#endif
