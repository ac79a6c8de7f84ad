/* append_events URL PREFIX STOP: append groups of events with the ids PREFIX-0, PREFIX-1, ... to a
 * store until the file STOP is there. A group that is not acknowledged is sent again, with the same
 * ids, until it is. Prints how many events were acknowledged, groups sent again, and duplicates. */
#include "shared/events/eventstore.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { GROUP = 16, PAUSE_NS = 20000000, TRIES_MAX = 3000 };

static char ids[GROUP][64], users[GROUP][32];
static struct souk_event_record group[GROUP];
static int64_t again, duplicates;

static void make_group(const char *prefix, int64_t first)
{
    for (int i = 0; i < GROUP; i++) {
        snprintf(ids[i], sizeof ids[i], "%s-%" PRId64, prefix, first + i);
        snprintf(users[i], sizeof users[i], "user %" PRId64, (first + i) % 100);
        group[i] = (struct souk_event_record){.user = users[i],
                                              .item = "item",
                                              .type = "view",
                                              .event_id = ids[i],
                                              .request_id = "",
                                              .model = "",
                                              .arm = "",
                                              .ms = first + i};
    }
}

/* @return false: it never was acknowledged */
static bool store_group(struct souk_event_store *store)
{
    struct souk_error err = {0};
    enum souk_event_fate fates[GROUP];
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        const souk_status status = souk_event_store_append(store, group, GROUP, fates, &err);
        for (int i = 0; i < GROUP && !status; i++)
            duplicates += fates[i] == SOUK_EVENT_DUPLICATE;
        if (!status)
            return true;
        if (status != SOUK_EUNAVAILABLE)
            break;
        again++;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
    fprintf(stderr, "append_events: %s\n", err.msg);
    return false;
}

int main(int argc, char **argv)
{
    struct souk_event_store *store = NULL;
    struct souk_error err = {0};
    int64_t done = 0;
    bool fine = true;
    if (argc != 4)
        return 2;
    if (souk_event_store_open(argv[1], SOUK_EVENTS_WRITE, &store, &err) != SOUK_OK) {
        fprintf(stderr, "append_events: %s\n", err.msg);
        return 1;
    }
    while (fine && access(argv[3], F_OK) != 0) {
        make_group(argv[2], done);
        fine = store_group(store);
        done += fine ? GROUP : 0;
    }
    souk_event_store_close(store);
    printf("%" PRId64 " %" PRId64 " %" PRId64 "\n", done, again, duplicates);
    return fine ? 0 : 1;
}
