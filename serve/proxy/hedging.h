/** @file
 *  When a shard is asked a second time, and how often that may happen (docs/adr/0008-hedging.md).
 *
 *      every first try   -> window of its operation -> p95 = how long the next one is waited for
 *      every question    -> pays 5 % of a hedge (burst 50) and 20 % of a retry (burst 50)
 *
 *  A first try that a hedge has overtaken counts with the time that it had then: it was slower than
 *  the p95, and the p95 needs to know no more. Shared by the workers; thread-safe.
 */
#ifndef SOUK_PROXY_HEDGING_H
#define SOUK_PROXY_HEDGING_H

#include "serve/proxy/latencywindow.h"
#include "serve/proxy/tokenbudget.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { SOUK_HEDGING_OPERATIONS = 9, SOUK_QUESTION_ID_BYTES = 33 };

struct souk_hedging {
    struct souk_token_budget hedges, retries;
    pthread_mutex_t lock;
    struct souk_latency_window window[SOUK_HEDGING_OPERATIONS]; /**< under the lock */
    uint64_t nonce[2];
    atomic_ullong questions;
    atomic_llong hedged, hedges_won, retried, rejected; /**< counters; rejected: replies */
};

void souk_hedging_init(struct souk_hedging *h);
void souk_hedging_fini(struct souk_hedging *h);

/** How long a first try of an operation is waited for before it is hedged, in microseconds. */
int64_t souk_hedging_patience(struct souk_hedging *h, const char *operation, int64_t now_us);

/** How long a first try took, or had taken when it was overtaken. */
void souk_hedging_learn(struct souk_hedging *h, const char *operation, int64_t took_us,
                        int64_t now_us);

/** An id that no other question of any proxy has. */
void souk_hedging_name(struct souk_hedging *h, char id[SOUK_QUESTION_ID_BYTES]);

#endif
