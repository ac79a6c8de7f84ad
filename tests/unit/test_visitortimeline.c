#include "serve/events/visitortimeline.h"

#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* Against a plain array that is sorted by insertion. */
enum { EVENTS = 1500 };

struct plain {
    char item[16], type[16];
    int64_t ms;
    double value;
};

static struct plain plain[EVENTS];
static int plain_count;

static void insert(const struct plain *p)
{
    int at = plain_count++;
    while (at > 0 && plain[at - 1].ms > p->ms) {
        plain[at] = plain[at - 1];
        at--;
    }
    plain[at] = *p;
}

static struct plain make(int k)
{
    struct plain p = {.ms = (int64_t)(souk_random_bits(7, (uint64_t)k, 0) % 1000), .value = k};
    snprintf(p.item, sizeof p.item, "i%d", k);
    snprintf(p.type, sizeof p.type, k % 3 ? "view" : "");
    return p;
}

static void check(const struct souk_visitor_timeline *t, int64_t since_ms)
{
    struct souk_recent_list list = {.memory = NULL};
    int first = plain_count > SOUK_RECENT_EVENTS_MAX ? plain_count - SOUK_RECENT_EVENTS_MAX : 0;
    while (first < plain_count && plain[first].ms < since_ms)
        first++;
    cr_assert(souk_visitor_timeline_copy(t, since_ms, &list));
    cr_assert_eq(list.count, plain_count - first);
    for (int i = 0; i < list.count; i++) {
        cr_assert_str_eq(list.events[i].item, plain[first + i].item);
        cr_assert_str_eq(list.events[i].type, plain[first + i].type);
        cr_assert_eq(list.events[i].ms, plain[first + i].ms);
        cr_assert_eq(list.events[i].value, plain[first + i].value);
    }
    souk_recent_list_fini(&list);
}

Test(visitortimeline, keeps_the_latest_events_in_order_of_time)
{
    struct souk_visitor_timeline *t = souk_visitor_timeline_of(NULL, 0);
    cr_assert(t);
    check(t, 0);
    for (int k = 0; k < EVENTS; k++) {
        const struct plain p = make(k);
        const struct souk_event_record event = {
            .item = p.item, .type = p.type, .ms = p.ms, .value = p.value};
        struct souk_visitor_timeline *next = souk_visitor_timeline_with(t, &event);
        cr_assert(next);
        souk_visitor_timeline_free(t);
        t = next;
        if (plain_count == SOUK_RECENT_EVENTS_MAX) { /* what lies before all of them is gone */
            if (p.ms < plain[0].ms)
                continue;
            memmove(plain, plain + 1, (SOUK_RECENT_EVENTS_MAX - 1) * sizeof *plain);
            plain_count--;
        }
        insert(&p);
        if (k % 100 == 7) {
            check(t, 0);
            check(t, 500);
            check(t, 1000);
        }
    }
    check(t, 0);
    souk_visitor_timeline_free(t);
}

Test(visitortimeline, sorts_what_it_is_made_of)
{
    struct souk_recent_event events[EVENTS];
    for (int k = 0; k < EVENTS; k++) {
        const struct plain p = make(k);
        insert(&p);
    }
    static struct plain unsorted[EVENTS];
    for (int k = 0; k < EVENTS; k++) {
        unsorted[k] = make(k);
        events[k] = (struct souk_recent_event){.item = unsorted[k].item,
                                               .type = unsorted[k].type,
                                               .ms = unsorted[k].ms,
                                               .value = unsorted[k].value};
    }
    struct souk_visitor_timeline *t = souk_visitor_timeline_of(events, EVENTS);
    cr_assert(t);
    check(t, 0);
    check(t, 900);
    souk_visitor_timeline_free(t);
}
