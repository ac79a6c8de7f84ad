#include "serve/proxy/balancer.h"

#include "shared/base/random.h"

#include <assert.h>
#include <math.h>

const struct souk_balancer_settings souk_balancer_defaults = {
    .failures_max = 5,
    .ejection_us = 1000000,
    .ejection_max_us = 60000000,
    .memory_us = 2000000,
    .slow_factor = 5,
    .slow_floor_us = 10000,
    .slow_answers = 20,
    .panic_share = .5,
    .limit_first = 16, /* low: what is seen first is taken for the work itself */
    .limit_least = 4,
    .limit_most = 1024,
};

void souk_balancer_init(struct souk_balancer *b, int count,
                        const struct souk_balancer_settings *settings, uint64_t seed)
{
    assert(count >= 0 && count <= SOUK_BALANCER_REPLICAS_MAX);
    *b = (struct souk_balancer){.settings = *settings, .seed = seed, .usable = UINT64_MAX};
    for (int i = 0; i < count; i++)
        souk_balancer_join(b, i);
}

/* ---- sets of replicas ---- */

static uint64_t bit(int index)
{
    return UINT64_C(1) << index;
}

void souk_balancer_join(struct souk_balancer *b, int index)
{
    struct souk_balancer_replica *r = &b->replica[index];
    *r = (struct souk_balancer_replica){.outstanding = r->outstanding, .learned_us = -1};
    souk_limiter_init(&r->limiter, b->settings.limit_first, b->settings.limit_least,
                      b->settings.limit_most);
    b->members |= bit(index);
    b->count = index >= b->count ? index + 1 : b->count;
}

void souk_balancer_leave(struct souk_balancer *b, int index)
{
    b->members &= ~bit(index);
}

static int size_of(uint64_t set)
{
    return __builtin_popcountll(set);
}

/* The n-th smallest member. */
static int member(uint64_t set, int n)
{
    for (; n > 0; n--)
        set &= set - 1;
    return __builtin_ctzll(set);
}

/* ---- choosing ---- */

static double draw(struct souk_balancer *b)
{
    return souk_random_uniform(b->seed, b->draws++, 0);
}

uint64_t souk_balancer_healthy(const struct souk_balancer *b, int64_t now_us)
{
    uint64_t set = 0;
    for (int i = 0; i < b->count; i++)
        if (now_us >= b->replica[i].back_us)
            set |= bit(i);
    return set & b->members;
}

int souk_balancer_limit(const struct souk_balancer *b, int64_t now_us)
{
    const bool panic = souk_balancer_panics(b, b->usable, now_us);
    const uint64_t set = b->usable & (panic ? b->members : souk_balancer_healthy(b, now_us));
    int limit = 0;
    for (int i = 0; i < b->count; i++)
        if (set & bit(i))
            limit += souk_limiter_now(&b->replica[i].limiter);
    return limit;
}

bool souk_balancer_panics(const struct souk_balancer *b, uint64_t usable, int64_t now_us)
{
    const int healthy = size_of(usable & souk_balancer_healthy(b, now_us));
    return healthy < b->settings.panic_share * size_of(b->members);
}

/* Those that take part this time: one that is coming back does with a chance that grows from 0 to 1
 * until it is whole. Nobody is left out where that leaves nobody. */
static uint64_t draw_comers(struct souk_balancer *b, uint64_t set, int64_t now_us)
{
    uint64_t staying = set;
    for (int i = 0; i < b->count; i++) {
        const struct souk_balancer_replica *r = &b->replica[i];
        if (!(set & bit(i)) || now_us >= r->whole_us)
            continue;
        const double share = (double)(now_us - r->back_us) / (double)(r->whole_us - r->back_us);
        if (draw(b) >= share)
            staying &= ~bit(i);
    }
    return staying ? staying : set;
}

static bool is_fresh(const struct souk_balancer *b, const struct souk_balancer_replica *r,
                     int64_t now_us)
{
    return r->learned_us >= 0 && now_us - r->learned_us <= b->settings.memory_us;
}

/* A latency that is not known, or too old, does not count: it would keep the slow out for good, or
 * draw everything to the new. Then the queues decide alone. */
static bool is_cheaper(const struct souk_balancer *b, int i, int j, int64_t now_us)
{
    const struct souk_balancer_replica *x = &b->replica[i], *y = &b->replica[j];
    const bool by_latency = is_fresh(b, x, now_us) && is_fresh(b, y, now_us);
    return (x->outstanding + 1) * (by_latency ? x->latency_us : 1) <
           (y->outstanding + 1) * (by_latency ? y->latency_us : 1);
}

static int choose_of_two(struct souk_balancer *b, uint64_t set, int64_t now_us)
{
    const int n = size_of(set);
    if (n == 1)
        return member(set, 0);
    const int first = (int)(draw(b) * n);
    int second = (int)(draw(b) * (n - 1));
    second += second >= first;
    const int i = member(set, first), j = member(set, second);
    return is_cheaper(b, j, i, now_us) ? j : i;
}

/* Of those that may be chosen, the ones that have room. */
static uint64_t with_room(const struct souk_balancer *b, uint64_t set)
{
    for (int i = 0; i < b->count; i++)
        if (b->replica[i].outstanding >= souk_limiter_now(&b->replica[i].limiter))
            set &= ~bit(i);
    return set;
}

