#include "serve/net/handshakewatch.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- peers ---- */

static uint64_t key_of(const void *address, size_t len, uint16_t port)
{
    unsigned char bytes[sizeof(struct in6_addr) + sizeof port];
    memcpy(bytes, address, len);
    memcpy(bytes + len, &port, sizeof port);
    const uint64_t key = souk_hash_bytes(bytes, len + sizeof port);
    return key ? key : 1;
}

uint64_t souk_peer_of(const nng_sockaddr *a)
{
    if (a->s_family == NNG_AF_INET)
        return key_of(&a->s_in.sa_addr, sizeof a->s_in.sa_addr, a->s_in.sa_port);
    if (a->s_family == NNG_AF_INET6)
        return key_of(a->s_in6.sa_addr, sizeof a->s_in6.sa_addr, a->s_in6.sa_port);
    return 0;
}

/* @param port out: in network order, as nng has it too */
static uint64_t key_of_socket(const struct sockaddr_storage *a, uint16_t *port)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)a;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)a;
    if (a->ss_family == AF_INET) {
        *port = four->sin_port;
        return key_of(&four->sin_addr, sizeof four->sin_addr, four->sin_port);
    }
    if (a->ss_family == AF_INET6) {
        *port = six->sin6_port;
        return key_of(&six->sin6_addr, sizeof six->sin6_addr, six->sin6_port);
    }
    return 0;
}

/* The peer of a descriptor that is a connection to the port, else 0. */
static uint64_t peer_of_descriptor(int fd, uint16_t wanted_port)
{
    struct sockaddr_storage own, peer;
    socklen_t own_len = sizeof own, peer_len = sizeof peer;
    uint16_t port = 0, peer_port;
    if (getsockname(fd, (struct sockaddr *)&own, &own_len) != 0 || !key_of_socket(&own, &port) ||
        ntohs(port) != wanted_port || getpeername(fd, (struct sockaddr *)&peer, &peer_len) != 0)
        return 0;
    return key_of_socket(&peer, &peer_port);
}

/* ---- looking ---- */

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool contains(const uint64_t *sorted, size_t count, uint64_t peer)
{
    return count > 0 && bsearch(&peer, sorted, count, sizeof peer, compare) != NULL;
}

static const struct souk_handshake *suspect(const struct souk_handshake_watch *w, uint64_t peer)
{
    /* a suspect begins with its peer */
    return w->count > 0 ? bsearch(&peer, w->suspects, w->count, sizeof *w->suspects, compare)
                        : NULL;
}

/* nng may close the descriptor, and another thread get its number, at any time: the copy stays what
 * it is while we make sure. */
static bool shut_down(int fd, uint64_t peer, uint16_t port)
{
    const int copy = dup(fd);
    if (copy < 0)
        return false;
    const bool done = peer_of_descriptor(copy, port) == peer && shutdown(copy, SHUT_RDWR) == 0;
    close(copy);
    return done;
}

struct look {
    struct souk_handshake_watch *watch;
    const uint64_t *known;
    size_t known_count, cap;
    struct souk_handshake_watch next; /* suspects of this look */
    int64_t now_us;
    int closed;
};

static void look_at(struct look *l, int fd)
{
    struct souk_handshake_watch *w = l->watch;
    const uint64_t peer = peer_of_descriptor(fd, w->port);
    if (!peer || contains(l->known, l->known_count, peer))
        return;
    const struct souk_handshake *old = suspect(w, peer);
    const int64_t seen_us = old ? old->seen_us : l->now_us;
    if (l->now_us - seen_us >= SOUK_HANDSHAKE_MS * INT64_C(1000)) {
        l->closed += shut_down(fd, peer, w->port);
        return;
    }
    if (souk_grow(&l->next.suspects, &l->cap, l->next.count + 1, 1 << 20,
                  sizeof *l->next.suspects) == SOUK_OK)
        l->next.suspects[l->next.count++] = (struct souk_handshake){peer, seen_us};
}

int souk_handshake_watch_look(struct souk_handshake_watch *w, uint64_t *known, size_t count,
                              int64_t now_us)
{
    struct look l = {.watch = w, .known = known, .known_count = count, .now_us = now_us};
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    w->looked_us = now_us;
    if (!dir)
        return 0; /* no descriptor is left, or no /proc: the next look may find one */
    if (count > 0)
        qsort(known, count, sizeof *known, compare);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            look_at(&l, atoi(entry->d_name));
    closedir(dir);
    if (l.next.count > 0)
        qsort(l.next.suspects, l.next.count, sizeof *l.next.suspects, compare);
    free(w->suspects);
    w->suspects = l.next.suspects;
    w->count = l.next.count;
    return l.closed;
}

bool souk_handshake_watch_is_due(const struct souk_handshake_watch *w, int64_t now_us)
{
    return w->port != 0 && now_us - w->looked_us >= SOUK_HANDSHAKE_LOOK_MS * INT64_C(1000);
}

void souk_handshake_watch_fini(struct souk_handshake_watch *w)
{
    free(w->suspects);
    *w = (struct souk_handshake_watch){.port = 0};
}
