/** @file
 *  What a proxy tells its monitor: requests, the stages that they go through, what the answers were
 *  like, and the fleet as it sees it.
 */
#ifndef SOUK_PROXY_PROXYMETRICS_H
#define SOUK_PROXY_PROXYMETRICS_H

#include "serve/events/attribution.h"
#include "serve/monitor/processmetrics.h"
#include "serve/monitor/readiness.h"
#include "serve/monitor/requestmetrics.h"
#include "serve/monitor/servermetrics.h"
#include "serve/proxy/answercache.h"
#include "serve/proxy/topology.h"

/** Questions to shards, by their operation; and the merge of the answers. */
enum { SOUK_PROXY_STAGES = 10 };

/** Where an answer came from. */
enum souk_cache_result {
    SOUK_CACHE_HIT,    /**< from the cache */
    SOUK_CACHE_MISS,   /**< it was computed */
    SOUK_CACHE_SHARED, /**< from somebody who asked the same at the same time */
    SOUK_CACHE_BYPASS, /**< it may not be kept */
    SOUK_CACHE_RESULTS
};

/** Zeroed: counts nothing. Must not move once it is initialised. */
struct souk_proxy_metrics {
    struct souk_process_metrics process;
    struct souk_request_metrics request;
    struct souk_server_metrics server;
    struct souk_attribution *attribution; /**< NULL: none */
    struct souk_readiness readiness;
    struct souk_topology *topology;
    struct souk_gauge *workers;
    struct souk_histogram *stage[SOUK_PROXY_STAGES];
    struct souk_histogram *scored;   /**< candidates, of an answer */
    struct souk_histogram *returned; /**< length of its list */
    struct souk_counter *partial, *degraded, *restarts;
    struct souk_counter *warm, *cold; /**< users */
    struct souk_counter *cache[SOUK_CACHE_RESULTS];
    struct souk_answer_cache *answers;  /**< NULL: none */
    const struct souk_hedging *hedging; /**< set before the monitor starts; NULL: nothing is said */
};

/** Make the series. @param topology, cache outlive the monitor; cache NULL: none
 *  @return as souk_metrics_check() */
souk_status souk_proxy_metrics_init(struct souk_proxy_metrics *p, struct souk_metrics *m,
                                    struct souk_topology *topology, struct souk_answer_cache *cache,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** The number of a stage by its name, "scan" .. or "merge", and its name by its number. */
int souk_proxy_metrics_stage(const char *name);
const char *souk_proxy_metrics_stage_name(int stage);

/** A souk_monitor_ready; context is the struct souk_proxy_metrics. Ready is who serves and sees a
 *  model that every shard holds. */
bool souk_proxy_metrics_is_ready(void *context, char *reason, size_t size);

#endif
