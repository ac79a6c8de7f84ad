/** @file
 *  A REP socket with a pool of workers: each has a context of its own and answers one request at a
 *  time. What waits for a worker waits in the connections, which pushes back on the callers.
 */
#ifndef SOUK_NET_SERVER_H
#define SOUK_NET_SERVER_H

#include "shared/base/status.h"
#include "shared/wire/writer.h"

#include <stddef.h>

/** Answer one request: write one whole message. Called by many threads at once, each with its own
 *  worker number in [0, workers). Never fails: what goes wrong becomes an error reply. */
typedef void (*souk_server_handler)(void *context, int worker, const void *request, size_t len,
                                    struct souk_writer *reply);

struct souk_server;

/** Listen, and start the workers.
 *  @param url "tcp://127.0.0.1:7100", port 0 for any free one; "ipc:///path"
 *  @return SOUK_OK, SOUK_EEXIST (the address is in use), SOUK_EINVAL (not an address), SOUK_EIO */
souk_status souk_server_start(const char *url, int workers, souk_server_handler handler,
                              void *context, struct souk_server **out,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** The address that is listened on, with the port that was found. */
const char *souk_server_address(const struct souk_server *s);

/** Take no more requests, finish those in the works, close. NULL is fine. */
void souk_server_stop(struct souk_server *s);

#endif
