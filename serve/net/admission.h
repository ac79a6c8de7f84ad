/** @file
 *  Whether a server takes a request in: there is room for it, and it can be answered in time.
 *
 *      taken, in order            at work                     expected of a newcomer
 *      [ 3 2 1 ] ---------------> ( c at once )                (3 + 1) x service / c + service
 *       queue_max at most          c = min(workers, *limit)
 *
 *  Service is the moving mean of the time that a request was worked for. A newcomer that would use
 *  up more than a quarter of its time is refused at once: what is taken in can then be answered,
 * also when the next ones take longer. One that need not wait is always taken, so that a mean which
 *  does not hold any more is learned anew. Pure: time comes as a parameter. Not thread-safe.
 */
#ifndef SOUK_NET_ADMISSION_H
#define SOUK_NET_ADMISSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** Why a request is refused; the names are labels of a metric. */
enum souk_denial {
    SOUK_DENIAL_NONE = -1,
    SOUK_DENIAL_QUEUE,    /**< the queue is full */
    SOUK_DENIAL_TIME,     /**< its turn would come too late */
    SOUK_DENIAL_DRAINING, /**< the process is stopping */
    SOUK_DENIALS,
};

struct souk_admission {
    int workers, queue_max;
    const atomic_int *limit; /**< of requests at work; NULL: as many as workers */
    int queued, working;
    int64_t service_us; /**< moving mean; 0: nothing is known */
    bool draining;
    int64_t refused[SOUK_DENIALS]; /**< counters */
};

/** @param limit NULL, or one that changes with time; 1 request is always let through */
void souk_admission_init(struct souk_admission *a, int workers, int queue_max,
                         const atomic_int *limit);

/** Whether a request could be worked for at once; else ask souk_admission_judge(). */
bool souk_admission_is_free(const struct souk_admission *a);

/** Whether to take a request in. @param left_us of its time; INT64_MAX: it has no deadline */
enum souk_denial souk_admission_judge(const struct souk_admission *a, int64_t left_us);

/** Whether a worker may take the next request out of the queue. */
bool souk_admission_may_begin(const struct souk_admission *a);

static inline void souk_admission_enter(struct souk_admission *a)
{
    a->queued++;
}

static inline void souk_admission_begin(struct souk_admission *a)
{
    a->queued--;
    a->working++;
}

/** @param took_us since it began */
void souk_admission_end(struct souk_admission *a, int64_t took_us);

const char *souk_denial_name(enum souk_denial denial);

#endif
