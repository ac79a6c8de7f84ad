/** @file
 *  The operations of a replica of a two-stage model: `candidates`, `rank`, `explain`
 *  (docs/wire-format.md).
 */
#ifndef SOUK_REPLICA_STAGEHANDLER_H
#define SOUK_REPLICA_STAGEHANDLER_H

#include "serve/replica/handler.h"
#include "shared/wire/reply.h"

/** @return false: the request is none of these, nothing was written */
bool souk_replica_handle_stages(const struct souk_replica *r, int worker,
                                const struct souk_request *request, struct souk_writer *reply);

#endif
