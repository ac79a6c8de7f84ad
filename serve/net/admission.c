#include "serve/net/admission.h"

#include <stddef.h>

enum {
    MEMORY = 16,    /* requests that the mean is of, about */
    SHARE_LEFT = 4, /* a newcomer may use up one part in four of its time */
};

void souk_admission_init(struct souk_admission *a, int workers, int queue_max,
                         const atomic_int *limit)
{
    *a = (struct souk_admission){.workers = workers, .queue_max = queue_max, .limit = limit};
}

/* How many are worked for at once. */
static int concurrency(const struct souk_admission *a)
{
    const int limit = a->limit ? atomic_load_explicit(a->limit, memory_order_relaxed) : a->workers;
    const int least = limit < a->workers ? limit : a->workers;
    return least > 1 ? least : 1;
}

bool souk_admission_is_free(const struct souk_admission *a)
{
    return !a->draining && a->queued + a->working < concurrency(a);
}

enum souk_denial souk_admission_judge(const struct souk_admission *a, int64_t left_us)
{
    if (a->draining)
        return SOUK_DENIAL_DRAINING;
    if (souk_admission_is_free(a))
        return SOUK_DENIAL_NONE;
    if (a->queued >= a->queue_max)
        return SOUK_DENIAL_QUEUE;
    const int64_t wait_us = (a->queued + 1) * a->service_us / concurrency(a);
    return wait_us + a->service_us > left_us / SHARE_LEFT ? SOUK_DENIAL_TIME : SOUK_DENIAL_NONE;
}

bool souk_admission_may_begin(const struct souk_admission *a)
{
    return a->queued > 0 && (a->working < concurrency(a) || a->draining);
}

void souk_admission_end(struct souk_admission *a, int64_t took_us)
{
    a->working--;
    a->service_us =
        a->service_us == 0 ? took_us : a->service_us + (took_us - a->service_us) / MEMORY;
}

const char *souk_denial_name(enum souk_denial denial)
{
    static const char *const names[SOUK_DENIALS] = {"queue", "time", "draining"};
    return denial >= 0 && denial < SOUK_DENIALS ? names[denial] : NULL;
}
