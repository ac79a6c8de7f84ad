/** @file
 *  The connections of a server: how many there may be, and since when each asks nothing.
 *
 *      number of the connection -> [admitted | open]  requests under way, last used
 *
 *  A table with open addressing, at most half full. Time is a parameter; the caller locks.
 */
#ifndef SOUK_NET_CONNECTIONS_H
#define SOUK_NET_CONNECTIONS_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct souk_connection {
    uint32_t number; /**< 0: an empty slot */
    int32_t busy;    /**< its requests under way */
    uint64_t peer;   /**< whose it is (handshakewatch.h) */
    int64_t used_us; /**< when it came, or when its last request came or was answered */
    bool open;       /**< it has come all the way */
};

/** Zeroed to begin with, or as souk_connections_init() leaves it. */
struct souk_connections {
    struct souk_connection *slots; /**< [mask + 1] */
    size_t mask, count, open, max;
};

/** @param max connections; 0: as many as come */
void souk_connections_init(struct souk_connections *c, size_t max);
void souk_connections_fini(struct souk_connections *c);

/** @param number not 0, and not there yet
 *  @return SOUK_OK, SOUK_ELIMIT (max are there), SOUK_ENOMEM */
souk_status souk_connections_admit(struct souk_connections *c, uint32_t number, uint64_t peer,
                                   int64_t now_us) SOUK_MUST_CHECK;

/** It has come all the way. */
void souk_connections_open(struct souk_connections *c, uint32_t number);

/** It has gone. @param was_open out: it had come all the way @return false: it was not there */
bool souk_connections_leave(struct souk_connections *c, uint32_t number, bool *was_open);

/** A request of it begins (1) or has ended (-1). One that has gone is no error. */
void souk_connections_use(struct souk_connections *c, uint32_t number, int change, int64_t now_us);

/** Those without a request under way since `before_us`.
 *  @param numbers [max] @return how many were found, at most max */
size_t souk_connections_idle(const struct souk_connections *c, int64_t before_us, uint32_t *numbers,
                             size_t max);

/** The peers of all. @param peers [c->count] */
void souk_connections_peers(const struct souk_connections *c, uint64_t *peers);

#endif
