/** @file
 *  The latest events of one visitor in one piece of memory: the events, then their texts.
 *
 *      [ head | event 0 | event 1 | ... | item 0 \0 type 0 \0 item 1 \0 type 1 \0 ... ]
 *
 *  Immutable: an event more makes a new one. Pure; not thread-safe.
 */
#ifndef SOUK_EVENTS_VISITORTIMELINE_H
#define SOUK_EVENTS_VISITORTIMELINE_H

#include "serve/events/recentlist.h"
#include "shared/events/eventstore.h"

#include <stddef.h>
#include <stdint.h>

struct souk_visitor_timeline;

/** Of events in any order. @return NULL: no memory */
struct souk_visitor_timeline *souk_visitor_timeline_of(const struct souk_recent_event *events,
                                                       int count);
void souk_visitor_timeline_free(struct souk_visitor_timeline *t);

/** With one event more, behind those of its time; without the oldest where there are more than
 *  SOUK_RECENT_EVENTS_MAX. @return NULL: no memory; `t` stays the caller's */
struct souk_visitor_timeline *souk_visitor_timeline_with(const struct souk_visitor_timeline *t,
                                                         const struct souk_event_record *event);

size_t souk_visitor_timeline_bytes(const struct souk_visitor_timeline *t);

/** Copy the events with ms >= since_ms. @return false: no memory, the list is empty */
bool souk_visitor_timeline_copy(const struct souk_visitor_timeline *t, int64_t since_ms,
                                struct souk_recent_list *list);

#endif
