/** @file
 *  The registry: published versions of one model, and which of them is served.
 *
 *      REGISTRY/v000001/      a model folder, immutable
 *      REGISTRY/v000002/
 *      REGISTRY/current       symbolic link to the version that is served, replaced atomically
 *      REGISTRY/history.log   one line per publish and rollback: time, action, version, model id
 */
#ifndef SOUK_MODEL_REGISTRY_H
#define SOUK_MODEL_REGISTRY_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct souk_registry_version {
    int number;
    bool is_current;
    char model_id[17];
    char kind[65];
    int64_t created_ms, size_bytes;
    souk_status state; /**< SOUK_OK, or why its manifest cannot be read */
};

/** Copy a verified model into the registry under the next number, sync, and make it current.
 *  Creates the registry when its parent folder exists. Publishing the id that is current already is
 *  SOUK_EEXIST. @param number receives the new version */
souk_status souk_registry_publish(const char *registry, const char *model, int *number,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** All versions, ascending; free the array with free(). */
souk_status souk_registry_list(const char *registry, struct souk_registry_version **versions,
                               int *count, struct souk_error *err) SOUK_MUST_CHECK;

/** Make `number` current (0: the one that was current before), after verifying it whole. */
souk_status souk_registry_rollback(const char *registry, int number, int *now_current,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Read every part of a model folder, as a replica would. */
souk_status souk_registry_verify(const char *model, struct souk_error *err) SOUK_MUST_CHECK;

#endif
