/** @file
 *  File descriptors: as many as the process may have.
 */
#ifndef SOUK_NET_DESCRIPTORS_H
#define SOUK_NET_DESCRIPTORS_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_DESCRIPTORS_SPARE = 256 }; /**< beside connections: files of a model, monitor, peers */

/** Raise the soft limit (ulimit -n) to the hard one, and see whether the connections fit.
 *  @param connections out: where they do not, and are not `fixed`, as many as do; with a warning
 *  @return SOUK_OK, SOUK_EUSAGE (they are fixed and do not fit), SOUK_EIO */
souk_status souk_descriptors_raise(int64_t *connections, bool fixed,
                                   struct souk_error *err) SOUK_MUST_CHECK;

#endif
