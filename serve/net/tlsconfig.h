/** @file
 *  TLS of nng links: a certificate, its key, and the CA whose certificates are believed.
 *
 *      files (PEM) --souk_tls_load()--> souk_tls --souk_tls_listen()--> tls+tcp:// listeners
 *                                                --souk_tls_dial()----> tls+tcp:// dialers
 *
 *  Both ends prove who they are: a listener takes nobody without a certificate of the CA, whatever
 *  name is in it; a dialer checks the listener's name, too. TLS 1.2 and 1.3, by mbed TLS. The files
 *  are read once: new certificates come with a restart.
 */
#ifndef SOUK_NET_TLSCONFIG_H
#define SOUK_NET_TLSCONFIG_H

#include "shared/base/status.h"

#include <nng/nng.h>
#include <stdbool.h>
#include <stdint.h>

/** Paths; all three, or none: no TLS. */
struct souk_tls_files {
    const char *cert; /**< our certificate, then the intermediate ones up to the CA */
    const char *key;  /**< its private key, without a pass phrase */
    const char *ca;   /**< certificates of the CAs that are believed, then their CRLs if any */
    const char *name; /**< what listeners' certificates must be for; NULL: the host of the URL */
};

struct souk_tls;

/** Read and check: that they are what they should be, and that the key is the certificate's. Warns
 *  in the log where a certificate is out of date (the peer judges that) or others may read the key.
 *  @param files borrowed for the call
 *  @param out   owned by the caller, free with souk_tls_free() when nothing listens or dials with
 *               it any more; NULL where no file is named, and on failure
 *  @return SOUK_OK, SOUK_EUSAGE (some of the three are missing), SOUK_ENOTFOUND, SOUK_EIO,
 *          SOUK_EFORMAT (not PEM, or not of that), SOUK_EINTEGRITY (the key is another's),
 *          SOUK_ELIMIT (over 1 MiB), SOUK_ENOMEM */
souk_status souk_tls_load(const struct souk_tls_files *files, struct souk_tls **out,
                          struct souk_error *err) SOUK_MUST_CHECK;
void souk_tls_free(struct souk_tls *tls);

/** When our certificate ends, in seconds since 1970. Thread-safe. */
int64_t souk_tls_expiry_s(const struct souk_tls *tls);

/** Whether a URL is one with TLS. */
bool souk_tls_is_wanted(const char *url);

/** Make a listener or a dialer ready before it is started; harmless for URLs without TLS.
 *  @param tls NULL: none
 *  @return SOUK_OK, SOUK_EUSAGE (a URL with TLS, and no files), SOUK_ENOMEM, SOUK_EIO */
souk_status souk_tls_listen(const struct souk_tls *tls, nng_listener listener, const char *url,
                            struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_tls_dial(const struct souk_tls *tls, nng_dialer dialer, const char *url,
                          struct souk_error *err) SOUK_MUST_CHECK;

#endif
