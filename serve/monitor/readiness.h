/** @file
 *  Where a process is in its life, for /readyz: starting, then taking requests, then draining.
 */
#ifndef SOUK_MONITOR_READINESS_H
#define SOUK_MONITOR_READINESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum souk_phase { SOUK_PHASE_STARTING, SOUK_PHASE_SERVING, SOUK_PHASE_DRAINING };

/** Zeroed: starting. Thread-safe. */
struct souk_readiness {
    atomic_int phase;
};

static inline void souk_readiness_set(struct souk_readiness *r, enum souk_phase phase)
{
    atomic_store(&r->phase, (int)phase);
}

/** A souk_monitor_ready; context is the struct souk_readiness. */
bool souk_readiness_is_ready(void *context, char *reason, size_t size);

#endif
