/** @file
 *  The files that a proxy reads again on SIGHUP. What is wrong with one of them changes nothing:
 * the log says so, and what was read before stays in force.
 */
#ifndef SOUK_PROXY_REREAD_H
#define SOUK_PROXY_REREAD_H

#include "serve/access/access.h"
#include "serve/proxy/topology.h"

/** `fleet_read` with what has changed, or `fleet_kept`. One thread at a time. */
void souk_reread_fleet(const char *path, struct souk_topology *topology);

/** `tokens_read`, or `tokens_kept`. One thread at a time. */
void souk_reread_tokens(const char *path, struct souk_access *access);

#endif
