#include "train/generate/behaviour.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TASTES = 3, GROUP = 4, SESSION_MAX = 8, BIRTH_TRIES = 6 };

/* Relative traffic of the hours, and of the days of a week; both repeat. */
static const int hour_weight[24] = {4, 2, 1, 1,  1,  2,  4,  7,  9,  10, 10, 10,
                                    9, 9, 9, 10, 11, 13, 15, 16, 16, 14, 11, 7};
static const int day_weight[7] = {10, 11, 11, 10, 9, 8, 9};

/* Relative activity by trailing zeros of a random number: each level is half as frequent, and half
 * as busy again (a tail like Pareto's, in whole numbers). */
static const int activity[24] = {1,   2,   2,   4,   5,   8,   11,   17,   26,   38,   58,   86,
                                 130, 195, 292, 438, 657, 985, 1478, 2217, 3325, 4988, 7482, 11223};

static int activity_of(const struct souk_shop *shop, int64_t visitor)
{
    const int64_t bits = souk_shop_pick(shop, visitor, SOUK_DRAW_ACTIVITY, 0, INT64_C(1) << 23);
    int zeros = 0;
    while (zeros < 16 && !(bits >> zeros & 1))
        zeros++;
    return activity[zeros];
}

/* Events per visitor: 1 for half of them; the others have 2, and share the rest by activity.
 * Rounding's remainder goes to the first ones, one each. */
static void count_events(const struct souk_shop *shop, int64_t *counts)
{
    const struct souk_shop_plan *p = &shop->plan;
    const int64_t single = p->visitors / 2;
    const int64_t others = p->visitors - single;
    int64_t spare = p->events - p->visitors, weights = 0, given = 0;
    const int64_t second = spare < others ? spare : others;
    for (int64_t v = single; v < p->visitors; v++)
        weights += activity_of(shop, v);
    spare -= second;
    for (int64_t v = 0; v < p->visitors; v++) {
        const int64_t share =
            v < single ? 0 : (int64_t)((__int128)spare * activity_of(shop, v) / weights);
        counts[v] = 1 + (v >= single && v - single < second) + share;
        given += share;
    }
    for (int64_t k = 0; k < spare - given; k++)
        counts[single + k % others]++;
}

/* Running traffic of the days: growth of 30 % over the time, times the day of the week. */
static double *make_calendar(const struct souk_shop *shop)
{
    const int64_t days = shop->plan.days;
    double *sums = souk_alloc_array((size_t)days, sizeof *sums), sum = 0;
    for (int64_t d = 0; d < days && sums; d++) {
        sum += (double)day_weight[d % 7] * (1 + .3 * (double)d / (double)days);
        sums[d] = sum;
    }
    return sums;
}

static int64_t draw_moment(const struct souk_shop *shop, const double *calendar, int64_t visitor,
                           int64_t session)
{
    const int64_t days = shop->plan.days;
    const double u =
        souk_shop_uniform(shop, visitor, SOUK_DRAW_SESSION, 4 * session) * calendar[days - 1];
    int64_t weight = souk_shop_pick(shop, visitor, SOUK_DRAW_SESSION, 4 * session + 1, 211);
    int64_t day = 0, hour = 0;
    for (int64_t low = 0, high = days - 1; low <= high;) {
        const int64_t middle = (low + high) / 2;
        if (calendar[middle] > u) {
            day = middle;
            high = middle - 1;
        } else {
            low = middle + 1;
        }
    }
    while (hour < 23 && weight >= hour_weight[hour])
        weight -= hour_weight[hour++];
    return shop->plan.start_ms + day * SOUK_MS_PER_DAY + hour * 3600000 +
           souk_shop_pick(shop, visitor, SOUK_DRAW_SESSION, 4 * session + 2, 3600000);
}

static int64_t draw_item(const struct souk_shop *shop, int64_t visitor, int64_t event,
                         int32_t category, int64_t time_ms)
{
    int64_t item = -1;
    for (int64_t k = 0; k < BIRTH_TRIES; k++) {
        const double u = souk_shop_uniform(shop, visitor, SOUK_DRAW_ITEM, event * BIRTH_TRIES + k);
        const int64_t drawn = souk_shop_draw(shop, category, u);
        item = drawn >= 0 ? drawn : souk_shop_draw(shop, -1, u);
        if (shop->birth_ms[item] <= time_ms)
            break;
    }
    return item;
}

/* The category of a session: one of three tastes by 5 : 3 : 2 in eight of ten, else anything. */
static int32_t draw_category(const struct souk_shop *shop, int64_t visitor, int64_t session)
{
    static const int taste_of[10] = {0, 0, 0, 0, 1, 1, 1, 2, -1, -1};
    const int taste =
        taste_of[souk_shop_pick(shop, visitor, SOUK_DRAW_SESSION, 4 * session + 3, 10)];
    if (taste < 0)
        return -1;
    return shop->category[souk_shop_draw(shop, -1,
                                         souk_shop_uniform(shop, visitor, SOUK_DRAW_TASTE, taste))];
}

