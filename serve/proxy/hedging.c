#include "serve/proxy/hedging.h"

#include "shared/base/clock.h"
#include "shared/base/random.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum {
    HEDGE_PERCENT = 5,
    RETRY_PERCENT = 20,
    BURST = 50,
    SAMPLES_MIN = 100, /* a p95 of fewer is that of a handful */
    PATIENCE_MIN_US = 1000,
    PATIENCE_FIRST_US = 50000, /* while nothing is known */
};

void souk_hedging_init(struct souk_hedging *h)
{
    souk_token_budget_init(&h->hedges, HEDGE_PERCENT, BURST);
    souk_token_budget_init(&h->retries, RETRY_PERCENT, BURST);
    pthread_mutex_init(&h->lock, NULL);
    for (int k = 0; k < SOUK_HEDGING_OPERATIONS; k++)
        souk_latency_window_init(&h->window[k]);
    if (getrandom(h->nonce, sizeof h->nonce, 0) != (ssize_t)sizeof h->nonce)
        for (uint64_t k = 0; k < 2; k++)
            h->nonce[k] = souk_random_bits((uint64_t)souk_wall_ms(), k, 0);
    atomic_init(&h->questions, 0);
    atomic_init(&h->hedged, 0);
    atomic_init(&h->hedges_won, 0);
    atomic_init(&h->retried, 0);
    atomic_init(&h->rejected, 0);
}

void souk_hedging_fini(struct souk_hedging *h)
{
    pthread_mutex_destroy(&h->lock);
}

/* Operations that take unlike times have windows of their own. */
static struct souk_latency_window *window_of(struct souk_hedging *h, const char *operation)
{
    static const char *const name[SOUK_HEDGING_OPERATIONS - 1] = {
        "scan", "profile", "candidates", "rank", "item", "resolve", "explain", "describe"};
    int k = 0;
    while (k < SOUK_HEDGING_OPERATIONS - 1 && strcmp(operation, name[k]) != 0)
        k++;
    return &h->window[k];
}

int64_t souk_hedging_patience(struct souk_hedging *h, const char *operation, int64_t now_us)
{
    pthread_mutex_lock(&h->lock);
    const int64_t p95 =
        souk_latency_window_quantile(window_of(h, operation), .95, SAMPLES_MIN, now_us);
    pthread_mutex_unlock(&h->lock);
    if (p95 < 0)
        return PATIENCE_FIRST_US;
    return p95 > PATIENCE_MIN_US ? p95 : PATIENCE_MIN_US;
}

void souk_hedging_learn(struct souk_hedging *h, const char *operation, int64_t took_us,
                        int64_t now_us)
{
    pthread_mutex_lock(&h->lock);
    souk_latency_window_record(window_of(h, operation), took_us, now_us);
    pthread_mutex_unlock(&h->lock);
}

void souk_hedging_name(struct souk_hedging *h, char id[SOUK_QUESTION_ID_BYTES])
{
    const uint64_t number = atomic_fetch_add(&h->questions, 1);
    snprintf(id, SOUK_QUESTION_ID_BYTES, "%016llx%016llx", (unsigned long long)h->nonce[0],
             (unsigned long long)(h->nonce[1] + number));
}
