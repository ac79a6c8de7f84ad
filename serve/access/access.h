/** @file
 *  Who may ask for what: bearer tokens with scopes, and how often each may ask.
 *
 *      tokens file   NAME SCOPES EXPIRES RATE HASH    one line a token; only hashes are kept
 *      request       `token` (nng), `Authorization: Bearer ...` (HTTP, which becomes the field)
 *
 *      souk_access_check(): known, in force, has the scope, has a request left -> SOUK_WIRE_OK
 *
 *  Scopes: read (recommend, similar, explain, user_stats, health), write (event), admin (erase).
 *  Thread-safe; souk_access_reload() swaps the whole table.
 */
#ifndef SOUK_ACCESS_ACCESS_H
#define SOUK_ACCESS_ACCESS_H

#include "serve/monitor/metric.h"
#include "shared/base/status.h"
#include "shared/wire/wirestatus.h"

#include <stddef.h>
#include <stdint.h>

enum souk_scope {
    SOUK_SCOPE_NONE = 0,
    SOUK_SCOPE_READ = 1,
    SOUK_SCOPE_WRITE = 2,
    SOUK_SCOPE_ADMIN = 4
};

struct souk_access;

/** @param path of the tokens; NULL: nobody needs one, but the global rate holds
 *  @param rate requests a second for all together; 0: no limit
 *  @param registry gets souk_access_refused_total{reason=...}
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EFORMAT (names the line), SOUK_EINVAL (others may read or
 *          write the file), SOUK_EIO, SOUK_ENOMEM */
souk_status souk_access_open(const char *path, double rate, struct souk_metrics *registry,
                             struct souk_access **out, struct souk_error *err) SOUK_MUST_CHECK;
void souk_access_free(struct souk_access *a);

/** Read the file again. On failure the tokens stay as they were. */
souk_status souk_access_reload(struct souk_access *a, struct souk_error *err) SOUK_MUST_CHECK;

/** Decide, and take one request from the buckets.
 *  @param token [len], not trusted; NULL: none was sent
 *  @param now_us monotonic; now_s seconds since 1970
 *  @param retry_after_s out, with RATE_LIMITED: whole seconds to wait, at least 1
 *  @return SOUK_WIRE_OK, SOUK_WIRE_UNAUTHORIZED (missing, unknown, expired), SOUK_WIRE_FORBIDDEN
 * (the scope is missing), SOUK_WIRE_RATE_LIMITED */
enum souk_wire_status souk_access_check(struct souk_access *a, const char *token, size_t len,
                                        enum souk_scope scope, int64_t now_us, int64_t now_s,
                                        int64_t *retry_after_s);

#endif
