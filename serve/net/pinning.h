/** @file
 *  Threads on cores of their own, by hwloc: thread k on the k-th core of a list, in turn.
 *
 *      --pin 0-3,8     cores by hwloc's logical numbers: neighbours share caches
 */
#ifndef SOUK_NET_PINNING_H
#define SOUK_NET_PINNING_H

#include "shared/base/status.h"

struct souk_pinning;

/** @param cores a list of numbers and ranges
 *  @param out   free with souk_pinning_free()
 *  @return SOUK_OK, SOUK_EUSAGE (not a list, or cores that are not there), SOUK_EIO (hwloc cannot
 *          look at this machine), SOUK_ENOMEM */
souk_status souk_pinning_new(const char *cores, struct souk_pinning **out,
                             struct souk_error *err) SOUK_MUST_CHECK;
void souk_pinning_free(struct souk_pinning *p);

/** Cores of the list. */
int souk_pinning_count(const struct souk_pinning *p);

/** Move the calling thread to its core. Thread-safe. @return SOUK_OK, SOUK_EIO */
souk_status souk_pinning_bind(const struct souk_pinning *p, int thread,
                              struct souk_error *err) SOUK_MUST_CHECK;

#endif
