#include "serve/proxy/latencywindow.h"

#include <math.h>
#include <string.h>

enum { FINE_BITS = 4, FINE = 1 << FINE_BITS };

/* Below FINE each number has a bucket; above, the leading bit and the FINE_BITS behind it name it.
 */
static int bucket_of(int64_t us)
{
    if (us < FINE)
        return us > 0 ? (int)us : 0;
    const int shift = 63 - __builtin_clzll((uint64_t)us) - FINE_BITS;
    const int64_t bucket = (int64_t)shift * FINE + (us >> shift);
    return bucket < SOUK_LATENCY_BUCKETS ? (int)bucket : SOUK_LATENCY_BUCKETS - 1;
}

static int64_t end_of(int bucket)
{
    const int shift = bucket < 2 * FINE ? 0 : bucket / FINE - 1;
    return ((int64_t)(bucket - shift * FINE + 1) << shift) - 1;
}

void souk_latency_window_init(struct souk_latency_window *w)
{
    memset(w, 0, sizeof *w);
}

static void empty_slot(struct souk_latency_window *w, int64_t slot)
{
    uint32_t *count = w->count[slot % SOUK_LATENCY_SLOTS];
    for (int k = 0; k < SOUK_LATENCY_BUCKETS; k++) {
        w->total[k] -= count[k];
        w->samples -= count[k];
    }
    memset(count, 0, sizeof w->count[0]);
}

static void advance(struct souk_latency_window *w, int64_t now_us)
{
    const int64_t slot = now_us / SOUK_LATENCY_SLOT_US;
    const int64_t steps = slot - w->slot;
    for (int64_t k = 1; k <= steps && k <= SOUK_LATENCY_SLOTS; k++)
        empty_slot(w, w->slot + k);
    if (steps > 0)
        w->slot = slot;
}

void souk_latency_window_record(struct souk_latency_window *w, int64_t latency_us, int64_t now_us)
{
    const int bucket = bucket_of(latency_us);
    advance(w, now_us);
    w->count[w->slot % SOUK_LATENCY_SLOTS][bucket]++;
    w->total[bucket]++;
    w->samples++;
}

int64_t souk_latency_window_quantile(struct souk_latency_window *w, double q, int64_t min_samples,
                                     int64_t now_us)
{
    advance(w, now_us);
    if (w->samples < min_samples || w->samples == 0)
        return -1;
    int64_t left = (int64_t)ceil(q * (double)w->samples);
    int bucket = 0;
    for (; bucket < SOUK_LATENCY_BUCKETS - 1; bucket++) {
        left -= w->total[bucket];
        if (left <= 0)
            break;
    }
    return end_of(bucket);
}
