#include "serve/monitor/readiness.h"

#include <stdio.h>

bool souk_readiness_is_ready(void *context, char *reason, size_t size)
{
    struct souk_readiness *r = context;
    const int phase = atomic_load(&r->phase);
    if (phase != SOUK_PHASE_SERVING)
        snprintf(reason, size, "%s", phase == SOUK_PHASE_STARTING ? "starting" : "draining");
    return phase == SOUK_PHASE_SERVING;
}
