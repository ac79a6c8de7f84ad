/** @file
 *  What a proxy says of its fleet and of itself: its reply to `list` or `status`, read. Pure.
 */
#ifndef SOUK_PROXYCTL_FLEETSTATUS_H
#define SOUK_PROXYCTL_FLEETSTATUS_H

#include "shared/wire/message.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_STATUS_BUCKETS_MAX = 64, SOUK_STATUS_MODELS_MAX = 4 };

struct souk_replica_status {
    char *address;
    int64_t shard;
    char state[16], reason[200];
    bool drained;
    int64_t outstanding, latency_us, out_us; /**< latency -1: not known; out 0: not ejected */
    int model_count;
    char model[SOUK_STATUS_MODELS_MAX][65]; /**< newest first */
};

/** Counts are since the proxy's start. */
struct souk_fleet_status {
    char state[16], reason[600], model[65];
    int64_t shards;
    int count;
    struct souk_replica_status *replicas; /**< [count] */

    bool has_figures; /**< a reply to `status` */
    int64_t at_us;    /**< on the proxy's clock */
    int64_t requests, errors, refused, partial, degraded, restarts, hedged, hedges_won, retried;
    int64_t waiting, busy, connections;
    int buckets;                                 /**< that have an end; one more goes on */
    int64_t bound_us[SOUK_STATUS_BUCKETS_MAX];   /**< [buckets], ascending */
    int64_t bucket[SOUK_STATUS_BUCKETS_MAX + 1]; /**< [buckets + 1], answers that took so long */
};

/** @param out zeroed on failure; free with souk_fleet_status_fini()
 *  @return SOUK_OK, SOUK_EFORMAT (not such a reply), SOUK_ENOMEM */
souk_status souk_fleet_status_read(const struct souk_message *m, struct souk_fleet_status *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;
void souk_fleet_status_fini(struct souk_fleet_status *s);

/** A quantile of the answers between two states of a proxy, by straight lines within the buckets;
 *  0 < q <= 1.
 *  @param before NULL: since the start
 *  @return microseconds; INT64_MAX: beyond the last bound; -1: there were none, or `before` is of
 * an earlier process */
int64_t souk_fleet_status_quantile(const struct souk_fleet_status *before,
                                   const struct souk_fleet_status *now, double q);

#endif
