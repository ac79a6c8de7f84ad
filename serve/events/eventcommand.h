/** @file
 *  The commands of souk-events, with their options in one struct.
 */
#ifndef SOUK_SERVE_EVENTCOMMAND_H
#define SOUK_SERVE_EVENTCOMMAND_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_event_command {
    const char *store, *out, *since, *until, *from;
    int64_t after, older_ms;
    bool json, quiet;
    const char *const *users; /**< [user_count] */
    int user_count;
};

/** Each opens the store, does its work and reports on stdout.
 *  @return SOUK_OK, those of souk_event_store_open(), SOUK_EUSAGE, SOUK_EINVAL, SOUK_EIO */
souk_status souk_event_command_export(const struct souk_event_command *c,
                                      struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_event_command_prune(const struct souk_event_command *c,
                                     struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_event_command_stats(const struct souk_event_command *c,
                                     struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_event_command_erase(const struct souk_event_command *c,
                                     struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_event_command_migrate(const struct souk_event_command *c,
                                       struct souk_error *err) SOUK_MUST_CHECK;

#endif
