/** @file
 *  The certificate of HTTPS, checked before anything listens with it. TLS 1.3 only, by GnuTLS,
 * which libmicrohttpd uses; the links between processes have their own (serve/net/tlsconfig.h).
 */
#ifndef SOUK_HTTP_HTTPTLS_H
#define SOUK_HTTP_HTTPTLS_H

#include "shared/base/status.h"

/** GnuTLS's words for it. */
#define SOUK_HTTP_TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/** Read both and see that they belong together.
 *  @param cert, key paths; both, or neither: then the texts are NULL
 *  @param cert_text, key_text PEM; the caller's, free with souk_http_tls_free()
 *  @return SOUK_OK, SOUK_EUSAGE (one is missing), SOUK_ENOTFOUND, SOUK_EIO, SOUK_EFORMAT (not PEM),
 *          SOUK_EINTEGRITY (the key is another's), SOUK_ELIMIT (over 1 MiB), SOUK_ENOMEM */
souk_status souk_http_tls_load(const char *cert, const char *key, char **cert_text, char **key_text,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** Overwrites the key first. */
void souk_http_tls_free(char *cert_text, char *key_text);

#endif
