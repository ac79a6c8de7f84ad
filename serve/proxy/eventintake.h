/** @file
 *  The operation `event`: what visitors do, on its way into the store.
 *
 *      message -> batch of records -> writer (group commit) -> stored: recent events, cache of
 * answers task is kept                                         attribution -> reply, a fate for
 * each
 *
 *  An event that is not as it should be gets the fate `invalid` with its reason; the others of the
 *  same message are stored.
 */
#ifndef SOUK_PROXY_EVENTINTAKE_H
#define SOUK_PROXY_EVENTINTAKE_H

#include "serve/events/attribution.h"
#include "serve/events/eventwriter.h"
#include "serve/events/recentevents.h"
#include "serve/net/workforce.h"
#include "serve/proxy/answercache.h"
#include "serve/proxy/proxymetrics.h"
#include "serve/proxy/uniqueid.h"

struct souk_event_intake;

struct souk_event_intake_plan {
    const char *store; /**< URL (eventstore.h) */
    int64_t keep_ms;   /**< prune what happened longer ago; 0: keep all */
    int64_t recent_bytes;
    int queue_max;                   /**< events under way */
    struct souk_answer_cache *cache; /**< NULL: none; outlives the intake, as do those below */
    struct souk_proxy_metrics *metrics;
    struct souk_attribution *attribution;
    struct souk_metrics *registry;
};

/** @return those of souk_event_writer_start() and souk_recent_events_start() */
souk_status souk_event_intake_start(const struct souk_event_intake_plan *plan,
                                    struct souk_event_intake **out,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Store what was taken in, and answer it. The workforce has been stopped before. NULL is fine. */
void souk_event_intake_stop(struct souk_event_intake *i);
void souk_event_intake_free(struct souk_event_intake *i);

/** Take the events of a request in. Thread-safe; does not wait.
 *  @param request of the task; moved, and zeroed, where the task is kept
 *  @return SOUK_TASK_KEPT; SOUK_TASK_ANSWERED: an error reply is there */
enum souk_task_step souk_event_intake_take(struct souk_event_intake *i, struct souk_task *task,
                                           struct souk_request *request, struct souk_writer *reply);

/** What visitors did lately. */
struct souk_recent_events *souk_event_intake_recent(const struct souk_event_intake *i);

#endif
