#include "serve/net/listenaddress.h"

#include <arpa/inet.h>
#include <nng/nng.h>
#include <string.h>

static bool is_in(const char *text, const char *const *list)
{
    while (*list && strcmp(*list, text) != 0)
        list++;
    return *list != NULL;
}

static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six);
    return strcmp(host, "localhost") == 0;
}

souk_status souk_listen_address_check(const char *url, bool insecure, struct souk_error *err)
{
    static const char *const private[] = {"ipc", "unix", "abstract", "inproc", NULL};
    static const char *const secure[] = {"tls+tcp", "tls+tcp4", "tls+tcp6", NULL};
    static const char *const plain[] = {"tcp", "tcp4", "tcp6", NULL};
    nng_url *parsed = NULL;
    souk_status status = SOUK_OK;
    if (nng_url_parse(&parsed, url) != 0)
        return souk_fail(err, SOUK_EINVAL, "cannot listen on %s: not an address", url);
    if (is_in(parsed->u_scheme, plain)) {
        if (!insecure && !is_loopback(parsed->u_hostname))
            status = souk_fail(err, SOUK_EUSAGE,
                               "%s is open to the network: take tls+tcp:// with --tls-cert, "
                               "--tls-key and --tls-ca, or a loopback address, or --insecure",
                               url);
    } else if (!is_in(parsed->u_scheme, private) && !is_in(parsed->u_scheme, secure)) {
        status =
            souk_fail(err, SOUK_EINVAL,
                      "cannot listen on %s: not tls+tcp://, tcp://, ipc:// or abstract://", url);
    }
    nng_url_free(parsed);
    return status;
}
