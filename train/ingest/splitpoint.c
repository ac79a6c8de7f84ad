#include "train/ingest/splitpoint.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };

/* Count events by time in BUCKETS equal stretches from `from` on. */
static void count_events(const struct souk_placement *p, int64_t from, int64_t width,
                         int64_t *buckets)
{
    const int64_t count = p->offsets[p->users];
    memset(buckets, 0, BUCKETS * sizeof *buckets);
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = p->events[i].time_ms - from;
        if (at >= 0 && at / width < BUCKETS)
            buckets[at / width]++;
    }
}

souk_status souk_split_of_share_all(const struct souk_comm *comm, const struct souk_placement *p,
                                    double share, int64_t first_ms, int64_t last_ms,
                                    int64_t *split_ms, struct souk_error *err)
{
    int64_t events = p->offsets[p->users];
    int64_t from = first_ms, width = last_ms - first_ms + 1;
    souk_status status = SOUK_OK;
    int64_t *buckets = souk_alloc_array(BUCKETS, sizeof *buckets);
    if (!buckets)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to find the split");
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_sum_i64_all(comm, &events, 1, err);
    /* The event that we look for is number `left` of those at `from` or behind. */
    int64_t left = (int64_t)(share * (double)events);
    while (!status && width > 1) {
        width = (width + BUCKETS - 1) / BUCKETS;
        count_events(p, from, width, buckets);
        status = souk_sum_i64_all(comm, buckets, BUCKETS, err);
        int b = 0;
        for (; b < BUCKETS - 1 && left >= buckets[b]; b++)
            left -= buckets[b];
        from += b * width;
    }
    *split_ms = from;
    free(buckets);
    return status;
}