static int by_time(const void *a, const void *b)
{
    const struct souk_shop_event *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    if (x->visitor != y->visitor)
        return x->visitor < y->visitor ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

/* Moments of a visitor's events, in order: sessions, then minutes within them. */
static void draw_visits(const struct souk_shop *shop, const double *calendar, int64_t visitor,
                        struct souk_shop_event *events, int64_t count)
{
    int64_t session = 0;
    for (int64_t at = 0; at < count; session++) {
        const int64_t length =
            1 + souk_shop_pick(shop, visitor, SOUK_DRAW_ACTIVITY, 1 + session, SESSION_MAX);
        const int32_t category = draw_category(shop, visitor, session);
        int64_t time_ms = draw_moment(shop, calendar, visitor, session);
        for (int64_t k = 0; k < length && at < count; k++, at++) {
            events[at] = (struct souk_shop_event){.time_ms = time_ms, .visitor = (int32_t)visitor};
            events[at].item = (int32_t)draw_item(shop, visitor, at, category, time_ms);
            time_ms += 15000 + souk_shop_pick(shop, visitor, SOUK_DRAW_ACTIVITY, -1 - at, 240000);
        }
    }
    qsort(events, (size_t)count, sizeof *events, by_time);
    for (int64_t i = 1; i < count; i++) /* no two at once: sessions that met are moved apart */
        if (events[i].time_ms <= events[i - 1].time_ms)
            events[i].time_ms = events[i - 1].time_ms + 1000;
}

/* Chains are drawn from groups of up to GROUP consecutive events of a visitor (with 3 or more of
 * them) by Knuth's algorithm S: exactly as many as the plan says. */
struct chains {
    int64_t groups, longs, shorts; /* left */
};

static int64_t groups_of(int64_t count)
{
    return count / GROUP + (count % GROUP >= 3);
}

static void make_chain(struct souk_shop_event *first, bool with_transaction)
{
    first[1].item = first[0].item;
    first[1].kind = SOUK_EVENT_CART;
    if (with_transaction) {
        first[2].item = first[0].item;
        first[2].kind = SOUK_EVENT_TRANSACTION;
    }
}

static void draw_chains(const struct souk_shop *shop, int64_t visitor,
                        struct souk_shop_event *events, int64_t count, struct chains *c)
{
    for (int64_t g = 0; g < groups_of(count); g++, c->groups--) {
        const int64_t ticket = souk_shop_pick(shop, visitor, SOUK_DRAW_CHAIN, g, c->groups);
        if (ticket < c->longs) {
            make_chain(events + g * GROUP, true);
            c->longs--;
        } else if (ticket < c->longs + c->shorts) {
            make_chain(events + g * GROUP, false);
            c->shorts--;
        }
    }
}

/* Every item occurs: those that nobody drew replace the item of a view of an item that was drawn
 * more than once, spread over all events. */
static souk_status place_missing(struct souk_shop *shop, struct souk_shop_event *events,
                                 struct souk_error *err)
{
    const struct souk_shop_plan *p = &shop->plan;
    int64_t at = 0, missing = 0;
    int32_t *times = souk_zalloc_array((size_t)p->items, sizeof *times);
    if (!times)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld items", (long long)p->items);
    for (int64_t e = 0; e < p->events; e++)
        times[events[e].item]++;
    for (int64_t i = 0; i < p->items; i++)
        missing += times[i] == 0;
    const int64_t step = missing > 0 && p->events / missing > 2 ? p->events / missing / 2 : 1;
    for (int64_t i = 0; i < p->items; i++) {
        if (times[i] > 0)
            continue;
        for (int64_t tries = 0;; at = (at + (tries++ ? 1 : step)) % p->events) {
            const bool chained = events[at].kind != SOUK_EVENT_VIEW ||
                                 (at + 1 < p->events && events[at + 1].kind == SOUK_EVENT_CART);
            if (!chained && times[events[at].item] > 1)
                break;
            if (tries > p->events) {
                free(times);
                return souk_fail(err, SOUK_EUSAGE,
                                 "too few events to show every item: raise --events");
            }
        }
        times[events[at].item]--;
        times[i]++;
        events[at].item = (int32_t)i;
        if (shop->birth_ms[i] > events[at].time_ms)
            shop->birth_ms[i] = events[at].time_ms;
    }
    free(times);
    return SOUK_OK;
}

static souk_status draw_all(struct souk_shop *shop, const int64_t *counts, const double *calendar,
                            struct souk_shop_event *events, struct souk_error *err)
{
    const struct souk_shop_plan *p = &shop->plan;
    struct chains c = {.longs = p->transactions, .shorts = p->carts - p->transactions};
    int64_t at = 0;
    for (int64_t v = 0; v < p->visitors; v++)
        c.groups += groups_of(counts[v]);
    if (c.groups < p->carts)
        return souk_fail(err, SOUK_EUSAGE,
                         "%lld carts need more visits: raise --events or lower --carts",
                         (long long)p->carts);
    for (int64_t v = 0; v < p->visitors; at += counts[v++]) {
        draw_visits(shop, calendar, v, events + at, counts[v]);
        draw_chains(shop, v, events + at, counts[v], &c);
    }
    return place_missing(shop, events, err);
}

souk_status souk_behaviour_make(struct souk_shop *shop, struct souk_shop_event **out,
                                struct souk_error *err)
{
    const struct souk_shop_plan *p = &shop->plan;
    struct souk_shop_event *events = souk_alloc_array((size_t)p->events, sizeof *events);
    int64_t *counts = souk_alloc_array((size_t)p->visitors, sizeof *counts);
    double *calendar = make_calendar(shop);
    souk_status status;

    *out = NULL;
    if (!events || !counts || !calendar || p->visitors > INT32_MAX) {
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %lld events", (long long)p->events);
    } else {
        count_events(shop, counts);
        status = draw_all(shop, counts, calendar, events, err);
    }
    free(counts);
    free(calendar);
    if (status) {
        free(events);
        return status;
    }
    qsort(events, (size_t)p->events, sizeof *events, by_time);
    *out = events;
    return SOUK_OK;
}
