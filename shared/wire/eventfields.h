/** @file
 *  A visitor's events in a message: four arrays as long as each other, by time.
 *
 *      event_item    int64      model item rows
 *      event_ms      int64      ascending
 *      event_type    uint8      index into the model's event types
 *      event_value   float32
 */
#ifndef SOUK_WIRE_EVENTFIELDS_H
#define SOUK_WIRE_EVENTFIELDS_H

#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SOUK_WIRE_CONTEXT_MAX = 1000, /**< events that a request brings */
    SOUK_WIRE_STORED_MAX = 3000,  /**< events that a home shard sends, the latest */
    SOUK_WIRE_EVENTS_MAX = SOUK_WIRE_CONTEXT_MAX + SOUK_WIRE_STORED_MAX,
    SOUK_WIRE_EVENT_FIELDS = 4,
};

/** The last millisecond of the year 9999. */
#define SOUK_WIRE_MOMENT_MAX INT64_C(253402300799999)

/** Room for SOUK_WIRE_EVENTS_MAX events, kept from one request to the next. */
struct souk_event_fields {
    int64_t count;
    int64_t *item, *ms;
    uint8_t *type;
    float *value;
};

/** @return SOUK_OK, SOUK_ENOMEM; on failure empty, souk_event_fields_fini() is harmless */
souk_status souk_event_fields_init(struct souk_event_fields *f) SOUK_MUST_CHECK;
void souk_event_fields_fini(struct souk_event_fields *f);

/** Copy the events out of a message; none where the fields are absent.
 *  @param items, types rows and types lie below these
 *  @return false: lengths differ, too many, out of range or order, not finite; *f is then empty */
bool souk_event_fields_read(struct souk_event_fields *f, const struct souk_message *m,
                            int64_t items, int types);

/** Put one event in, behind those of the same time. @return false when there is no room */
bool souk_event_fields_add(struct souk_event_fields *f, int64_t item, int64_t ms, uint8_t type,
                           float value);

/** Write the four fields of a map. @param item, ms, type, value [count] */
void souk_event_fields_write(struct souk_writer *w, int64_t count, const int64_t *item,
                             const int64_t *ms, const uint8_t *type, const float *value);

#endif
