#include "serve/net/hostport.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_BYTES = 256, PORT_BYTES = 8 };

/* @param host [HOST_BYTES] without brackets @param port [PORT_BYTES] digits */
static bool split(const char *address, char *host, char *port)
{
    const char *const colon = strrchr(address, ':');
    const size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    size_t len = colon ? (size_t)(colon - address) : 0;
    if (len == 0 || len >= HOST_BYTES || digits == 0 || digits > 5 || colon[1 + digits] != '\0' ||
        atoi(colon + 1) > 65535)
        return false;
    if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    } else if (memchr(address, ':', len)) {
        return false;
    }
    snprintf(host, HOST_BYTES, "%.*s", (int)len, address);
    snprintf(port, PORT_BYTES, "%s", colon + 1);
    return true;
}

static souk_status fail_listen(struct souk_error *err, const char *option, const char *address)
{
    const int number = errno;
    return souk_fail(err, number == EADDRINUSE ? SOUK_EEXIST : SOUK_EIO,
                     "cannot listen on %s for %s: %s", address, option, strerror(number));
}

static souk_status bind_socket(const char *address, const char *option,
                               const struct addrinfo *found, int backlog, int *out,
                               struct souk_error *err)
{
    const int one = 1;
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail_listen(err, option, address);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, backlog) != 0) {
        const souk_status status = fail_listen(err, option, address);
        close(fd);
        return status;
    }
    *out = fd;
    return SOUK_OK;
}

static souk_status tell(int fd, const char *option, char *name, struct souk_error *err)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    char host[HOST_BYTES], port[PORT_BYTES];
    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0 ||
        getnameinfo((struct sockaddr *)&bound, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return souk_fail(err, SOUK_EIO, "cannot tell the address of %s", option);
    snprintf(name, SOUK_HOSTPORT_BYTES, bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
             port);
    return SOUK_OK;
}

souk_status souk_hostport_listen(const char *address, const char *option, int backlog, int *fd,
                                 char *name, struct souk_error *err)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[HOST_BYTES], port[PORT_BYTES];
    *fd = -1;
    if (!split(address, host, port) || getaddrinfo(host, port, &wanted, &found) != 0)
        return souk_fail(err, SOUK_EUSAGE,
                         "%s '%s' is not HOST:PORT, such as 127.0.0.1:9101, or none", option,
                         address);
    souk_status status = bind_socket(address, option, found, backlog, fd, err);
    freeaddrinfo(found);
    if (!status)
        status = tell(*fd, option, name, err);
    if (status && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return status;
}
