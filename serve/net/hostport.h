/** @file
 *  HOST:PORT for listeners of HTTP.
 */
#ifndef SOUK_NET_HOSTPORT_H
#define SOUK_NET_HOSTPORT_H

#include "shared/base/status.h"

enum { SOUK_HOSTPORT_BYTES = 272 };

/** Bind and listen, without blocking.
 *  @param address "HOST:PORT" or "[::1]:PORT"; port 0: any free one
 *  @param option  that brought it, for messages: "--monitor"
 *  @param fd      out, the caller closes it; -1 on failure
 *  @param name    [SOUK_HOSTPORT_BYTES] out: the address in numbers, with the port that was found
 *  @return SOUK_OK, SOUK_EUSAGE (not an address), SOUK_EEXIST (in use), SOUK_EIO */
souk_status souk_hostport_listen(const char *address, const char *option, int backlog, int *fd,
                                 char *name, struct souk_error *err) SOUK_MUST_CHECK;

#endif
