/** @file
 *  The commands of souk-proxyctl, and what they share: the proxies that --at names, asked one after
 *  another.
 */
#ifndef SOUK_PROXYCTL_PROXYCTL_H
#define SOUK_PROXYCTL_PROXYCTL_H

#include "serve/net/adminpeer.h"
#include "serve/net/tokenfile.h"
#include "serve/proxyctl/fleetstatus.h"
#include "shared/base/options.h"

struct souk_proxyctl {
    const char *at, *token_file;
    int64_t timeout_ms, wait_ms, interval_ms;
    bool force, json, once;
};

enum { SOUK_PROXYCTL_PROXIES_MAX = 64 };

/** The proxies of --at, connected or connecting. */
struct souk_proxies {
    struct souk_admin_peer *peers; /**< [count] */
    int count;
    char token[SOUK_TOKEN_BYTES_MAX + 1]; /**< to show; "": none */
};

/** @param out free with souk_proxies_close(), also after a failure
 *  @return SOUK_OK, SOUK_EUSAGE (not an address, none, too many), SOUK_ENOMEM, those of
 *          souk_token_file_read() */
souk_status souk_proxies_open(const struct souk_proxyctl *o, struct souk_proxies *out,
                              struct souk_error *err) SOUK_MUST_CHECK;
void souk_proxies_close(struct souk_proxies *p);

/** Begin a request to them, with the token where there is one: `fields` more follow. */
void souk_proxies_begin(const struct souk_proxies *p, struct souk_writer *w, const char *operation,
                        size_t fields);

/** What to do with a proxy's reply. */
typedef souk_status (*souk_proxy_told)(void *context, const char *url,
                                       const struct souk_message *reply, struct souk_error *err);

/** Tell each of them, also after one has refused.
 *  @return the first failure, whose text is in err; those after it are complained of at once */
souk_status souk_proxies_tell(struct souk_proxies *p, const struct souk_writer *request,
                              int64_t timeout_ms, souk_proxy_told told, void *context,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** Ask one of them for `list` or `status`.
 *  @param out free with souk_fleet_status_fini(), also after a failure
 *  @return as souk_admin_peer_ask(), souk_fleet_status_read() */
souk_status souk_proxies_status(struct souk_proxies *p, int index, const char *operation,
                                int64_t timeout_ms, struct souk_fleet_status *out,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** add, drain, undrain, remove: each proxy is told, also after one has refused.
 *  @param shard of `add`, as text
 *  @return SOUK_OK; SOUK_EUSAGE; the first failure: SOUK_EUNAVAILABLE, SOUK_ETIMEDOUT,
 *          SOUK_EFORMAT (refused; the text is the proxy's) */
souk_status souk_proxyctl_change(const struct souk_proxyctl *o, const char *command,
                                 const char *shard, const char *address,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** canary: each proxy is told, also after one has failed. @param share as text: 0 to 1, or `off`
 *  @return as souk_proxyctl_change() */
souk_status souk_proxyctl_canary(const struct souk_proxyctl *o, const char *share,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** The members, as a file for --fleet or as JSON. */
souk_status souk_proxyctl_list(const struct souk_proxyctl *o,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** Until a signal, or one frame. */
souk_status souk_proxyctl_top(const struct souk_proxyctl *o,
                              struct souk_error *err) SOUK_MUST_CHECK;

#endif
