/** @file
 *  What a visitor did since the model was trained: the events that the request brings, and those of
 *  the store, in one list by time.
 *
 *      request's `events` --------------------\
 *                                              +--> at most 1000, the request's first, then the
 *      store, from the end of the model's data /    latest stored ones; one that stands in both
 *                                                   (same item, type and time) once
 *
 *  Pure but for the reading of the store: the list knows nothing of rows.
 */
#ifndef SOUK_PROXY_LATELY_H
#define SOUK_PROXY_LATELY_H

#include "serve/events/recentlist.h"
#include "shared/base/status.h"
#include "shared/wire/eventfields.h"
#include "shared/wire/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Where stored events come from: souk_recent_events_get() behind a context; NULL: there is no
 *  store. */
struct souk_recent_source {
    souk_status (*get)(void *context, const char *user, size_t len, int64_t since_ms,
                       struct souk_recent_list *list);
    void *context;
};

/** Texts point into the request, or into the list of stored events. */
struct souk_lately_event {
    const char *item, *type;
    size_t item_len, type_len;
    int64_t ms;
    double value;
    int number; /**< of the request's events; negative: a stored one */
};

/** Reused from one request to the next. @invariant events ascend by time; of one time the stored
 *  ones stand first, both as they came */
struct souk_lately {
    struct souk_lately_event *events; /**< [SOUK_WIRE_CONTEXT_MAX] */
    int count;
    int requested; /**< of them came with the request */
    struct souk_recent_list recent;
};

/** @return SOUK_OK, SOUK_ENOMEM; on failure souk_lately_fini() is harmless */
souk_status souk_lately_init(struct souk_lately *l) SOUK_MUST_CHECK;
void souk_lately_fini(struct souk_lately *l);

/** Take in the events of a request: the list has nothing else then.
 *  @param list NULL: the request brings none; @param moment_ms time of those that have none
 *  @param reason [size], what is wrong with the field, out
 *  @return false: not as docs/wire-format.md says */
bool souk_lately_take(struct souk_lately *l, const msgpack_object *list, int64_t moment_ms,
                      char *reason, size_t size);

/** Add the stored events in l->recent. @param from_ms those before do not count */
void souk_lately_add_recent(struct souk_lately *l, int64_t from_ms);

#endif
