/** @file
 *  How long events are kept: what happened longer ago is deleted, when a proxy starts and once an
 *  hour, by a thread with a connection of its own, a few at a time.
 */
#ifndef SOUK_EVENTS_RETENTION_H
#define SOUK_EVENTS_RETENTION_H

#include "serve/monitor/metric.h"
#include "shared/base/status.h"

#include <stdint.h>

struct souk_retention;

/** @param url of the store (eventstore.h), copied @param keep_ms > 0
 *  @param registry gets souk_events_pruned_total
 *  @return SOUK_OK, SOUK_ENOMEM; a store that is away is tried again */
souk_status souk_retention_start(const char *url, int64_t keep_ms, struct souk_metrics *registry,
                                 struct souk_retention **out,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** Waits for what is under way. NULL is fine. */
void souk_retention_stop(struct souk_retention *r);

#endif
