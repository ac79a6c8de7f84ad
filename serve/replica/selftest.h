/** @file
 *  A version proves itself before it is believed: queries as a proxy would send them, answered by
 *  the code that answers proxies.
 */
#ifndef SOUK_REPLICA_SELFTEST_H
#define SOUK_REPLICA_SELFTEST_H

#include "serve/replica/handler.h"

/** Ask for what is popular, for the profile of the shard's first user, and for that user's list: a
 *  scan, or both rounds of two stages. Lists must be ordered and finite, and the popular one as
 *  long as it can be. Not thread-safe: uses the first worker's memory.
 *  @return SOUK_OK, SOUK_ENUMERIC (a wrong answer, with its reason), SOUK_ENOMEM */
souk_status souk_selftest_run(struct souk_replica *r, struct souk_error *err) SOUK_MUST_CHECK;

#endif
