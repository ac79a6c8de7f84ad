/* bench_eventstore FOLDER [POSTGRES-URL]: events a second that one connection stores durably, by
 * the size of its groups; beside it the time of the disk's fsync in that folder. The URL is of an
 * empty database, to be thrown away afterwards (bench_eventstore.sh makes one). The residual is the
 * difference of what was acknowledged and what is there. */
#include "shared/base/clock.h"
#include "shared/events/eventstore.h"
#include "souk_version.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GROUP_MAX = 256, REPETITIONS = 10, WARM_US = 200000, SLICE_US = 300000, SYNCS = 200 };

struct bench {
    struct souk_event_store *store;
    int64_t made; /* events so far: numbers of the next */
};

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Ids as the proxy makes them: 32 hex digits without order, the worst case for an index. */
static void make_group(struct bench *b, struct souk_event_record *group, int size)
{
    static char ids[GROUP_MAX][33], users[GROUP_MAX][16], items[GROUP_MAX][16];
    for (int i = 0; i < size; i++) {
        const uint64_t n = (uint64_t)b->made++;
        const uint64_t mixed = n * 0x9e3779b97f4a7c15U;
        snprintf(ids[i], sizeof ids[i], "%016" PRIx64 "%016" PRIx64, mixed, n);
        snprintf(users[i], sizeof users[i], "%" PRIu64, mixed >> 47); /* 131072 users */
        snprintf(items[i], sizeof items[i], "%" PRIu64, n % 50000);
        group[i] = (struct souk_event_record){.user = users[i],
                                              .item = items[i],
                                              .type = "view",
                                              .event_id = ids[i],
                                              .request_id = ids[i],
                                              .model = "8899aabbccddeeff",
                                              .arm = "",
                                              .ms = 1764158400000 + (int64_t)n};
    }
}

/* @return events a second, -1: failed */
static double run(struct bench *b, int size, int64_t for_us)
{
    static struct souk_event_record group[GROUP_MAX];
    static enum souk_event_fate fates[GROUP_MAX];
    struct souk_error err = {0};
    const int64_t start_us = souk_monotonic_us(), before = b->made;
    int64_t took_us;
    do {
        make_group(b, group, size);
        if (souk_event_store_append(b->store, group, size, fates, &err) != SOUK_OK) {
            fprintf(stderr, "bench_eventstore: %s\n", err.msg);
            return -1;
        }
        took_us = souk_monotonic_us() - start_us;
    } while (took_us < for_us);
    return (double)(b->made - before) * 1e6 / (double)took_us;
}

/* A write of 4 KiB behind the others and a sync, as a small commit is. @param us [3]: minimum,
 * median, 95th percentile */
static bool time_syncs(const char *folder, double us[3])
{
    static char block[4096];
    double took[SYNCS];
    char path[4096];
    snprintf(path, sizeof path, "%s/fsync", folder);
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    bool fine = file >= 0;
    for (int i = 0; i < SYNCS && fine; i++) {
        const int64_t start_us = souk_monotonic_us();
        fine = write(file, block, sizeof block) == sizeof block && fdatasync(file) == 0;
        took[i] = (double)(souk_monotonic_us() - start_us);
    }
    if (file >= 0)
        fine = close(file) == 0 && unlink(path) == 0 && fine;
    if (!fine)
        return false;
    qsort(took, SYNCS, sizeof *took, ascending);
    us[0] = took[0], us[1] = took[SYNCS / 2], us[2] = took[SYNCS * 95 / 100];
    return true;
}

static bool measure(struct bench *b, const char *name, int size, const double sync_us[3])
{
    double rates[REPETITIONS];
    struct souk_event_counts counts = {0};
    struct souk_error err = {0};
    if (run(b, size, WARM_US) < 0)
        return false;
    for (int r = 0; r < REPETITIONS; r++)
        if ((rates[r] = run(b, size, SLICE_US)) < 0)
            return false;
    if (souk_event_store_count(b->store, &counts, &err) != SOUK_OK) {
        fprintf(stderr, "bench_eventstore: %s\n", err.msg);
        return false;
    }
    qsort(rates, REPETITIONS, sizeof *rates, ascending);
    printf("{\"bench\": \"eventstore\", \"commit\": \"%s\", \"store\": \"%s\", \"group\": %d, "
           "\"repetitions\": %d, \"events_per_s_min\": %.0f, \"events_per_s_median\": %.0f, "
           "\"events_per_s_max\": %.0f, \"fsync_us_min\": %.0f, \"fsync_us_median\": %.0f, "
           "\"fsync_us_p95\": %.0f, \"events\": %" PRId64 ", \"bytes_per_event\": %.0f, "
           "\"lost\": %" PRId64 "}\n",
           SOUK_GIT_HASH, name, size, REPETITIONS, rates[0], rates[REPETITIONS / 2],
           rates[REPETITIONS - 1], sync_us[0], sync_us[1], sync_us[2], counts.events,
           (double)counts.bytes / (double)counts.events, b->made - counts.events);
    fflush(stdout);
    return counts.events == b->made;
}

static bool bench_store(const char *name, const char *url, const double sync_us[3])
{
    static const int sizes[] = {1, 16, 64, 256};
    struct bench b = {.store = NULL};
    struct souk_error err = {0};
    bool fine = true;
    if (souk_event_store_open(url, SOUK_EVENTS_WRITE, &b.store, &err) != SOUK_OK) {
        fprintf(stderr, "bench_eventstore: %s\n", err.msg);
        return false;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && fine; i++)
        fine = measure(&b, name, sizes[i], sync_us);
    souk_event_store_close(b.store);
    return fine;
}

int main(int argc, char **argv)
{
    double sync_us[3];
    char url[4096];
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: bench_eventstore FOLDER [POSTGRES-URL]\n");
        return 2;
    }
    if (!time_syncs(argv[1], sync_us)) {
        fprintf(stderr, "bench_eventstore: %s: cannot write and sync there\n", argv[1]);
        return 1;
    }
    snprintf(url, sizeof url, "sqlite:%s/bench_events.db", argv[1]);
    bool fine = bench_store("sqlite", url, sync_us);
    if (fine && argc > 2)
        fine = bench_store("postgresql", argv[2], sync_us);
    return fine ? 0 : 1;
}
