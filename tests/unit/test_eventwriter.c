#include "serve/events/eventwriter.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCHES = 500, EVENTS = 3 };

struct sent {
    struct souk_event_batch batch; /* first */
    struct souk_event_record events[EVENTS];
    enum souk_event_fate fates[EVENTS];
    char ids[EVENTS][16];
    atomic_int ends;
};

static char path[64], url[80];
static struct souk_event_writer *writer;
static struct sent sent[BATCHES];
static atomic_int ended, stored, duplicates;

static void note_stored(void *context, const struct souk_event_record *event,
                        enum souk_event_fate fate)
{
    cr_assert_eq(context, &writer);
    cr_assert(event->stored_ms > 0);
    atomic_fetch_add(fate == SOUK_EVENT_STORED ? &stored : &duplicates, 1);
}

static void note_end(struct souk_event_batch *batch)
{
    struct sent *s = (struct sent *)batch;
    if (batch->status == SOUK_OK)
        cr_assert_str_eq(batch->reason, "");
    atomic_fetch_add(&s->ends, 1);
    atomic_fetch_add(&ended, 1);
}

static void start(void)
{
    snprintf(path, sizeof path, "/tmp/souk-test-writer-%d.db", (int)getpid());
    snprintf(url, sizeof url, "sqlite:%s", path);
    memset(sent, 0, sizeof sent);
}

static void stop(void)
{
    souk_event_writer_stop(writer);
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", ".lock", NULL}; *end;
         end++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, *end);
        unlink(name);
    }
}

TestSuite(eventwriter, .init = start, .fini = stop, .timeout = 30);

static souk_status begin(const char *at, int queue_max)
{
    struct souk_error err = {0};
    return souk_event_writer_start(at, queue_max, note_stored, &writer, NULL, &writer, &err);
}

/* Events e<number> and on. */
static void put(int k, int number)
{
    struct sent *s = &sent[k];
    for (int i = 0; i < EVENTS; i++) {
        snprintf(s->ids[i], sizeof s->ids[i], "e%d", number + i);
        s->events[i] = (struct souk_event_record){.user = "u",
                                                  .item = "i",
                                                  .type = "view",
                                                  .event_id = s->ids[i],
                                                  .request_id = "",
                                                  .model = "",
                                                  .arm = "",
                                                  .ms = 1};
    }
    s->batch = (struct souk_event_batch){
        .events = s->events, .fates = s->fates, .count = EVENTS, .done = note_end};
    souk_event_writer_put(writer, &s->batch);
}

static void wait_for(int count)
{
    while (atomic_load(&ended) < count)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

Test(eventwriter, ends_each_batch_once_with_a_fate_for_each_event)
{
    cr_assert_eq(begin(url, BATCHES * EVENTS), SOUK_OK);
    for (int k = 0; k < BATCHES; k++)
        put(k, k * (EVENTS - 1)); /* the last of each is the first of the next */
    wait_for(BATCHES);
    for (int k = 0; k < BATCHES; k++) {
        cr_assert_eq(atomic_load(&sent[k].ends), 1);
        cr_assert_eq(sent[k].batch.status, SOUK_OK);
        for (int i = 0; i < EVENTS; i++)
            cr_assert_eq(sent[k].fates[i],
                         i == 0 && k > 0 ? SOUK_EVENT_DUPLICATE : SOUK_EVENT_STORED);
    }
    cr_assert_eq(atomic_load(&stored), BATCHES * (EVENTS - 1) + 1);
    cr_assert_eq(atomic_load(&duplicates), BATCHES - 1);
}

Test(eventwriter, refuses_more_than_may_wait)
{
    int refused = 0;
    cr_assert_eq(begin(url, EVENTS), SOUK_OK);
    for (int k = 0; k < BATCHES; k++)
        put(k, k * EVENTS);
    wait_for(BATCHES);
    for (int k = 0; k < BATCHES; k++) {
        cr_assert(sent[k].batch.status == SOUK_OK || sent[k].batch.status == SOUK_ELIMIT);
        refused += sent[k].batch.status == SOUK_ELIMIT;
    }
    cr_assert(refused > 0);
    cr_assert_eq(atomic_load(&stored), (BATCHES - refused) * EVENTS);
}

Test(eventwriter, waits_for_a_server_that_is_away)
{
    cr_assert_eq(begin("postgresql:///x?host=/nowhere", BATCHES * EVENTS), SOUK_OK);
    for (int k = 0; k < 5; k++)
        put(k, k * EVENTS);
    wait_for(5);
    for (int k = 0; k < 5; k++)
        cr_assert_eq(sent[k].batch.status, SOUK_EUNAVAILABLE);
}

Test(eventwriter, is_the_only_one_of_a_file)
{
    struct souk_event_writer *other = NULL;
    struct souk_error err = {0};
    cr_assert_eq(begin(url, EVENTS), SOUK_OK);
    cr_assert_eq(souk_event_writer_start(url, EVENTS, note_stored, &writer, NULL, &other, &err),
                 SOUK_EEXIST);
    cr_assert_null(other);
}

Test(eventwriter, stores_what_is_queued_before_it_stops)
{
    cr_assert_eq(begin(url, BATCHES * EVENTS), SOUK_OK);
    for (int k = 0; k < BATCHES; k++)
        put(k, k * EVENTS);
    souk_event_writer_stop(writer);
    writer = NULL;
    cr_assert_eq(atomic_load(&ended), BATCHES);
    cr_assert_eq(atomic_load(&stored), BATCHES * EVENTS);
}
