#include "serve/http/httptls.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <gnutls/gnutls.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

static souk_status read_whole(const char *path, int fd, char *text, struct souk_error *err)
{
    size_t len = 0;
    ssize_t got;
    while ((got = read(fd, text + len, FILE_MAX - len)) > 0)
        len += (size_t)got;
    if (got < 0)
        return souk_fail_errno(err, "%s", path);
    if (len == FILE_MAX)
        return souk_fail(err, SOUK_ELIMIT, "%s: more than 1 MiB is not a PEM file", path);
    return SOUK_OK; /* the memory was zeroed */
}

static souk_status read_file(const char *path, bool is_secret, char **out, struct souk_error *err)
{
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return souk_fail_errno(err, "%s", path);
    *out = souk_zalloc_array(FILE_MAX + 1, 1);
    const souk_status status =
        *out ? read_whole(path, fd, *out, err) : souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
    if (!status && is_secret && fstat(fd, &info) == 0 && (info.st_mode & S_IRWXO))
        souk_log(SOUK_LOG_WARN, "tls_key_is_open", "file=%s way_out=\"chmod o= %s\"", path, path);
    close(fd);
    return status;
}

static souk_status check_pair(const char *cert, const char *key, const char *cert_text,
                              const char *key_text, struct souk_error *err)
{
    gnutls_certificate_credentials_t credentials = NULL;
    const gnutls_datum_t chain = {(unsigned char *)(uintptr_t)cert_text,
                                  (unsigned)strlen(cert_text)};
    const gnutls_datum_t secret = {(unsigned char *)(uintptr_t)key_text,
                                   (unsigned)strlen(key_text)};
    if (gnutls_certificate_allocate_credentials(&credentials) != GNUTLS_E_SUCCESS)
        return souk_fail(err, SOUK_ENOMEM, "no memory for TLS");
    const int rv =
        gnutls_certificate_set_x509_key_mem(credentials, &chain, &secret, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(credentials);
    if (rv >= 0)
        return SOUK_OK;
    return souk_fail(err, rv == GNUTLS_E_CERTIFICATE_KEY_MISMATCH ? SOUK_EINTEGRITY : SOUK_EFORMAT,
                     "%s and %s are no certificate and its key in PEM: %s", cert, key,
                     gnutls_strerror(rv));
}

souk_status souk_http_tls_load(const char *cert, const char *key, char **cert_text, char **key_text,
                               struct souk_error *err)
{
    *cert_text = *key_text = NULL;
    if (!cert && !key)
        return SOUK_OK;
    if (!cert || !key)
        return souk_fail(err, SOUK_EUSAGE,
                         "HTTPS takes --http-tls-cert and --http-tls-key: %s is "
                         "missing",
                         cert ? "--http-tls-key" : "--http-tls-cert");
    souk_status status = read_file(cert, false, cert_text, err);
    if (!status)
        status = read_file(key, true, key_text, err);
    if (!status)
        status = check_pair(cert, key, *cert_text, *key_text, err);
    if (status) {
        souk_http_tls_free(*cert_text, *key_text);
        *cert_text = *key_text = NULL;
    }
    return status;
}

void souk_http_tls_free(char *cert_text, char *key_text)
{
    if (key_text)
        explicit_bzero(key_text, strlen(key_text));
    free(cert_text);
    free(key_text);
}
