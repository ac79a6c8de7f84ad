/** @file
 *  What recommendations led to, by the model and the arm that made them: rates of clicks, of carts
 *  and of purchases, and revenue, as counters that Prometheus divides.
 *
 *      recommendation -> its request_id names model and arm -> event with that request_id
 *
 *      souk_recommendations_total{model,arm}
 *      souk_attributed_events_total{model,arm,class}   view: a click; cart; purchase; other
 *      souk_attributed_revenue_total{model,arm}        sum of the purchases' values
 *
 *  The models of this process' own answers are counted, the latest SOUK_ATTRIBUTION_SLOTS with
 * their arms; what names another one is counted as model="other". So no caller makes series.
 * Thread-safe.
 */
#ifndef SOUK_EVENTS_ATTRIBUTION_H
#define SOUK_EVENTS_ATTRIBUTION_H

#include "serve/monitor/metric.h"
#include "shared/events/eventstore.h"

enum { SOUK_ATTRIBUTION_SLOTS = 16 };

struct souk_attribution;

/** @param registry outlives it, and must not be written after it is freed
 *  @return NULL: no memory */
struct souk_attribution *souk_attribution_new(struct souk_metrics *registry);
void souk_attribution_free(struct souk_attribution *a);

/** An answer with a list was given. */
void souk_attribution_count_answer(struct souk_attribution *a, const char *model, const char *arm);

/** An event was stored. Nothing happens where it names no request. */
void souk_attribution_count_event(struct souk_attribution *a,
                                  const struct souk_event_record *event);

#endif
