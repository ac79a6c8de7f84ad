/** @file
 *  The tables of the store, by version: what a store of version v - 1 needs to become one of v.
 *  A store that is made goes through all of them, so that there is one way to each version.
 *  A version that was released never changes; docs/events.md describes the newest.
 */
#ifndef SOUK_EVENTS_EVENTSCHEMA_H
#define SOUK_EVENTS_EVENTSCHEMA_H

#include "shared/base/status.h"

#include <stdint.h>

enum {
    SOUK_EVENT_SCHEMA_VERSION = 2,
    /** "souk" in the header of the SQLite file: it is ours */
    SOUK_EVENT_APPLICATION_ID = 0x736f756b,
};

struct souk_event_schema_step {
    const char *sqlite, *postgres; /**< statements, each ended by a semicolon */
};

/** [SOUK_EVENT_SCHEMA_VERSION]; the step to version v is at v - 1. */
extern const struct souk_event_schema_step souk_event_schema_steps[SOUK_EVENT_SCHEMA_VERSION];

/** Whether a store of this version can be used as it is.
 *  @return SOUK_OK, SOUK_EVERSION with the way out */
souk_status souk_event_schema_check(const char *store, int64_t version,
                                    struct souk_error *err) SOUK_MUST_CHECK;

#endif
