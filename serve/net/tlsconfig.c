#include "serve/net/tlsconfig.h"

#include "serve/net/refusals.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <fcntl.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/x509_crt.h>
#include <nng/supplemental/tls/tls.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, REASON_BYTES = 128 };

struct souk_tls {
    char *cert, *key, *ca, *name; /* PEM texts; the name */
    int64_t expiry_s;
};

/* ---- files ---- */

static souk_status read_all(int fd, const char *path, char *text, struct souk_error *err)
{
    size_t len = 0;
    ssize_t n;
    do {
        n = read(fd, text + len, FILE_MAX - len);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0 && len < FILE_MAX);
    if (n < 0)
        return souk_fail_errno(err, "%s", path);
    if (len == FILE_MAX)
        return souk_fail(err, SOUK_ELIMIT, "%s: more than 1 MiB is not a PEM file", path);
    text[len] = '\0';
    return SOUK_OK;
}

/* @param mode of the file; NULL: not wanted */
static souk_status read_text(const char *path, char **out, mode_t *mode, struct souk_error *err)
{
    struct stat info;
    char *text = NULL;
    souk_status status;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return souk_fail_errno(err, "%s", path);
    if (fstat(fd, &info) != 0) {
        status = souk_fail_errno(err, "%s", path);
        goto out;
    }
    text = souk_zalloc_array(FILE_MAX + 1, 1);
    status =
        text ? read_all(fd, path, text, err) : souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
    if (mode)
        *mode = info.st_mode;
out:
    close(fd);
    if (status) {
        free(text);
        return status;
    }
    char *fitted = realloc(text, strlen(text) + 1);
    *out = fitted ? fitted : text;
    return SOUK_OK;
}

/* ---- checks ---- */

static souk_status fail_pem(struct souk_error *err, const char *path, const char *what, int rv)
{
    char reason[REASON_BYTES];
    mbedtls_strerror(rv, reason, sizeof reason);
    return souk_fail(err, SOUK_EFORMAT, "%s: not %s in PEM: %s", path, what, reason);
}

static souk_status parse_chain(mbedtls_x509_crt *chain, const char *pem, const char *path,
                               struct souk_error *err)
{
    const int rv = mbedtls_x509_crt_parse(chain, (const unsigned char *)pem, strlen(pem) + 1);
    if (rv > 0)
        return souk_fail(err, SOUK_EFORMAT, "%s: %d of its certificates cannot be read", path, rv);
    return rv < 0 ? fail_pem(err, path, "a certificate", rv) : SOUK_OK;
}

static int64_t seconds_of(const mbedtls_x509_time *t)
{
    struct tm tm = {.tm_year = t->year - 1900,
                    .tm_mon = t->mon - 1,
                    .tm_mday = t->day,
                    .tm_hour = t->hour,
                    .tm_min = t->min,
                    .tm_sec = t->sec};
    return timegm(&tm);
}

/* The peer judges dates, by its own clock. */
static void warn_of_dates(const mbedtls_x509_crt *crt, const char *path)
{
    if (mbedtls_x509_time_is_past(&crt->valid_to))
        souk_log(SOUK_LOG_WARN, "tls_certificate_expired", "file=%s since=%04d-%02d-%02d", path,
                 crt->valid_to.year, crt->valid_to.mon, crt->valid_to.day);
    else if (mbedtls_x509_time_is_future(&crt->valid_from))
        souk_log(SOUK_LOG_WARN, "tls_certificate_not_yet_valid", "file=%s until=%04d-%02d-%02d",
                 path, crt->valid_from.year, crt->valid_from.mon, crt->valid_from.day);
}

