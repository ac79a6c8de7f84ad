/** @file
 *  A visitor's latest events, as a request gets them.
 */
#ifndef SOUK_EVENTS_RECENTLIST_H
#define SOUK_EVENTS_RECENTLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOUK_RECENT_EVENTS_MAX = 1000 }; /**< of a visitor, the latest */

struct souk_recent_event {
    const char *item, *type; /**< NUL-terminated; into the list's memory */
    int64_t ms;
    double value;
};

/** Reused from call to call; zeroed: empty. @invariant events ascend by ms */
struct souk_recent_list {
    struct souk_recent_event *events;
    int count;
    int64_t erased_ms; /**< the visitor was erased then: nothing from before counts; 0: never */
    void *memory;
    size_t memory_size;
};

static inline void souk_recent_list_clear(struct souk_recent_list *l)
{
    l->count = 0;
    l->erased_ms = 0;
}

void souk_recent_list_fini(struct souk_recent_list *l);

#endif
