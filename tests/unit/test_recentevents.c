#include "serve/events/recentevents.h"

#include "shared/base/clock.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A store in a file, a writer beside the cache, and visitors a, b, c ... */
static char path[64], url[80];
static struct souk_event_store *store;
static struct souk_recent_events *recent;
static struct souk_recent_list list;
static atomic_int changes, changes_of_all;
static int event_number;

static void note_change(void *context, const char *user)
{
    cr_assert_eq(context, &store);
    atomic_fetch_add(user ? &changes : &changes_of_all, 1);
}

static void begin(int64_t bytes)
{
    struct souk_error err = {0};
    cr_assert_eq(souk_recent_events_start(url, bytes, note_change, &store, NULL, &recent, &err),
                 SOUK_OK, "%s", err.msg);
    while (atomic_load(&changes_of_all) == 0) /* the watch has begun */
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void start(void)
{
    struct souk_error err = {0};
    snprintf(path, sizeof path, "/tmp/souk-test-recent-%d.db", (int)getpid());
    snprintf(url, sizeof url, "sqlite:%s", path);
    cr_assert_eq(souk_event_store_open(url, SOUK_EVENTS_WRITE, &store, &err), SOUK_OK, "%s",
                 err.msg);
}

static void stop(void)
{
    souk_recent_events_stop(recent);
    souk_event_store_close(store);
    souk_recent_list_fini(&list);
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", ".lock", NULL}; *end;
         end++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, *end);
        unlink(name);
    }
}

TestSuite(recentevents, .init = start, .fini = stop, .timeout = 30);

static struct souk_event_record append(const char *user, const char *item, int64_t ms)
{
    static char id[16];
    struct souk_error err = {0};
    enum souk_event_fate fate;
    snprintf(id, sizeof id, "e%d", event_number++);
    const struct souk_event_record event = {.user = user,
                                            .item = item,
                                            .type = "view",
                                            .event_id = id,
                                            .request_id = "",
                                            .model = "",
                                            .arm = "",
                                            .ms = ms,
                                            .stored_ms = ms};
    cr_assert_eq(souk_event_store_append(store, &event, 1, &fate, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(fate, SOUK_EVENT_STORED);
    return event;
}

/* The items of a visitor's recent events, "i1 i2". */
static const char *items_of(const char *user, int64_t since_ms)
{
    static char text[256];
    text[0] = '\0';
    cr_assert_eq(souk_recent_events_get(recent, user, strlen(user), since_ms, &list), SOUK_OK);
    for (int i = 0; i < list.count; i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, list.events[i].item);
    }
    return text;
}

Test(recentevents, are_read_once_and_added_to)
{
    append("a", "i2", 20);
    append("a", "i1", 10);
    begin(1 << 20);
    cr_assert_str_eq(items_of("a", 0), "i1 i2");
    cr_assert_str_eq(items_of("a", 15), "i2");
    cr_assert_str_eq(items_of("b", 0), "");
    const struct souk_event_record event = append("b", "i3", 5);
    souk_recent_events_add(recent, &event);
    cr_assert_str_eq(items_of("b", 0), "i3", "that b had none is known no more");
}

Test(recentevents, are_read_again_where_more_is_asked_for)
{
    append("a", "i1", 10);
    append("a", "i2", 20);
    begin(1 << 20);
    cr_assert_str_eq(items_of("a", 15), "i2");
    cr_assert_str_eq(items_of("a", 0), "i1 i2");
}

Test(recentevents, of_a_visitor_who_is_not_in_memory_come_from_the_store)
{
    begin(1 << 20);
    const struct souk_event_record event = append("a", "i1", 10);
    souk_recent_events_add(recent, &event);
    cr_assert_str_eq(items_of("a", 0), "i1");
}

Test(recentevents, of_many_visitors_stay_within_their_memory)
{
    char user[16];
    begin(256 * 600); /* a visitor or two in each shard */
    for (int round = 0; round < 2; round++)
        for (int k = 0; k < 2000; k++) {
            snprintf(user, sizeof user, "u%d", k);
            cr_assert_str_eq(items_of(user, 0), "");
        }
    append("u7", "i1", 10);
    snprintf(user, sizeof user, "u7");
    souk_recent_events_forget(recent, user);
    cr_assert_str_eq(items_of("u7", 0), "i1");
}

/* Another connection stands for another process. */
Test(recentevents, that_another_process_erases_are_gone_within_a_second)
{
    struct souk_event_store *other = NULL;
    struct souk_error err = {0};
    int64_t deleted = 0;
    append("a", "i1", 10);
    begin(1 << 20);
    cr_assert_str_eq(items_of("a", 0), "i1");
    cr_assert_eq(souk_event_store_open(url, SOUK_EVENTS_WRITE, &other, &err), SOUK_OK, "%s",
                 err.msg);
    cr_assert_eq(souk_event_store_erase(other, "a", 50, &deleted, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(deleted, 1);
    const int64_t start_us = souk_monotonic_us();
    while (items_of("a", 0)[0] && souk_monotonic_us() - start_us < 1000000)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    cr_assert_str_eq(items_of("a", 0), "");
    cr_assert_eq(list.erased_ms, 50);
    souk_event_store_close(other);
}

Test(recentevents, of_a_store_that_is_away_are_said_to_be)
{
    struct souk_error err = {0};
    cr_assert_eq(souk_recent_events_start("postgresql:///x?host=/nowhere", 1 << 20, note_change,
                                          &store, NULL, &recent, &err),
                 SOUK_OK, "%s", err.msg);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(souk_recent_events_get(recent, "a", 1, 0, &list), SOUK_EUNAVAILABLE);
    cr_assert_eq(list.count, 0);
}
