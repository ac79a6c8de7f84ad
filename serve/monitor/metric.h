/** @file
 *  Metrics of a process: counters, gauges and histograms, made at the start, changed by any thread
 *  without a lock, written as text when somebody asks.
 *
 *      metrics
 *        family  souk_requests_total, its help and type
 *          series  {op="recommend",status="ok"}  ->  souk_counter      the handle: one atomic
 *          series  {op="recommend",status="deadline"} -> souk_counter
 *        family  souk_request_duration_seconds
 *          series  {op="recommend"}  ->  souk_histogram                one atomic a bucket, one sum
 *        collectors   functions that write whole families, of what others know at the moment
 *
 *  A handle lives as long as its metrics, on a cache line that it shares with no other. Labels are
 *  fixed when a series is made, from lists that do not grow with traffic; never a user's or an
 *  item's id. Whoever makes many series checks once, at the end: the first failure is kept, and
 *  what failed is NULL, on which every change is harmless. Without metrics (NULL) all handles are.
 */
#ifndef SOUK_MONITOR_METRIC_H
#define SOUK_MONITOR_METRIC_H

#include "serve/monitor/exposition.h"
#include "shared/base/status.h"

#include <stdatomic.h>
#include <stdint.h>

enum { SOUK_METRIC_LABELS_MAX = 4, SOUK_METRIC_SERIES_MAX = 10000 };

struct souk_metrics;

/** Only grows; exact. */
struct souk_counter {
    _Atomic uint64_t value;
};

struct souk_gauge {
    _Atomic int64_t value;
};

/** Where the buckets of a histogram end, and what its numbers are.
 *  @see souk_bounds_seconds, souk_bounds_count */
struct souk_bounds {
    int count;
    const int64_t *at; /**< [count], ascending; a bucket holds what is at most its bound */
    int decimals;      /**< a number stands for number / 10^decimals: 6 for microseconds */
};

extern const struct souk_bounds souk_bounds_seconds; /**< of microseconds, 50 us to 10 s */
extern const struct souk_bounds souk_bounds_count;   /**< 0 to 10 million, by 1, 2, 5 */

struct souk_histogram {
    const struct souk_bounds *bounds;
    _Atomic int64_t sum;
    _Atomic uint64_t bucket[]; /**< [bounds->count + 1], the last one is of what is beyond */
};

static inline void souk_counter_add(struct souk_counter *c, uint64_t n)
{
    if (c)
        atomic_fetch_add_explicit(&c->value, n, memory_order_relaxed);
}

static inline void souk_gauge_add(struct souk_gauge *g, int64_t n)
{
    if (g)
        atomic_fetch_add_explicit(&g->value, n, memory_order_relaxed);
}

static inline void souk_gauge_set(struct souk_gauge *g, int64_t value)
{
    if (g)
        atomic_store_explicit(&g->value, value, memory_order_relaxed);
}

/** Count a number in. @param value a negative one counts as 0 */
static inline void souk_histogram_add(struct souk_histogram *h, int64_t value)
{
    int b = 0;
    if (!h)
        return;
    value = value > 0 ? value : 0;
    while (b < h->bounds->count && value > h->bounds->at[b])
        b++;
    atomic_fetch_add_explicit(&h->bucket[b], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum, value, memory_order_relaxed);
}

/** @return free with souk_metrics_free(); NULL: no memory */
struct souk_metrics *souk_metrics_new(void) SOUK_MUST_CHECK;

/** Also all handles. NULL is fine. */
void souk_metrics_free(struct souk_metrics *m);

/** Make a series. Thread-safe. Refused, as said above: a name or a label that Prometheus does not
 *  take, a counter that does not end in `_total`, a name with another type or help than before, a
 *  series that is there already, one too many.
 *  @param name   of the family: a literal, as is `help`
 *  @param labels copied; families list theirs in one order */
struct souk_counter *souk_metrics_counter(struct souk_metrics *m, const char *name,
                                          const char *help, const struct souk_label *labels);
struct souk_gauge *souk_metrics_gauge(struct souk_metrics *m, const char *name, const char *help,
                                      const struct souk_label *labels);

/** @param bounds outlives the metrics */
struct souk_histogram *souk_metrics_histogram(struct souk_metrics *m, const char *name,
                                              const char *help, const struct souk_label *labels,
                                              const struct souk_bounds *bounds);

/** Writes families of its own names at every scrape. Called by one thread at a time, which holds
 * the metrics' lock: it must not make series. */
typedef void (*souk_metrics_collector)(void *context, struct souk_exposition *e);

/** @param context outlives the last souk_metrics_write() */
void souk_metrics_collect(struct souk_metrics *m, souk_metrics_collector collector, void *context);

/** The first failure of those above. @return SOUK_OK, SOUK_EINVAL, SOUK_EEXIST, SOUK_ELIMIT,
 *  SOUK_ENOMEM */
souk_status souk_metrics_check(struct souk_metrics *m, struct souk_error *err) SOUK_MUST_CHECK;

/** All of it. Thread-safe. A histogram's buckets are read one by one while others count: its
 *  `_count` is always that of its buckets, its `_sum` may be a few observations ahead or behind. */
void souk_metrics_write(struct souk_metrics *m, struct souk_exposition *e);

#endif
