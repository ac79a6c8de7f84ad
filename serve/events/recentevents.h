/** @file
 *  What visitors did lately, for requests that must not wait for a disk: a cache in front of the
 *  store, bounded in bytes, of the latest events of each visitor who asks or does something. That
 *  somebody has no events is remembered as well.
 *
 *      get(user) --- in memory --------------------------> events, erased_ms
 *            \------ else: one read by this thread ------/
 *
 *      an event is stored here: added; elsewhere (the store's watch): forgotten, within 1 s
 */
#ifndef SOUK_SERVE_RECENTEVENTS_H
#define SOUK_SERVE_RECENTEVENTS_H

#include "serve/events/recentlist.h"
#include "serve/monitor/metric.h"
#include "shared/events/eventstore.h"

#include <stddef.h>
#include <stdint.h>

struct souk_recent_events;

/** Opens connections of its own for reading and for the watch.
 *  @param changed called when a visitor's events were changed elsewhere (NULL user: any visitor's)
 *  @return those of souk_event_store_open(); a store that is away is not an error */
souk_status souk_recent_events_start(const char *url, int64_t limit_bytes,
                                     souk_event_changed changed, void *context,
                                     struct souk_metrics *registry, struct souk_recent_events **out,
                                     struct souk_error *err) SOUK_MUST_CHECK;
void souk_recent_events_stop(struct souk_recent_events *r);

/** The visitor's latest events with ms >= since_ms. Thread-safe.
 *  @return SOUK_OK; SOUK_EUNAVAILABLE, SOUK_EIO: the store cannot be read (at once while it is
 * known to be away), SOUK_ENOMEM. The list is then empty, and erased_ms what was known last */
souk_status souk_recent_events_get(struct souk_recent_events *r, const char *user, size_t len,
                                   int64_t since_ms, struct souk_recent_list *list) SOUK_MUST_CHECK;

/** It was stored: add it, where the visitor is in memory. */
void souk_recent_events_add(struct souk_recent_events *r, const struct souk_event_record *event);

/** Read the visitor again the next time; NULL: all of them. */
void souk_recent_events_forget(struct souk_recent_events *r, const char *user);

#endif
