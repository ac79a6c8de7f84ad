/** @file
 *  Who may ask for what: bearer tokens with scopes, and how often each may ask.
 *
 *      tokens file   NAME SCOPES EXPIRES RATE HASH    one line a token; only hashes are kept
 *      request       `token` (nng), `Authorization: Bearer ...` (HTTP, which becomes the field)
 *
 *      souk_access_check()   known? -> in force? -> has the scope? -> has a request left, and so
 * has everybody together? -> SOUK_ACCESS_GRANTED
 *
 *  Scopes: read (recommend, similar, explain, user_stats, health), write (event), admin (the
 *  operations of the admin listener).
 *  What is refused takes nothing from any rate: who has no token cannot use up the others'.
 *  Thread-safe; souk_access_reload() swaps the whole table.
 */
#ifndef SOUK_ACCESS_ACCESS_H
#define SOUK_ACCESS_ACCESS_H

#include "serve/monitor/metric.h"
#include "shared/base/status.h"
#include "shared/wire/wirestatus.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum souk_scope {
    SOUK_SCOPE_NONE = 0,
    SOUK_SCOPE_READ = 1,
    SOUK_SCOPE_WRITE = 2,
    SOUK_SCOPE_ADMIN = 4
};

/** Whether a request is let in, and why not. */
enum souk_access_verdict {
    SOUK_ACCESS_GRANTED,
    SOUK_ACCESS_MISSING, /**< no token was sent */
    SOUK_ACCESS_UNKNOWN,
    SOUK_ACCESS_EXPIRED,
    SOUK_ACCESS_SCOPE,
    SOUK_ACCESS_RATE, /**< the token's */
    SOUK_ACCESS_GLOBAL_RATE,
    SOUK_ACCESS_VERDICTS
};

/** "missing", "unknown" ..: the label of souk_access_refused_total. */
const char *souk_access_verdict_name(enum souk_access_verdict why);

/** SOUK_WIRE_OK, SOUK_WIRE_UNAUTHORIZED (missing, unknown, expired), SOUK_WIRE_FORBIDDEN (scope),
 *  SOUK_WIRE_RATE_LIMITED. */
enum souk_wire_status souk_access_verdict_status(enum souk_access_verdict why);

/** "read", "write", "admin", "none" */
const char *souk_scope_name(enum souk_scope scope);

struct souk_access;

/** @param path of the tokens; NULL: nobody needs one, but the global rate holds
 *  @param rate requests a second for all together; 0: no limit
 *  @param registry gets souk_access_* metrics; scraped for the last time before
 *         souk_access_free(). NULL: none
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EFORMAT (names the line), SOUK_EINVAL (others may read or
 *          write the file), SOUK_EIO, SOUK_ENOMEM, SOUK_EUNAVAILABLE (no libsodium) */
souk_status souk_access_open(const char *path, double rate, struct souk_metrics *registry,
                             struct souk_access **out, struct souk_error *err) SOUK_MUST_CHECK;

/** After the last scrape of its registry. NULL is fine. */
void souk_access_free(struct souk_access *a);

/** Whether requests need a token. */
bool souk_access_is_guarded(const struct souk_access *a);

/** Read the file again: at once for whoever asks from now on. A token that stays, with its rate,
 *  keeps what it has used of it. On failure the tokens stay as they were. One thread at a time.
 *  @param count of tokens, out */
souk_status souk_access_reload(struct souk_access *a, int *count,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** Decide, and take one request from the buckets.
 *  @param token [len], not trusted; NULL: none was sent
 *  @param now_us monotonic; now_s seconds since 1970
 *  @param retry_after_ms out, of the two rates: how long to wait, at least 1; else 0 */
enum souk_access_verdict souk_access_check(struct souk_access *a, const char *token, size_t len,
                                           enum souk_scope scope, int64_t now_us, int64_t now_s,
                                           int64_t *retry_after_ms);

#endif
