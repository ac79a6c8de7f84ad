/** @file
 *  The operations of the proxy: `recommend`, `similar`, `explain`, `user_stats`, `health`
 *  (docs/wire-format.md).
 *
 *      recommend:  store      -> events since training (lately.h)
 *                  home shard -> profile (factors, history)      unknown user: cold, no profile
 *                  all shards -> what the events are, where there are any (contextevents.h,
 *                                visitorfold.h)
 *                  all shards -> scan (vector or popularity, without the history), or the rounds of
 *                                two stages (twostage.h)
 *                  merge      -> answer, partial where a shard is missing
 */
#ifndef SOUK_PROXY_SERVICE_H
#define SOUK_PROXY_SERVICE_H

#include "serve/net/workforce.h"
#include "serve/access/access.h"
#include "serve/proxy/answercache.h"
#include "serve/proxy/eventintake.h"
#include "serve/proxy/hedging.h"
#include "serve/proxy/lately.h"
#include "serve/proxy/proxymetrics.h"
#include "serve/proxy/topology.h"
#include "shared/base/status.h"
#include "shared/wire/writer.h"

#include <stdint.h>

struct souk_service;

/** @param metrics outlives it; zeroed ones count nothing
 *  @param cache   of answers, outlives it; NULL: none
 *  @param deadline_ms of requests that bring none
 *  @param out free with souk_service_free(), before the topology is stopped */
souk_status souk_service_new(struct souk_topology *topology, struct souk_proxy_metrics *metrics,
                             struct souk_answer_cache *cache, int workers, int64_t deadline_ms,
                             struct souk_service **out, struct souk_error *err) SOUK_MUST_CHECK;
void souk_service_free(struct souk_service *s);

/** Log requests that take so long; 0, as it is at first: none. Before the first request. */
void souk_service_log_slow(struct souk_service *s, int64_t slow_ms);

/** Where visitors' events since training come from, if not from an intake. Before the first
 * request; without one only what requests bring counts. @param source its context outlives the
 * service */
void souk_service_read_recent(struct souk_service *s, struct souk_recent_source source);

/** Take events in, and count what visitors did lately; NULL, as it is at first: neither. Before the
 *  first request. @param intake outlives the last of them */
void souk_service_keep_events(struct souk_service *s, struct souk_event_intake *intake);

/** Check the tokens and rates of requests. Before the first one. @param access outlives it */
void souk_service_guard(struct souk_service *s, struct souk_access *access);

/** Its counters of hedges and retries. */
const struct souk_hedging *souk_service_hedging(const struct souk_service *s);

/** A souk_task_handler; context is the struct souk_service. */
enum souk_task_step souk_service_handle(void *context, int worker, struct souk_task *task,
                                        struct souk_writer *reply);

/** A souk_early_handler: what is not let in, and what the cache knows. */
enum souk_task_step souk_service_handle_early(void *context, struct souk_task *task,
                                              struct souk_writer *reply);

#endif
