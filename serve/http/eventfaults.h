/** @file
 *  Which events of a batch cannot be read, and why: their results say so, those of the others do
 *  not suffer.
 */
#ifndef SOUK_HTTP_EVENTFAULTS_H
#define SOUK_HTTP_EVENTFAULTS_H

#include "serve/http/requestfields.h"

struct souk_event_fault {
    size_t index; /**< in the batch */
    struct souk_field_fault fault;
};

/** Zeroed: none. */
struct souk_event_faults {
    struct souk_event_fault *list; /**< [count], by index */
    size_t count, cap;
    bool is_single; /**< the body was one event, not a list */
};

/** @return false: no memory */
bool souk_event_faults_add(struct souk_event_faults *f, size_t index,
                           const struct souk_field_fault *fault);

/** NULL: that event could be read. */
const struct souk_field_fault *souk_event_faults_find(const struct souk_event_faults *f,
                                                      size_t index);
void souk_event_faults_fini(struct souk_event_faults *f);

#endif
