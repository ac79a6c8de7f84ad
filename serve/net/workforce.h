/** @file
 *  The requests of all listeners of a process, and the threads that answer them.
 *
 *      nng's seats ----\                       /-- early: refused, out of the cache, kept
 *                       souk_workforce_take() +--- queue -> workers -> handler -> answer
 *      HTTP's calls ---/                       \-- no room, or too late: `overloaded`, at once
 *
 *  admission.h says who is taken in. A request that waits for something else than a worker (an
 * event for its disk) is kept: whoever keeps it answers it later, and no thread waits with it.
 */
#ifndef SOUK_NET_WORKFORCE_H
#define SOUK_NET_WORKFORCE_H

#include "serve/net/admission.h"
#include "serve/net/pinning.h"
#include "shared/base/status.h"
#include "shared/wire/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct souk_workforce;

/** One request under way; embedded in what brought it. Untouched by the workforce once answered. */
struct souk_task {
    const void *request; /**< [len], one MessagePack map; stays until the answer */
    size_t len;
    int64_t received_us;          /**< monotonic */
    struct souk_workforce *force; /**< that has taken it */

    /** Called once, by any thread, which must not wait. @param reply whole; valid until it returns
     */
    void (*answer)(struct souk_task *task, const struct souk_writer *reply);
};

enum souk_task_step {
    SOUK_TASK_ANSWERED, /**< the reply is written */
    SOUK_TASK_KEPT,   /**< whoever keeps it calls souk_task_answer(); it may have done so already */
    SOUK_TASK_PASSED, /**< of an early handler: it goes the usual way, whatever was written */
};

/** Answer one request: write one whole message, or keep the task. Called by many threads at once,
 *  each with its own worker number in [0, workers). Never fails: what goes wrong becomes an error
 *  reply. @return SOUK_TASK_ANSWERED or SOUK_TASK_KEPT */
typedef enum souk_task_step (*souk_task_handler)(void *context, int worker, struct souk_task *task,
                                                 struct souk_writer *reply);

/** Look at a request where it arrives, before it takes a place in the queue; called by listeners'
 *  threads, many at once, which must not wait. */
typedef enum souk_task_step (*souk_early_handler)(void *context, struct souk_task *task,
                                                  struct souk_writer *reply);

struct souk_workforce_plan {
    int workers;             /**< threads, >= 1 */
    int queue;               /**< requests that may wait for a worker, >= 1 */
    int kept;                /**< tasks that handlers may keep at once */
    const atomic_int *limit; /**< of requests at work at once; NULL: as many as workers */
    int64_t deadline_ms;     /**< of requests that bring none; 0: they may wait for ever */
    souk_task_handler handler;
    souk_early_handler early; /**< NULL: none */
    void *context;
    const struct souk_pinning *pinning; /**< of the workers; NULL: wherever there is room */
};

/** @param plan borrowed for the call @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_workforce_start(const struct souk_workforce_plan *plan,
                                 struct souk_workforce **out,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** Take a request in: its answer comes, perhaps before this returns. Thread-safe; does not wait. */
void souk_workforce_take(struct souk_workforce *f, struct souk_task *task);

/** Answer a task that was kept. */
void souk_task_answer(struct souk_task *task, const struct souk_writer *reply);

/** Tasks that are not answered yet, kept ones too; those that wait for a worker; refused ones, for
 * a reason or, with SOUK_DENIALS, for any; those that workers have begun. Thread-safe. */
int souk_workforce_busy(struct souk_workforce *f);
int souk_workforce_waiting(struct souk_workforce *f);
int64_t souk_workforce_refused(struct souk_workforce *f, enum souk_denial why);
int64_t souk_workforce_begun(struct souk_workforce *f);

/** Requests that may be under way at once: listeners need no more places. */
int souk_workforce_places(const struct souk_workforce *f);

/** Go on answering what was taken in, and `draining` to whatever comes from now on. */
void souk_workforce_drain(struct souk_workforce *f);

/** Answer what is queued, `draining` to whatever comes then; the workers have ended when this
 *  returns, and no handler runs any more, an early one neither. Listeners are closed after it, then
 * souk_workforce_free(). NULL is fine. */
void souk_workforce_stop(struct souk_workforce *f);
void souk_workforce_free(struct souk_workforce *f);

#endif