static souk_status check_key(const mbedtls_x509_crt *crt, const char *pem,
                             const struct souk_tls_files *files, struct souk_error *err)
{
    mbedtls_pk_context key;
    souk_status status = SOUK_OK;
    mbedtls_pk_init(&key);
    const int rv = mbedtls_pk_parse_key(&key, (const unsigned char *)pem, strlen(pem) + 1, NULL, 0,
                                        mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    if (rv != 0)
        status = fail_pem(err, files->key, "a private key without a pass phrase", rv);
    else if (mbedtls_pk_check_pair(&crt->pk, &key, mbedtls_psa_get_random,
                                   MBEDTLS_PSA_RANDOM_STATE) != 0)
        status = souk_fail(err, SOUK_EINTEGRITY, "%s: not the key of the certificate in %s",
                           files->key, files->cert);
    mbedtls_pk_free(&key);
    return status;
}

static souk_status check_all(struct souk_tls *t, const struct souk_tls_files *files,
                             struct souk_error *err)
{
    mbedtls_x509_crt own, ca;
    souk_status status;
    mbedtls_x509_crt_init(&own);
    mbedtls_x509_crt_init(&ca);
    status = psa_crypto_init() == PSA_SUCCESS ? SOUK_OK
                                              : souk_fail(err, SOUK_EIO, "mbed TLS cannot start");
    if (!status)
        status = parse_chain(&own, t->cert, files->cert, err);
    if (!status)
        status = parse_chain(&ca, t->ca, files->ca, err);
    if (!status)
        status = check_key(&own, t->key, files, err);
    if (!status) {
        warn_of_dates(&own, files->cert);
        warn_of_dates(&ca, files->ca);
        t->expiry_s = seconds_of(&own.valid_to);
    }
    mbedtls_x509_crt_free(&own);
    mbedtls_x509_crt_free(&ca);
    return status;
}

/* ---- loading ---- */

static souk_status read_files(struct souk_tls *t, const struct souk_tls_files *files,
                              struct souk_error *err)
{
    mode_t mode = 0;
    souk_status status = read_text(files->cert, &t->cert, NULL, err);
    if (!status)
        status = read_text(files->key, &t->key, &mode, err);
    if (!status)
        status = read_text(files->ca, &t->ca, NULL, err);
    if (!status && files->name) {
        t->name = souk_strndup(files->name, strlen(files->name));
        if (!t->name)
            status = souk_fail(err, SOUK_ENOMEM, "no memory for the TLS name");
    }
    if (!status && (mode & S_IRWXO))
        souk_log(SOUK_LOG_WARN, "tls_key_is_open", "file=%s mode=%04o way_out=\"chmod o= %s\"",
                 files->key, (unsigned)(mode & 07777), files->key);
    return status;
}

souk_status souk_tls_load(const struct souk_tls_files *files, struct souk_tls **out,
                          struct souk_error *err)
{
    struct souk_tls *t;
    souk_status status;
    *out = NULL;
    if (!files->cert && !files->key && !files->ca && !files->name)
        return SOUK_OK;
    if (!files->cert || !files->key || !files->ca)
        return souk_fail(err, SOUK_EUSAGE,
                         "TLS takes --tls-cert, --tls-key and --tls-ca: %s is missing",
                         !files->cert  ? "--tls-cert"
                         : !files->key ? "--tls-key"
                                       : "--tls-ca");
    t = souk_zalloc_array(1, sizeof *t);
    if (!t)
        return souk_fail(err, SOUK_ENOMEM, "no memory for TLS");
    status = read_files(t, files, err);
    if (!status)
        status = check_all(t, files, err);
    if (status) {
        souk_tls_free(t);
        return status;
    }
    souk_refusals_watch_tls();
    *out = t;
    return SOUK_OK;
}

void souk_tls_free(struct souk_tls *t)
{
    if (!t)
        return;
    if (t->key)
        explicit_bzero(t->key, strlen(t->key));
    free(t->cert);
    free(t->key);
    free(t->ca);
    free(t->name);
    free(t);
}

int64_t souk_tls_expiry_s(const struct souk_tls *t)
{
    return t->expiry_s;
}

/* ---- nng ---- */

bool souk_tls_is_wanted(const char *url)
{
    return strncmp(url, "tls+", 4) == 0;
}

static souk_status make_config(const struct souk_tls *t, nng_tls_mode mode, const char *url,
                               nng_tls_config **out, struct souk_error *err)
{
    int rv;
    *out = NULL;
    if (!t)
        return souk_fail(err, SOUK_EUSAGE, "%s takes --tls-cert, --tls-key and --tls-ca", url);
    rv = nng_tls_config_alloc(out, mode);
    if (rv == 0)
        rv = nng_tls_config_own_cert(*out, t->cert, t->key, NULL);
    if (rv == 0)
        rv = nng_tls_config_ca_chain(*out, t->ca,
                                     strstr(t->ca, "-----BEGIN X509 CRL") ? t->ca : NULL);
    if (rv == 0)
        rv = nng_tls_config_auth_mode(*out, NNG_TLS_AUTH_MODE_REQUIRED);
    if (rv == 0)
        return SOUK_OK;
    nng_tls_config_free(*out);
    *out = NULL;
    return souk_fail(err, rv == NNG_ENOMEM ? SOUK_ENOMEM : SOUK_EIO, "%s: TLS: %s", url,
                     nng_strerror(rv));
}

souk_status souk_tls_listen(const struct souk_tls *t, nng_listener listener, const char *url,
                            struct souk_error *err)
{
    nng_tls_config *config = NULL;
    if (!souk_tls_is_wanted(url))
        return SOUK_OK;
    souk_status status = make_config(t, NNG_TLS_MODE_SERVER, url, &config, err);
    if (status)
        return status;
    const int rv = nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, config);
    nng_tls_config_free(config);
    return rv == 0 ? SOUK_OK : souk_fail(err, SOUK_EIO, "%s: TLS: %s", url, nng_strerror(rv));
}

/* The name that the listener's certificate must be for. */
static int set_name(const struct souk_tls *t, nng_tls_config *config, const char *url)
{
    nng_url *parsed = NULL;
    int rv;
    if (t->name)
        return nng_tls_config_server_name(config, t->name);
    rv = nng_url_parse(&parsed, url);
    if (rv == 0) {
        rv = nng_tls_config_server_name(config, parsed->u_hostname);
        nng_url_free(parsed);
    }
    return rv;
}

souk_status souk_tls_dial(const struct souk_tls *t, nng_dialer dialer, const char *url,
                          struct souk_error *err)
{
    nng_tls_config *config = NULL;
    if (!souk_tls_is_wanted(url))
        return SOUK_OK;
    souk_status status = make_config(t, NNG_TLS_MODE_CLIENT, url, &config, err);
    if (status)
        return status;
    int rv = set_name(t, config, url);
    if (rv == 0)
        rv = nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, config);
    nng_tls_config_free(config);
    return rv == 0 ? SOUK_OK : souk_fail(err, SOUK_EIO, "%s: TLS: %s", url, nng_strerror(rv));
}
