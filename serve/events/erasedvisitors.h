/** @file
 *  Who was erased, in memory: that must be minded while the store is away, too.
 *
 *  All marks of the store, read when it is connected to, and again, at most every few seconds,
 * after something was changed. Thread-safe but for loading, which is one thread's.
 */
#ifndef SOUK_EVENTS_ERASEDVISITORS_H
#define SOUK_EVENTS_ERASEDVISITORS_H

#include "shared/events/eventstore.h"

#include <stddef.h>
#include <stdint.h>

struct souk_erased_visitors;

/** @return NULL: no memory */
struct souk_erased_visitors *souk_erased_visitors_new(void);
void souk_erased_visitors_free(struct souk_erased_visitors *e);

/** Read all marks. On failure those of before stay.
 *  @return those of souk_event_store_erasures() */
souk_status souk_erased_visitors_load(struct souk_erased_visitors *e,
                                      struct souk_event_store *store,
                                      struct souk_error *err) SOUK_MUST_CHECK;

/** How many were read. */
int64_t souk_erased_visitors_count(struct souk_erased_visitors *e);

/** When a visitor was erased, as far as was read; 0: not at all. */
int64_t souk_erased_visitors_ms(struct souk_erased_visitors *e, const char *user, size_t len);

#endif
