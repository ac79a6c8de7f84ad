/** @file
 *  The vocabulary of event types: names, default weights, which of them count as wanted.
 */
#ifndef SOUK_INGEST_EVENTTYPES_H
#define SOUK_INGEST_EVENTTYPES_H

#include "shared/data/dataset.h"

#include <stddef.h>

struct souk_event_types {
    int count;
    struct souk_event_type types[SOUK_EVENT_TYPES_MAX];
};

/** Build the vocabulary.
 *  @param defaults `view=1,addtocart=4`, the format's own
 *  @param weights  --event-weights or NULL: the same form. With `open` it replaces the defaults,
 *                  else it changes weights of types that the format knows
 *  @param targets  --target-events or NULL: `transaction,addtocart`. NULL: `transaction` where
 * there is such a type, else every type
 *  @return SOUK_OK, SOUK_EUSAGE (unknown name, bad number, more than SOUK_EVENT_TYPES_MAX) */
souk_status souk_event_types_init(struct souk_event_types *t, const char *defaults,
                                  const char *weights, bool open, const char *targets,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** Index of a type by its name, -1 when there is none. */
int souk_event_types_find(const struct souk_event_types *t, const char *name, size_t len);

#endif
