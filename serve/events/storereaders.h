/** @file
 *  A few connections to read the store of events by, shared by many threads.
 *
 *  A store that cannot be read is left alone for a moment: who comes then is told so at once.
 */
#ifndef SOUK_EVENTS_STOREREADERS_H
#define SOUK_EVENTS_STOREREADERS_H

#include "shared/events/eventstore.h"

struct souk_store_readers;

/** Opens nothing yet. @param url copied @return NULL: no memory */
struct souk_store_readers *souk_store_readers_new(const char *url, int count);

/** Nobody may have one. NULL is fine. */
void souk_store_readers_free(struct souk_store_readers *r);

/** Take a connection; waits a few milliseconds for one. Thread-safe.
 *  @return SOUK_OK; SOUK_EUNAVAILABLE: none is free, or the store is away; and those of
 *          souk_event_store_open() */
souk_status souk_store_readers_take(struct souk_store_readers *r, struct souk_event_store **out,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Give it back. @param status what came of it: a store that failed is left alone for a moment */
void souk_store_readers_give(struct souk_store_readers *r, struct souk_event_store *store,
                             souk_status status);

#endif