int souk_balancer_choose(struct souk_balancer *b, uint64_t usable, uint64_t tried, bool must,
                         int64_t now_us)
{
    const uint64_t healthy = souk_balancer_healthy(b, now_us);
    const bool panic = souk_balancer_panics(b, usable, now_us);
    int chosen;
    usable &= b->members;
    uint64_t set = usable & ~tried;
    b->usable = usable;
    if (!set)
        return SOUK_BALANCER_NONE;
    b->panics += panic;
    if (!panic && set & healthy)
        set &= healthy;
    if (with_room(b, set))
        set = with_room(b, set);
    else if (!must)
        return SOUK_BALANCER_FULL;
    if (!panic && set & healthy)
        set = draw_comers(b, set, now_us);
    chosen = choose_of_two(b, set, now_us);
    b->replica[chosen].outstanding++;
    return chosen;
}

/* ---- learning ---- */

static int64_t ejection_length(const struct souk_balancer *b, const struct souk_balancer_replica *r)
{
    int64_t length = b->settings.ejection_us;
    for (int k = 0; k < r->ejections && length < b->settings.ejection_max_us; k++)
        length *= 2;
    return length < b->settings.ejection_max_us ? length : b->settings.ejection_max_us;
}

/* @return false: it is the last healthy one, and stays */
static bool eject(struct souk_balancer *b, int index, int64_t now_us)
{
    struct souk_balancer_replica *r = &b->replica[index];
    const int64_t length = ejection_length(b, r);
    if (!(b->usable & souk_balancer_healthy(b, now_us) & ~bit(index)))
        return false;
    r->back_us = now_us + length;
    r->whole_us = r->back_us + length;
    r->ejections++;
    r->failures = 0;
    r->answers = 0;
    r->learned_us = -1;
    return true;
}

/* The mean of the recent past: a sample weighs as much as the time that has passed since the one
 * before it, so that the memory does not depend on the rate. */
static void learn_latency(const struct souk_balancer *b, struct souk_balancer_replica *r,
                          int64_t took_us, int64_t now_us)
{
    if (!is_fresh(b, r, now_us)) {
        r->latency_us = (double)took_us;
    } else {
        const double passed = (double)(now_us > r->learned_us ? now_us - r->learned_us : 1);
        const double kept = exp(-passed / (double)b->settings.memory_us);
        r->latency_us = r->latency_us * kept + (double)took_us * (1 - kept);
    }
    r->learned_us = now_us;
    r->answers++;
}

/* The median of the others that can be compared with; 0: none. */
static double median_of_others(const struct souk_balancer *b, int index, int64_t now_us)
{
    const uint64_t healthy = b->usable & souk_balancer_healthy(b, now_us);
    double sorted[SOUK_BALANCER_REPLICAS_MAX];
    int n = 0;
    for (int i = 0; i < b->count; i++) {
        const struct souk_balancer_replica *r = &b->replica[i];
        int at = n;
        if (i == index || !(healthy & bit(i)) || !is_fresh(b, r, now_us) ||
            r->answers < b->settings.slow_answers)
            continue;
        for (; at > 0 && sorted[at - 1] > r->latency_us; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = r->latency_us;
        n++;
    }
    return n > 0 ? sorted[n / 2] : 0;
}

static bool is_slow(const struct souk_balancer *b, int index, int64_t now_us)
{
    const struct souk_balancer_replica *r = &b->replica[index];
    if (r->answers < b->settings.slow_answers || r->latency_us <= (double)b->settings.slow_floor_us)
        return false;
    const double median = median_of_others(b, index, now_us);
    return median > 0 && r->latency_us > b->settings.slow_factor * median;
}

/* Whole for as long as the next ejection would last: one step back. */
static void forgive(const struct souk_balancer *b, struct souk_balancer_replica *r, int64_t now_us)
{
    if (r->ejections > 0 && now_us >= r->whole_us + ejection_length(b, r)) {
        r->ejections--;
        r->whole_us = now_us;
    }
}

/* Whoever comes back with an error goes again at once. To be late is no error: a share of all that
 * is asked of the best replica is overtaken by a second question. */
static void note_failure(struct souk_balancer *b, int index, enum souk_outcome outcome,
                         int64_t now_us)
{
    struct souk_balancer_replica *r = &b->replica[index];
    const int most = b->settings.failures_max;
    r->failures += outcome == SOUK_OUTCOME_ERROR && now_us < r->whole_us ? most : 1;
    if (r->failures >= most && eject(b, index, now_us))
        r->ejected_for_failures++;
}

void souk_balancer_report(struct souk_balancer *b, int index, enum souk_outcome outcome,
                          int64_t took_us, int64_t now_us)
{
    struct souk_balancer_replica *r = &b->replica[index];
    assert(r->outstanding > 0);
    r->outstanding--;
    if (outcome == SOUK_OUTCOME_NONE || now_us < r->back_us)
        return; /* of a time before the ejection: that is settled */
    if (outcome != SOUK_OUTCOME_ERROR) {
        learn_latency(b, r, took_us, now_us);
        souk_limiter_report(&r->limiter, outcome == SOUK_OUTCOME_LATE, took_us, r->outstanding + 1,
                            now_us);
    }
    if (outcome != SOUK_OUTCOME_GOOD) {
        note_failure(b, index, outcome, now_us);
        return;
    }
    r->failures = 0;
    forgive(b, r, now_us);
    if (is_slow(b, index, now_us) && eject(b, index, now_us))
        r->ejected_as_slow++;
}
