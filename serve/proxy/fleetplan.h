/** @file
 *  Who is to be in a fleet: the replicas and their shards, from --shards or from a file. Pure.
 *
 *      --shards "A1,A2 B1,B2"          shards by space, replicas of a shard by comma
 *
 *      # a file (--fleet): a replica to a line
 *      0 tcp://10.0.0.1:7101
 *      0 tcp://10.0.0.2:7101
 *      1 tcp://10.0.0.3:7101
 *      1 tcp://10.0.0.4:7101 drained   # gets no questions
 *
 *  Shards are numbered from 0 without a gap; an address stands once.
 */
#ifndef SOUK_PROXY_FLEETPLAN_H
#define SOUK_PROXY_FLEETPLAN_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    SOUK_FLEET_REPLICAS_MAX = 1024,
    SOUK_ADDRESS_MAX = 255,
    SOUK_FLEET_FILE_BYTES_MAX = 1 << 20,
};

struct souk_planned_replica {
    char address[SOUK_ADDRESS_MAX + 1];
    int shard;
    bool drained;
    int line; /**< of the file; 0: of --shards */
};

struct souk_fleet_plan {
    struct souk_planned_replica *replicas; /**< [count], in the order in which they stand */
    int count, shards;
    size_t room;
};

/** Whether this can be a replica's address: tcp://HOST:PORT, tls+tcp://HOST:PORT, ipc:///PATH or
 *  inproc://NAME. @param err says why not @return SOUK_OK, SOUK_EUSAGE */
souk_status souk_address_check(const char *address, struct souk_error *err) SOUK_MUST_CHECK;

/** Parse what --shards takes. @param plan free with souk_fleet_plan_fini(), also after a failure
 *  @return SOUK_OK; SOUK_EUSAGE (no replica, no address, an address twice, more than 64 replicas
 *          of a shard or 1024 in all); SOUK_ENOMEM */
souk_status souk_fleet_plan_parse_shards(const char *text, struct souk_fleet_plan *plan,
                                         struct souk_error *err) SOUK_MUST_CHECK;

/** Parse the text of a file. @param name of the file, for messages: `fleet:3: ...`
 *  @return as above, SOUK_EFORMAT for SOUK_EUSAGE */
souk_status souk_fleet_plan_parse_file(const char *name, const char *text,
                                       struct souk_fleet_plan *plan,
                                       struct souk_error *err) SOUK_MUST_CHECK;

/** Read a file. @return as above; SOUK_EFORMAT also for a file that cannot be read or is over
 *  1 MiB: whoever names it is told the same way */
souk_status souk_fleet_plan_read(const char *path, struct souk_fleet_plan *plan,
                                 struct souk_error *err) SOUK_MUST_CHECK;

void souk_fleet_plan_fini(struct souk_fleet_plan *plan);

/** The replica with this address; NULL: none. */
const struct souk_planned_replica *souk_fleet_plan_find(const struct souk_fleet_plan *plan,
                                                        const char *address);

#endif
