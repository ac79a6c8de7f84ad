/** @file
 *  Events on their way into the store: a queue, and one thread that stores what has gathered while
 *  the disk was busy with the group before (group commit).
 *
 *      many threads -> souk_event_writer_put() -> queue -> [ group of 1 .. 4096 ] -> append ->
 * done()
 *
 *  Nobody waits: the batch's `done` is called when all of it is durable, or when it cannot be
 * stored. While the store fails, batches are refused at once (`state`), and one of them goes
 * through now and then to see whether it is back.
 */
#ifndef SOUK_SERVE_EVENTWRITER_H
#define SOUK_SERVE_EVENTWRITER_H

#include "serve/monitor/metric.h"
#include "shared/events/eventstore.h"

/** Some events that belong together. Filled in by the caller, and its to free, in `done`. */
struct souk_event_batch {
    struct souk_event_record *events; /**< [count] */
    enum souk_event_fate *fates;      /**< [count], out */
    int count;                        /**< 1 to SOUK_EVENT_GROUP_MAX */
    souk_status status;               /**< out: SOUK_OK, or why nothing of it is promised */
    const char *reason;               /**< out; "" for SOUK_OK; valid during done() */

    /** Called once, by the writer's thread or, on refusal, by souk_event_writer_put(). */
    void (*done)(struct souk_event_batch *batch);
    struct souk_event_batch *next; /**< the writer's */
};

struct souk_event_writer;

/** Called by the writer's thread for each event that is in the store now, before its batch is done:
 *  caches of answers and of recent events take it in, so that it counts when it is acknowledged.
 *  @param fate STORED; or DUPLICATE: it came before, perhaps in a group whose end nobody saw */
typedef void (*souk_event_stored)(void *context, const struct souk_event_record *event,
                                  enum souk_event_fate fate);

/** Open the store and begin. @param queue_max events that may wait
 *  @param registry gets souk_events_* @return those of souk_event_store_open() */
souk_status souk_event_writer_start(const char *url, int queue_max, souk_event_stored stored,
                                    void *context, struct souk_metrics *registry,
                                    struct souk_event_writer **out,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Thread-safe. Full: done() with SOUK_ELIMIT at once; the store is lost: SOUK_EUNAVAILABLE. */
void souk_event_writer_put(struct souk_event_writer *w, struct souk_event_batch *batch);

/** Store what is queued, then end. NULL is fine. */
void souk_event_writer_stop(struct souk_event_writer *w);

#endif
