/** @file
 *  Who can reach an address that is listened on.
 */
#ifndef SOUK_NET_LISTENADDRESS_H
#define SOUK_NET_LISTENADDRESS_H

#include "shared/base/status.h"

#include <stdbool.h>

/** Refuse to be open to a network: without TLS only processes of this machine may connect, by
 *  ipc://, abstract://, unix://, inproc:// or tcp:// to 127.0.0.0/8, ::1 or localhost.
 *  @param insecure the operator wants it all the same
 *  @return SOUK_OK, SOUK_EUSAGE (with the way out), SOUK_EINVAL (not a URL, or of no kind we take)
 */
souk_status souk_listen_address_check(const char *url, bool insecure,
                                      struct souk_error *err) SOUK_MUST_CHECK;

#endif
